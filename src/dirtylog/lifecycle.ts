/** How logs come and go: constructed, resumed, suspended, destroyed, and handed from one server to the next. */
import { DM_ULOG } from '../kernel/dm-log-userspace.ts';
import { ERRNO } from '../kernel/errno.ts';
import { HeldPool, HeldQueue } from './held.ts';
import { LogTable, luidHalves } from './log-table.ts';
import { parseLogArguments } from './logs/arguments.ts';
import type { LogRecord, ServerPorts } from './ports.ts';
import type { Datagram } from './protocol/datagram.ts';
import type { ServedLog, SharedLog } from './shared-log.ts';
import { SharedLogs } from './shared-logs.ts';

/** What it needs of the server. */
export interface LifecycleOwner {
  /** Tries a log's deferred requests again. */
  retry(served: ServedLog): void;
  /** What requests wait for may have come. */
  changed(shared: SharedLog): void;
}

/** The logs of a server, and the requests that make, start, stop and end them. */
export class Lifecycle {
  readonly logs = new LogTable();
  readonly shared: SharedLogs;
  readonly #ports: ServerPorts;
  readonly #owner: LifecycleOwner;
  readonly #pool = new HeldPool();

  constructor(ports: ServerPorts, owner: LifecycleOwner) {
    this.#ports = ports;
    this.#owner = owner;
    this.shared = new SharedLogs(this.#pool, ports);
  }

  /** What is to be kept of all logs for the server's successor. */
  records(): LogRecord[] {
    const records: LogRecord[] = [];
    for (const { uuid, luid, words, phase, wasResumed } of this.logs) {
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
    this.logs.add(served);
    try {
      await this.#open(served);
    } catch (error) {
      this.drop(served);
      throw error;
    }
    if (record.isRunning) {
      await this.#load(served);
      return;
    }
    served.phase = record.wasResumed ? 'suspended' : 'constructed';
    this.#owner.retry(served);
  }

  /** Forgets a log that the kernel has no more: its DTR was lost while no server ran. */
  forget(uuid: string, luid: bigint): void {
    const gone = [...this.logs].filter((served) => served.uuid === uuid && served.luid === luid);
    for (const served of gone) this.drop(served);
    this.persist();
  }

  /** Answers CTR, once the log device is open. */
  construct(datagram: Datagram, existing: ServedLog | undefined): void {
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
    if (existing !== undefined) this.drop(existing);
    this.logs.add(served);
    served.pending.hold(datagram, this.#ports.now());
    void this.#finishConstruct(served);
  }

  async #finishConstruct(served: ServedLog): Promise<void> {
    try {
      await this.#open(served);
    } catch (error) {
      this.#ports.event({ type: 'refused', uuid: served.uuid, reason: messageOf(error) });
      answerPending(served, DM_ULOG.CTR, (datagram) => this.#send(datagram, datagram.replyError(ERRNO.ENODEV)));
      this.drop(served);
      return;
    }
    served.phase = 'constructed';
    this.persist();
    const { device } = served.arguments;
    answerPending(served, DM_ULOG.CTR, (datagram) => {
      // The kernel takes the log device's name from the first answer; when it reconnects it has no room for it.
      const isNamed = device !== undefined && !datagram.endsWithNul();
      this.#send(datagram, isNamed ? datagram.replyText(device, '\0') : datagram.reply());
    });
    this.#owner.retry(served);
  }

  /** Answers RESUME, once the bits are loaded. */
  resume(datagram: Datagram, served: ServedLog, shared: SharedLog): void {
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

  /**
   * Whether a log that was refused the mirror gets it now: it asks about regions, which a table that is not active never
   * does. Of two logs that the kernel brought back, the inactive one may have come first.
   */
  claims(served: ServedLog, shared: SharedLog): boolean {
    const { owner } = shared;
    if (!served.isInherited || owner === undefined || !owner.isInherited || !shared.isOwnedByAnother(served))
      return false;
    owner.phase = 'constructed';
    void this.#load(served);
    return true;
  }

  /** Tries the deferred requests of all logs of a mirror again. */
  retryAll(shared: SharedLog): void {
    for (const served of shared.users) this.#owner.retry(served);
  }

  /** Reads the bits and answers all RESUMEs. Never an error: the kernel runs the mirror anyway, and must not be misled. */
  async #load(served: ServedLog): Promise<void> {
    const { shared } = served;
    if (shared === undefined) return;
    served.phase = 'loading';
    await shared.load(served);
    served.phase = 'running';
    served.wasResumed = true;
    this.persist();
    answerPending(served, DM_ULOG.RESUME, (datagram) => this.#send(datagram, datagram.reply()));
    this.retryAll(shared);
  }

  /** Answers POSTSUSPEND, once all that was cleared is clean on the device. */
  postsuspend(datagram: Datagram, served: ServedLog, shared: SharedLog): void {
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
    this.persist();
    answerPending(served, DM_ULOG.POSTSUSPEND, (datagram) => this.#send(datagram, datagram.reply()));
  }

  /** Takes a log away, as DTR does. */
  drop(served: ServedLog): void {
    if (!this.logs.remove(served)) return;
    for (const queue of [served.deferred, served.pending]) {
      queue.drain(({ datagram }) => this.#send(datagram, datagram.replyError(ERRNO.ESRCH)));
    }
    if (served.shared !== undefined) this.shared.leave(served, served.shared);
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
    const shared = await this.shared.join(served);
    if (!this.logs.has(served)) {
      this.shared.leave(served, shared);
      throw new Error('the log was taken away while it was opened');
    }
    shared.onChange = () => this.#owner.changed(shared);
    shared.onWritable = () => this.retryAll(shared);
    served.shared = shared;
  }

  persist(): void {
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
