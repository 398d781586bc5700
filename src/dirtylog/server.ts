/**
 * The dirty-log server without its socket: datagrams in, replies and other effects out through the ports. What it
 * promises the kernel, and why, is in docs/dirtylog.md.
 */
import { DM_ULOG } from '../kernel/dm-log-userspace.ts';
import { ERRNO } from '../kernel/errno.ts';
import { Lifecycle } from './lifecycle.ts';
import type { LogRecord, ServerPorts } from './ports.ts';
import { Datagram } from './protocol/datagram.ts';
import { answerRegions, answerWaiting, NOT_YET, type WaitPoints } from './region-requests.ts';
import type { ServedLog, SharedLog } from './shared-log.ts';
import { statusInfo, statusTable } from './status-text.ts';

/** Serves the logs of all mirrors of a machine. */
export class LogServer {
  /** Where the next datagram is received into. */
  readonly incoming: Datagram = new Datagram();
  readonly #ports: ServerPorts;
  readonly #life: Lifecycle;
  readonly #wait: WaitPoints = { medium: 0, survivor: 0 };

  constructor(ports: ServerPorts) {
    this.#ports = ports;
    this.#life = new Lifecycle(ports, {
      retry: (served) => this.#retry(served),
      changed: (shared) => this.#answerWaiting(shared),
    });
  }

  /**
   * Takes the datagram of `length` bytes in `incoming`. Foreign ones are passed over.
   *
   * @returns whether that is all: no promise was begun that goes on by itself
   */
  receive(length: number): boolean {
    switch (this.incoming.decode(length)) {
      case 'request':
        return this.#handle(this.incoming, 0);
      case 'unknownType':
        // A newer kernel's: an acknowledgement with an error keeps it from asking again for ever.
        this.#ports.event({ type: 'malformed', reason: `request type ${this.incoming.type} is not known` });
        this.#ports.send(this.incoming.bytes, this.incoming.acknowledge(ERRNO.EOPNOTSUPP));
        return true;
      case 'malformed':
        this.#ports.event({ type: 'malformed', reason: this.incoming.fault });
        return true;
      case 'foreign':
        return true;
    }
  }

  /** To be called about once a second. */
  tick(): void {
    for (const shared of this.#life.shared) shared.tick();
  }

  /** The mirrors that are served: their bits, heat and resync policies. */
  get mirrors(): Iterable<SharedLog> {
    return this.#life.shared;
  }

  /** Withholds the answers that let regions become dirty, or gives them: a barrier over any number of mirrors. */
  setHeld(mirror: SharedLog, isHeld: boolean): void {
    mirror.isHeld = isHeld;
    if (!isHeld) this.#life.retryAll(mirror);
  }

  /** What is to be kept of all logs for the server's successor. */
  records(): LogRecord[] {
    return this.#life.records();
  }

  /** Goes on with a log of this server's predecessor: see `Lifecycle.adopt()`, also for what it throws. */
  adopt(record: LogRecord): Promise<void> {
    return this.#life.adopt(record);
  }

  /** Forgets a log that the kernel has no more: its DTR was lost while no server ran. */
  forget(uuid: string, luid: bigint): void {
    this.#life.forget(uuid, luid);
  }

  /**
   * @param resends how often the kernel has sent it again while it was held
   * @returns as `receive()`
   */
  #handle(datagram: Datagram, resends: number): boolean {
    const served = this.#life.logs.find(datagram);
    if (datagram.type === DM_ULOG.CTR) {
      this.#life.construct(datagram, served);
      return false;
    }
    if (served === undefined) {
      this.#answerUnknown(datagram);
      return true;
    }
    const { shared } = served;
    if (datagram.type === DM_ULOG.DTR) {
      this.#life.drop(served);
      this.#life.persist();
      this.#send(datagram, datagram.reply());
      return false;
    }
    if (shared === undefined || served.phase === 'opening') {
      served.deferred.hold(datagram, this.#ports.now());
      return false;
    }
    return this.#serve(datagram, served, shared, resends);
  }

  #serve(datagram: Datagram, served: ServedLog, shared: SharedLog, resends: number): boolean {
    switch (datagram.type) {
      case DM_ULOG.GET_REGION_SIZE:
        this.#send(datagram, datagram.replyNumber(served.arguments.regionSectors));
        return true;
      case DM_ULOG.STATUS_INFO:
        this.#send(datagram, datagram.replyText(statusInfo(served, shared), ''));
        return true;
      case DM_ULOG.STATUS_TABLE:
        this.#send(datagram, datagram.replyText(statusTable(served), ''));
        return true;
      case DM_ULOG.RESUME:
        this.#life.resume(datagram, served, shared);
        return false;
      default:
        break;
    }
    if (served.phase === 'loading' || shared.isLoading) {
      served.deferred.hold(datagram, this.#ports.now());
      return false;
    }
    switch (datagram.type) {
      case DM_ULOG.GET_SYNC_COUNT: {
        const { log } = shared;
        const isSame = log !== undefined && log.regionCount === served.arguments.regionCount;
        this.#send(datagram, datagram.replyNumber(isSame ? log.syncCount : 0));
        return true;
      }
      case DM_ULOG.PRESUSPEND:
        if (served.phase === 'running') served.phase = 'presuspended';
        if (shared.owner === served) shared.recovering = -1;
        this.#send(datagram, datagram.reply());
        return true;
      case DM_ULOG.POSTSUSPEND:
        this.#life.postsuspend(datagram, served, shared);
        return false;
      default:
        return this.#serveRegions(datagram, served, shared, resends);
    }
  }

  #serveRegions(datagram: Datagram, served: ServedLog, shared: SharedLog, resends: number): boolean {
    const { log } = shared;
    if (log === undefined || served.phase === 'constructed') {
      if (log !== undefined && this.#life.claims(served, shared)) {
        served.deferred.hold(datagram, this.#ports.now());
        return false;
      }
      // The thread that constructed it again is about to resume it, or was killed on the way. An answer without the
      // bits would be a wrong one; told that there is no log, the kernel constructs and resumes it once more.
      if (resends > 0) {
        this.#send(datagram, datagram.replyError(ERRNO.ESRCH));
        return false;
      }
      const held = served.deferred.hold(datagram, this.#ports.now());
      if (held.resends > 0) this.#retry(served);
      return false;
    }
    const isMarking = datagram.type === DM_ULOG.MARK_REGION || datagram.type === DM_ULOG.FLUSH;
    if (isMarking && shared.isHeld) {
      served.deferred.hold(datagram, this.#ports.now());
      return false;
    }
    if (datagram.type === DM_ULOG.IN_SYNC && !log.mayTellOutOfSync && !log.isInSync(datagram.region(0))) {
      // The log device may have the region as clean, and cannot be told otherwise yet.
      served.deferred.hold(datagram, this.#ports.now());
      return false;
    }
    const length = answerRegions(datagram, served, shared, log, this.#wait, this.#ports.event);
    if (length !== NOT_YET) {
      this.#send(datagram, length);
      return true;
    }
    const held = shared.waiting.hold(datagram, this.#ports.now());
    held.mediumPoint = Math.max(held.mediumPoint, this.#wait.medium);
    held.survivorPoint = Math.max(held.survivorPoint, this.#wait.survivor);
    // The store calls back.
    return true;
  }

  /**
   * Of a log that nobody has constructed here. -ESRCH has the kernel construct and resume it again and repeat the request.
   * It does not repeat a request of the life cycle: those have no error. Least of all a RESUME, which may be the
   * second half of just that: its error would become the error of the request that waits for it, an IN_SYNC perhaps.
   */
  #answerUnknown(datagram: Datagram): void {
    switch (datagram.type) {
      case DM_ULOG.DTR:
      case DM_ULOG.PRESUSPEND:
      case DM_ULOG.POSTSUSPEND:
      case DM_ULOG.RESUME:
        this.#send(datagram, datagram.reply());
        return;
      default:
        this.#ports.event({ type: 'unknownLog', uuid: datagram.uuid, luid: datagram.luid });
        this.#send(datagram, datagram.replyError(ERRNO.ESRCH));
    }
  }

  #retry(served: ServedLog): void {
    served.deferred.drain(({ datagram, resends }) => this.#handle(datagram, resends));
  }

  #answerWaiting(shared: SharedLog): void {
    const { log } = shared;
    if (log === undefined) return;
    shared.waiting.answer((held) => {
      const length = answerWaiting(held, log);
      if (length === NOT_YET) return false;
      this.#send(held.datagram, length);
      return true;
    });
  }

  #send(datagram: Datagram, length: number): void {
    this.#ports.send(datagram.bytes, length);
  }
}
