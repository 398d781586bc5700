/**
 * The dirty-log server without its socket: datagrams in, replies and other effects out through the ports. What it
 * promises the kernel, and why, is in docs/dirtylog.md.
 */
import { DM_ULOG } from '../kernel/dm-log-userspace.ts';
import { ERRNO } from '../kernel/errno.ts';
import { HeldPool, HeldQueue } from './held.ts';
import { LogTable, luidHalves } from './log-table.ts';
import { parseLogArguments } from './logs/arguments.ts';
import type { LogRecord, ServerPorts } from './ports.ts';
import { Datagram } from './protocol/datagram.ts';
import { answerRegions, answerWaiting, NOT_YET, type WaitPoints } from './region-requests.ts';
import type { ServedLog, SharedLog } from './shared-log.ts';
import { SharedLogs } from './shared-logs.ts';
import { statusInfo, statusTable } from './status-text.ts';

/** Serves the logs of all mirrors of a machine. */
export class LogServer {
  /** Where the next datagram is received into. */
  readonly incoming: Datagram = new Datagram();
  readonly #ports: ServerPorts;
  readonly #pool = new HeldPool();
  readonly #logs = new LogTable();
  readonly #shared: SharedLogs;
  readonly #wait: WaitPoints = { medium: 0, survivor: 0 };

  constructor(ports: ServerPorts) {
    this.#ports = ports;
    this.#shared = new SharedLogs(this.#pool, ports);
  }

  /** Takes the datagram of `length` bytes in `incoming`. Foreign ones are passed over. */
  receive(length: number): void {
    switch (this.incoming.decode(length)) {
      case 'request':
        this.#handle(this.incoming, 0);
        return;
      case 'unknownType':
        // A newer kernel's: an acknowledgement with an error keeps it from asking again for ever.
        this.#ports.event({ type: 'malformed', reason: `request type ${this.incoming.type} is not known` });
        this.#ports.send(this.incoming.bytes, this.incoming.acknowledge(ERRNO.EOPNOTSUPP));
        return;
      case 'malformed':
        this.#ports.event({ type: 'malformed', reason: this.incoming.fault });
        return;
      case 'foreign':
        return;
    }
  }

