import type { LogEvent } from '../../dirtylog/ports.ts';

/** An event, as one line for people. */
export function eventText(event: LogEvent): string {
  switch (event.type) {
    case 'malformed':
      return `a datagram of the kernel is not understood: ${event.reason}`;
    case 'sendFailed':
      return `an answer did not reach the kernel, which will ask again: ${event.reason}`;
    case 'notAdopted':
      return `${event.uuid}: the log of the server before cannot be gone on with: ${event.reason}`;
    case 'refused':
      return `${event.uuid}: the table is refused: ${event.reason}`;
    case 'unknownLog':
      return `${event.uuid}: a request for a log that is not known; the kernel is told to construct it again`;
    case 'logFailed':
      return `${event.uuid}: the log has failed, the kernel holds writes until the table is loaded anew and resumed: ${event.reason}`;
    case 'logWritable':
      return `${event.uuid}: the log can be written again, and regions that are out of sync can be read and written`;
    case 'logLost':
      return `${event.uuid}: regions are copied again, as the log says nothing of them: ${event.reason}`;
    case 'needsResume':
      return `${event.uuid}: regions are out of sync, and the kernel asks for none until the mirror is suspended and resumed`;
    case 'outOfSync':
      return `${event.uuid}: region ${event.region} is out of sync: a leg has failed`;
    case 'resyncDone':
      return `${event.uuid}: all regions are in sync`;
    case 'legSyncFailed':
      return `${event.uuid}: the legs' caches cannot be flushed, cleared regions stay dirty: ${event.reason}`;
    case 'policyFailed':
      return `${event.uuid}: the policy fails, regions are copied in order until "dmlogd resync" sets something: ${event.reason}`;
  }
}
