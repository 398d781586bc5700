import type { BlockStore } from './block-store.ts';
import { type HeldPool, HeldQueue } from './held.ts';
import type { LogArguments } from './logs/arguments.ts';
import { loadLog } from './logs/load.ts';
import { mirrBytes } from './logs/mirr.ts';
import type { RegionLog } from './logs/region-log.ts';
import { Pace } from './pace.ts';
import type { LogPhase, ServerPorts } from './ports.ts';
import { isPokeDue, type ResyncChoice, type ResyncPolicy, regionOf } from './resync.ts';

/** Cleared regions that become clean at a suspend may have been young, and cleared while the old ones were written. */
const CLEANING_ROUNDS = 3;
/** Files in /run are made of pages. */
export const RUN_PAGE_BYTES = 4096;

/** One log as the kernel knows it: one loaded table of one mirror. */
export interface ServedLog {
  readonly uuid: string;
  readonly uuidBytes: Uint8Array;
  readonly luid: bigint;
  readonly luidLow: number;
  readonly luidHigh: number;
  /** The constructor's words, as they came. */
  readonly words: string;
  readonly arguments: LogArguments;
  /** Whether it was taken over from an earlier server, by its record or because the kernel came back. */
  readonly isInherited: boolean;
  phase: LogPhase;
  wasResumed: boolean;
  /** Undefined while it is being opened. */
  shared: SharedLog | undefined;
  /** Requests that wait until the log is open, loaded, or released. */
  readonly deferred: HeldQueue;
  /** CTR, RESUME and POSTSUSPEND, which wait for what they began. */
  readonly pending: HeldQueue;
}

/**
 * What the tables of one mirror share: its stores, its bits, its resync. While a table is swapped for another, the
 * mirror has two logs; the one resumed last owns it, and only the owner makes regions clean or in sync.
 */
export class SharedLog {
  readonly uuid: string;
  /** The log device, as `MAJOR:MINOR`; of a core log the word `core`. */
  readonly label: string;
  readonly device: BlockStore | undefined;
  readonly users = new Set<ServedLog>();
  owner: ServedLog | undefined;
  log: RegionLog | undefined;
  /** MARK, FLUSH and SET_REGION_SYNC until they are durable. */
  readonly waiting: HeldQueue;
  policy: ResyncPolicy;
  /** The region that the kernel copies; -1 for none. */
  recovering = -1;
  /** Whether marks and flushes are withheld, so that no region becomes dirty. */
  isHeld = false;
  /** Called when what requests wait for may have come. */
  onChange: () => void = () => {};
  /** Called when the kernel may be told that regions are out of sync, after it could not. */
  onWritable: () => void = () => {};
  #run: BlockStore | undefined;
  #loading: Promise<void> | undefined;
  #lastRegion = -1;
  #lastMs = Number.NEGATIVE_INFINITY;
  #lastPokeMs = Number.NEGATIVE_INFINITY;
  #hasReportedFailure = false;
  #isEstablishing = false;
  readonly #ports: ServerPorts;

  constructor(
    uuid: string,
    label: string,
    stores: { readonly device: BlockStore | undefined; readonly run: BlockStore | undefined },
    pool: HeldPool,
    ports: ServerPorts,
  ) {
    this.uuid = uuid;
    this.label = label;
    this.device = stores.device;
    this.#run = stores.run;
    this.waiting = new HeldQueue(pool);
    this.#ports = ports;
    this.policy = ports.resyncPolicy(uuid);
  }

  get isLoading(): boolean {
    return this.#loading !== undefined;
  }

  /** Whether the mirror runs with another log than this one. */
  isOwnedByAnother(served: ServedLog): boolean {
    const { owner } = this;
    return owner !== undefined && owner !== served && (owner.phase === 'running' || owner.phase === 'loading');
  }

  /** A log is gone; if it owned the mirror, the one that runs does now. */
  disown(served: ServedLog): void {
    this.users.delete(served);
    if (this.owner === served) this.owner = [...this.users].find(({ phase }) => phase === 'running');
  }

  /** Loads the bits for a log that is resumed; one load at a time. */
  async load(served: ServedLog): Promise<void> {
    this.owner = served;
    while (this.#loading !== undefined) await this.#loading;
    this.#loading = this.#load(served);
    await this.#loading;
  }

  async #load(served: ServedLog): Promise<void> {
    const { arguments: words } = served;
    const isReconnecting = served.isInherited && this.log === undefined;
    await this.#fitRun(words.regionCount);
    const { log, loss, needsResume } = await loadLog({
      arguments: words,
      device: this.device,
      run: this.#run,
      previous: this.log,
      reconnects: isReconnecting,
      isFirst: !served.wasResumed,
      pause: () => this.#ports.pause(),
      now: () => this.#ports.now(),
    });
    this.log = log;
    this.recovering = -1;
    this.#hasReportedFailure = false;
    this.#loading = undefined;
    for (const image of [log.medium, log.survivor]) {
      if (image !== undefined) image.onChange = () => this.#changed();
    }
    if (loss !== undefined) this.#ports.event({ type: 'logLost', uuid: this.uuid, reason: loss });
    if (needsResume) this.#ports.event({ type: 'needsResume', uuid: this.uuid });
    this.#changed();
  }