  /** To be called about once a second. */
  tick(): void {
    for (const shared of this.#shared) shared.tick();
  }

  /** The mirrors that are served: their bits, heat and resync policies. */
  get mirrors(): Iterable<SharedLog> {
    return this.#shared;
  }

  /** Withholds the answers that let regions become dirty, or gives them: a barrier over any number of mirrors. */
  setHeld(mirror: SharedLog, isHeld: boolean): void {
    mirror.isHeld = isHeld;
    if (!isHeld) this.#retryAll(mirror);
  }

  /** What is to be kept of all logs for the server's successor. */
  records(): LogRecord[] {
    const records: LogRecord[] = [];
    for (const { uuid, luid, words, phase, wasResumed } of this.#logs) {
      if (phase === 'opening') continue;
      const isRunning = phase === 'running' || phase === 'presuspended';
      records.push({ uuid, luid: luid.toString(), words, wasResumed, isRunning });
    }
    return records;
  }

  /**
   * Goes on with a log of this server's predecessor, as if it had been served all along. Its requests wait from the
   * call on. Only for a log that the kernel still has: of any other, the device may have been somebody else's since.
   *
   * @throws UsageError when the record's words are none of a log; else what opening the device rejects with
   */
  async adopt(record: LogRecord): Promise<void> {
    const served = this.#makeLog(record, true);
    this.#logs.add(served);
    try {
      await this.#open(served);
    } catch (error) {
      this.#drop(served);
      throw error;
    }
    if (record.isRunning) {
      await this.#load(served);
      return;
    }
    served.phase = record.wasResumed ? 'suspended' : 'constructed';
    this.#retry(served);
  }

  /** Forgets a log that the kernel has no more: its DTR was lost while no server ran. */
  forget(uuid: string, luid: bigint): void {
    const gone = [...this.#logs].filter((served) => served.uuid === uuid && served.luid === luid);
    for (const served of gone) this.#drop(served);
    this.#persist();
  }

  /** @param resends how often the kernel has sent it again while it was held */
  #handle(datagram: Datagram, resends: number): void {
    const served = this.#logs.find(datagram);
    if (datagram.type === DM_ULOG.CTR) {
      this.#construct(datagram, served);
      return;
    }
    if (served === undefined) {
      this.#answerUnknown(datagram);
      return;
    }
    const { shared } = served;
    if (datagram.type === DM_ULOG.DTR) {
      this.#drop(served);
      this.#persist();
      this.#send(datagram, datagram.reply());
    } else if (shared === undefined || served.phase === 'opening') {
      served.deferred.hold(datagram, this.#ports.now());
    } else {
      this.#serve(datagram, served, shared, resends);
    }
  }

  #serve(datagram: Datagram, served: ServedLog, shared: SharedLog, resends: number): void {
    switch (datagram.type) {
      case DM_ULOG.GET_REGION_SIZE:
        this.#send(datagram, datagram.replyNumber(served.arguments.regionSectors));
        return;
      case DM_ULOG.STATUS_INFO:
        this.#send(datagram, datagram.replyText(statusInfo(served, shared), ''));
        return;
      case DM_ULOG.STATUS_TABLE:
        this.#send(datagram, datagram.replyText(statusTable(served), ''));
        return;
      case DM_ULOG.RESUME:
        this.#resume(datagram, served, shared);
        return;
      default:
        break;
    }
    if (served.phase === 'loading' || shared.isLoading) {
      served.deferred.hold(datagram, this.#ports.now());
      return;
    }
    switch (datagram.type) {
      case DM_ULOG.GET_SYNC_COUNT: {
        const { log } = shared;
        const isSame = log !== undefined && log.regionCount === served.arguments.regionCount;
        this.#send(datagram, datagram.replyNumber(isSame ? log.syncCount : 0));
        return;
      }
      case DM_ULOG.PRESUSPEND:
        if (served.phase === 'running') served.phase = 'presuspended';
        if (shared.owner === served) shared.recovering = -1;
        this.#send(datagram, datagram.reply());
        return;
      case DM_ULOG.POSTSUSPEND:
        this.#postsuspend(datagram, served, shared);
        return;
      default:
        this.#serveRegions(datagram, served, shared, resends);
    }
  }

  #serveRegions(datagram: Datagram, served: ServedLog, shared: SharedLog, resends: number): void {
    const { log } = shared;
    if (log === undefined || served.phase === 'constructed') {
      // The thread that constructed it again is about to resume it, or was killed on the way. An answer without the
      // bits would be a wrong one; told that there is no log, the kernel constructs and resumes it once more.
      if (resends > 0) {
        this.#send(datagram, datagram.replyError(ERRNO.ESRCH));
        return;
      }
      const held = served.deferred.hold(datagram, this.#ports.now());
      if (held.resends > 0) this.#retry(served);
      return;
    }
    const isMarking = datagram.type === DM_ULOG.MARK_REGION || datagram.type === DM_ULOG.FLUSH;
    if (isMarking && shared.isHeld) {
      served.deferred.hold(datagram, this.#ports.now());
      return;
    }
    const length = answerRegions(datagram, served, shared, log, this.#wait, this.#ports.event);
    if (length !== NOT_YET) {
      this.#send(datagram, length);
      return;
    }
    const held = shared.waiting.hold(datagram, this.#ports.now());
    held.mediumPoint = Math.max(held.mediumPoint, this.#wait.medium);
    held.survivorPoint = Math.max(held.survivorPoint, this.#wait.survivor);
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

  #construct(datagram: Datagram, existing: ServedLog | undefined): void {
    const words = datagram.text();
    const isReconnecting = datagram.endsWithNul();
    if (existing?.words === words && existing.phase === 'opening') {
      // The kernel asks again because it takes long; begun anew each time, it would never end.
      existing.pending.hold(datagram, this.#ports.now());
      return;
    }
    if (existing?.words === words && isReconnecting) {
      // Another thread of the kernel has brought it back already.
      this.#send(datagram, datagram.reply());
      return;
    }
    let served: ServedLog;
    try {
      served = this.#make(datagram, words, isReconnecting);
    } catch (error) {
      this.#ports.event({ type: 'refused', uuid: datagram.uuid, reason: messageOf(error) });
      this.#send(datagram, datagram.replyError(ERRNO.EINVAL));
      return;
    }
    // The kernel's addresses come again, and a log whose construction failed later in the kernel gets no DTR.
    if (existing !== undefined) this.#drop(existing);
    this.#logs.add(served);
    served.pending.hold(datagram, this.#ports.now());
    void this.#finishConstruct(served);
  }

  async #finishConstruct(served: ServedLog): Promise<void> {
    try {
      await this.#open(served);
    } catch (error) {
      this.#ports.event({ type: 'refused', uuid: served.uuid, reason: messageOf(error) });
      answerPending(served, DM_ULOG.CTR, (datagram) => this.#send(datagram, datagram.replyError(ERRNO.ENODEV)));
      this.#drop(served);
      return;
    }
    served.phase = 'constructed';
    this.#persist();
    const { device } = served.arguments;
    answerPending(served, DM_ULOG.CTR, (datagram) => {
      // The kernel takes the log device's name from the first answer; when it reconnects it has no room for it.
      const isNamed = device !== undefined && !datagram.endsWithNul();
      this.#send(datagram, isNamed ? datagram.replyText(device, '\0') : datagram.reply());
    });
    this.#retry(served);
  }

  #resume(datagram: Datagram, served: ServedLog, shared: SharedLog): void {
    if (served.phase === 'running' || served.phase === 'presuspended') {
      // A thread that reconnects resumes what another has resumed; nothing that was marked since may be lost.
      served.phase = 'running';
      this.#send(datagram, datagram.reply());
      return;
    }
    if (served.isInherited && !served.wasResumed && shared.isOwnedByAnother(served)) {
      // The status of a table that is loaded and not active makes the kernel reconnect it, with a RESUME that is none.
      this.#send(datagram, datagram.reply());
      return;
    }
    served.pending.hold(datagram, this.#ports.now());
    if (served.phase !== 'loading') void this.#load(served);
  }

  /** Reads the bits and answers all RESUMEs. Never an error: the kernel runs the mirror anyway, and must not be misled. */
  async #load(served: ServedLog): Promise<void> {
    const { shared } = served;
    if (shared === undefined) return;
    served.phase = 'loading';
    await shared.load(served);
    served.phase = 'running';
    served.wasResumed = true;
    this.#persist();
    answerPending(served, DM_ULOG.RESUME, (datagram) => this.#send(datagram, datagram.reply()));
    this.#retryAll(shared);
  }

  #postsuspend(datagram: Datagram, served: ServedLog, shared: SharedLog): void {
    served.phase = 'suspended';
    if (shared.owner !== served) {
      this.#send(datagram, datagram.reply());
      return;
    }
    served.pending.hold(datagram, this.#ports.now());
    void this.#finishSuspend(served, shared);
  }

  async #finishSuspend(served: ServedLog, shared: SharedLog): Promise<void> {
    await shared.settle();
    this.#persist();
    answerPending(served, DM_ULOG.POSTSUSPEND, (datagram) => this.#send(datagram, datagram.reply()));
  }

  #retryAll(shared: SharedLog): void {
    for (const served of shared.users) this.#retry(served);
  }

  #retry(served: ServedLog): void {
    served.deferred.drain(({ datagram, resends }) => this.#handle(datagram, resends));
  }

  #make(datagram: Datagram, words: string, isInherited: boolean): ServedLog {
    const { uuid, luid } = datagram;
    return this.#makeLog({ uuid, luid: luid.toString(), words, wasResumed: false, isRunning: false }, isInherited);
  }

  #makeLog({ uuid, luid, words, wasResumed }: LogRecord, isInherited: boolean): ServedLog {
    const { low, high } = luidHalves(BigInt(luid));
    return {
      uuid,
      uuidBytes: Uint8Array.from(uuid, (character) => character.charCodeAt(0)),
      luid: BigInt(luid),
      luidLow: low,
      luidHigh: high,
      words,
      arguments: parseLogArguments(words),
      isInherited,
      phase: 'opening',
      wasResumed,
      shared: undefined,
      deferred: new HeldQueue(this.#pool),
      pending: new HeldQueue(this.#pool),
    };
  }

  /** @throws what joining the shared log throws */
  async #open(served: ServedLog): Promise<void> {
    const shared = await this.#shared.join(served);
    if (!this.#logs.has(served)) {
      this.#shared.leave(served, shared);
      throw new Error('the log was taken away while it was opened');
    }
    shared.onChange = () => this.#answerWaiting(shared);
    served.shared = shared;
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

  #drop(served: ServedLog): void {
    if (!this.#logs.remove(served)) return;
    for (const queue of [served.deferred, served.pending]) {
      queue.drain(({ datagram }) => this.#send(datagram, datagram.replyError(ERRNO.ESRCH)));
    }
    if (served.shared !== undefined) this.#shared.leave(served, served.shared);
  }

  #persist(): void {
    this.#ports.persist(this.records());
  }

  #send(datagram: Datagram, length: number): void {
    this.#ports.send(datagram.bytes, length);
  }
}

/** Answers the waiting requests of one type. */
function answerPending(served: ServedLog, type: number, answer: (datagram: Datagram) => void): void {
  served.pending.answer(({ datagram }) => {
    if (datagram.type !== type) return false;
    answer(datagram);
    return true;
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
