import { askServer, type ControlRequest } from '../../dirtylog/daemon/control.ts';
import type { MirrorStatus, ServerStatus } from '../../dirtylog/daemon/messages.ts';
import { controlPath } from '../../dirtylog/daemon/serve.ts';
import type { ResyncSettings } from '../../dirtylog/resync.ts';
import { UsageError } from '../../mapper/errors.ts';

/** What the running server says of itself. */
export interface FullStatus extends ServerStatus {
  readonly mirrors: readonly (MirrorStatus & { readonly devices: readonly string[] })[];
  readonly resync: ResyncSettings;
}

/** The first line of the server's answer. @throws UsageError when there is none */
export async function askOnce(stateFolder: string, request: ControlRequest): Promise<unknown> {
  for await (const value of askServer(controlPath(stateFolder), request)) return value;
  throw new UsageError('dmlogd ended before it answered');
}

/** The server's status. */
export async function askStatus(stateFolder: string): Promise<FullStatus> {
  // Both sides are of one package; another version's answer lacks words, never means others.
  return (await askOnce(stateFolder, { command: 'status' })) as FullStatus;
}

/** Lines of an answer without end, until the process is told to end. */
export async function* askOn(stateFolder: string, request: ControlRequest): AsyncGenerator<unknown> {
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    yield* askServer(controlPath(stateFolder), request, stop.signal);
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}