  /** A mirror that has grown needs more of /run. */
  async #fitRun(regions: number): Promise<void> {
    const bytes = mirrBytes(regions, RUN_PAGE_BYTES);
    if (this.#run === undefined || this.#run.size >= bytes) return;
    await this.log?.retire();
    this.#run.close();
    // Without it the mirror runs all the same; only the next server will know less.
    this.#run = await this.#ports.openRun(this.uuid, this.label, bytes, true).catch(() => undefined);
  }

  #changed(): void {
    const failure = this.log?.failure;
    if (failure !== undefined && !this.#hasReportedFailure) {
      this.#hasReportedFailure = true;
      this.#ports.event({ type: 'logFailed', uuid: this.uuid, ...failure });
    }
    this.onChange();
  }

  /** The region to copy next: the one handed out already, as long as it is not done. */
  nextRegion(): number {
    const { log } = this;
    if (log === undefined || log.outOfSync.count === 0 || !log.mayTellOutOfSync) return -1;
    if (this.recovering >= 0 && log.outOfSync.has(this.recovering)) return this.recovering;
    const choice = this.#choose(log);
    if (choice === 'wait') return -1;
    const region = regionOf(choice);
    if (!(region >= 0 && region < log.regionCount) || !log.outOfSync.has(region)) return -1;
    this.recovering = region;
    this.#lastRegion = region;
    this.#lastMs = typeof choice === 'number' ? this.#ports.now() : choice.countsAtMs;
    return region;
  }

  #choose({ regionCount, regionSectors, outOfSync, heat }: RegionLog): ResyncChoice {
    return this.policy(
      {
        uuid: this.uuid,
        regionCount,
        regionSectors,
        outOfSync,
        heat,
        lastRegion: this.#lastRegion,
        lastMs: this.#lastMs,
      },
      { nowMs: this.#ports.now(), minuteOfDay: this.#ports.minuteOfDay() },
    );
  }

  /** Time has passed: old clears are written, the heat fades, a resync that sleeps is woken. */
  tick(): void {
    const { log } = this;
    if (log === undefined || this.isLoading) return;
    log.heat.cool();
    if (!log.mayTellOutOfSync) {
      void this.#establishAgain(log);
      return;
    }
    if (log.failure === undefined && log.pendingClears > 0) void this.#clean(log);
    const facts = {
      outOfSync: log.outOfSync.count,
      isCopying: this.recovering >= 0,
      isRunning: this.owner?.phase === 'running',
      lastPokeMs: this.#lastPokeMs,
    };
    if (isPokeDue(facts, () => this.#choose(log), this.#ports.now())) {
      this.#lastPokeMs = this.#ports.now();
      this.#ports.poke(this.uuid);
    }
  }

  async #establishAgain({ medium }: RegionLog): Promise<void> {
    if (medium === undefined || this.#isEstablishing) return;
    this.#isEstablishing = true;
    await medium.establishAgain();
    this.#isEstablishing = false;
    if (!medium.isEstablished) return;
    this.#hasReportedFailure = false;
    this.#ports.event({ type: 'logWritable', uuid: this.uuid });
    this.onWritable();
  }

  async #clean(log: RegionLog): Promise<boolean> {
    try {
      await log.clean(() => this.#ports.syncLegs(this.uuid), new Pace(this.#ports));
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#ports.event({ type: 'legSyncFailed', uuid: this.uuid, reason });
      return false;
    }
  }

  /** Writes everything down: all I/O has ended, and nobody may come back. */
  async settle(): Promise<void> {
    const { log } = this;
    if (log === undefined) return;
    for (let round = 0; round < CLEANING_ROUNDS && log.pendingClears > 0 && log.failure === undefined; round++) {
      if (!(await this.#clean(log))) break;
    }
    await log.medium?.idle();
    await log.survivor?.idle();
  }

  /** Lets go of the stores when nothing is in flight to them. */
  async close(): Promise<void> {
    while (this.#loading !== undefined) await this.#loading;
    await this.log?.retire();
    this.device?.close();
    this.#run?.close();
  }
}
