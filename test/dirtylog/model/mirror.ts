/**
 * The kernel's mirror target as the dirty log sees it: one kmirrord thread whose passes ask in the order of
 * drivers/md/dm-raid1.c, a region hash, writes in flight to both legs, copies. Written from the description of their
 * behaviour, as generators that yield a request and are given its answer.
 */
import type { UlogRequestName } from '../../../src/kernel/dm-log-userspace.ts';
import type { ModelLegs } from './legs.ts';

/** A request, and how many bytes of answer there is room for. */
export interface Ask {
  readonly type: UlogRequestName;
  readonly luid: bigint;
  readonly data: readonly number[] | string;
  readonly capacity: number;
}

/** The error, and the 64-bit numbers of the payload; `room` is what the kernel believes to have room for afterwards. */
export interface Answer {
  readonly error: number;
  readonly values: readonly number[];
  readonly room: number;
}

export type Asking<T> = Generator<Ask, T, Answer>;

const ESRCH = -3;
const EIO_ROOM = { error: -28, values: [], room: 0 };

interface Region {
  state: 'clean' | 'dirty' | 'nosync' | 'recovering';
  pending: number;
}

interface Write {
  readonly region: number;
  readonly amount: number;
}

/** A write that was let through: the legs that it has not reached yet. */
export interface InFlight extends Write {
  readonly legs: (0 | 1)[];
  hasFailed: boolean;
}

/** A property that does not hold. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

export class Mirror {
  luid: bigint;
  words: string;
  readonly regionCount: number;
  readonly isIntegrated: boolean;
  readonly legs: ModelLegs;
  readonly inFlight: InFlight[] = [];
  queue: Write[] = [];
  /** Writes that wait for a new table because the log has failed. */
  held: Write[] = [];
  logFailed = false;
  hint = 0;
  isSuspended = true;
  #hash = new Map<number, Region>();
  #recovering = -1;
  #isCopied = false;
  #hasCopyFailed = false;
  #delayed: Write[] = [];
  #failed: number[] = [];

  constructor(luid: bigint, words: string, regionCount: number, isIntegrated: boolean, legs: ModelLegs) {
    this.luid = luid;
    this.words = words;
    this.regionCount = regionCount;
    this.isIntegrated = isIntegrated;
    this.legs = legs;
  }

  /** `dm_consult_userspace` and, but for the life cycle, `userspace_do_request`: on -ESRCH the log is made again. */
  *ask(type: UlogRequestName, data: readonly number[] | string = [], room = 0): Asking<Answer> {
    const isRetried = !['CTR', 'DTR', 'PRESUSPEND', 'POSTSUSPEND', 'RESUME', 'GET_REGION_SIZE'].includes(type);
    const { luid } = this;
    let capacity = room;
    for (;;) {
      const answer = yield { type, luid, data, capacity };
      if (answer.room > capacity) return EIO_ROOM;
      if (answer.error !== ESRCH || !isRetried) return answer;
      capacity = answer.room;
      for (;;) {
        const made = yield { type: 'CTR', luid, data: `${this.words}\0`, capacity: 0 };
        if (made.error === 0 && made.room === 0) break;
      }
      const resumed = yield { type: 'RESUME', luid, data: [], capacity: 0 };
      if (resumed.error !== 0) return resumed;
    }
  }

  *isInSync(region: number): Asking<boolean> {
    const { error, values } = yield* this.ask('IN_SYNC', [region], 8);
    // The kernel cannot tell an error from "not in sync": what it writes then is on one leg, and nobody knows.
    if (error !== 0) throw new Violation(`IN_SYNC of region ${region} is answered with error ${error}`);
    const isInSync = values[0] === 1;
    if (isInSync && !this.#hash.has(region) && !this.legs.areAlike(region)) {
      throw new Violation(`region ${region} is said to be in sync, but its legs differ`);
    }
    return isInSync;
  }

  *#region(region: number): Asking<Region> {
    let entry = this.#hash.get(region);
    if (entry === undefined) {
      entry = { state: (yield* this.isInSync(region)) ? 'clean' : 'nosync', pending: 0 };
      this.#hash.set(region, entry);
    }
    return entry;
  }

  /** Whether writes have not ended. */
  get hasWrites(): boolean {
    return this.queue.length + this.inFlight.length + this.#delayed.length + this.#failed.length > 0;
  }

  get canCopy(): boolean {
    return this.#recovering >= 0 && !this.#isCopied && this.#hash.get(this.#recovering)?.pending === 0;
  }

  #cleanable(): number[] {
    return [...this.#hash]
      .filter(([, { state, pending }]) => state === 'clean' && pending === 0)
      .map(([region]) => region);
  }

  /** One pass of kmirrord. */
  *pass(): Asking<void> {
    yield* this.#failures();
    yield* this.#updateStates();
    if (!this.isSuspended) yield* this.#recover();
    yield* this.#writes();
  }

  *#failures(): Asking<void> {
    for (const region of this.#failed.splice(0)) {
      yield* this.ask('SET_REGION_SYNC', [region, 0]);
      const entry = this.#hash.get(region);
      if (entry !== undefined && entry.state !== 'recovering') entry.state = 'nosync';
      if (entry !== undefined) entry.pending--;
    }
  }

  *#updateStates(): Asking<void> {
    const clears: number[] = [];
    if (this.#isCopied) {
      const region = this.#recovering;
      yield* this.ask('SET_REGION_SYNC', [region, this.#hasCopyFailed ? 0 : 1]);
      this.#hash.delete(region);
      this.#recovering = -1;
      this.#isCopied = false;
      clears.push(region);
      this.queue.push(...this.#delayed.splice(0));
    }
    for (const region of this.#cleanable()) {
      this.#hash.delete(region);
      clears.push(region);
    }
    if (clears.length === 0) return;
    yield* this.ask('CLEAR_REGION', clears);
    yield* this.ask('FLUSH');
  }

  *#recover(): Asking<void> {
    if (this.hint >= this.regionCount || this.#recovering >= 0) return;
    const work = yield* this.ask('GET_RESYNC_WORK', [], 16);
    if (work.error === 0 && work.values[0] === 1) {
      const region = work.values[1] as number;
      if (region >= this.regionCount) throw new Violation(`region ${region} of ${this.regionCount} is to be copied`);
      const entry = yield* this.#region(region);
      entry.state = 'recovering';
      this.#recovering = region;
    }
    const count = yield* this.ask('GET_SYNC_COUNT', [], 8);
    if ((count.values[0] ?? 0) > this.regionCount) throw new Violation(`${count.values[0]} regions are in sync`);
    if (count.values[0] === this.regionCount) this.hint = this.regionCount;
  }

  /** Ends the copying of a region; errors are reported as it ends. */
  copy(): void {
    this.#hasCopyFailed = this.legs.isSecondBroken;
    if (!this.#hasCopyFailed) this.legs.copy(this.#recovering);
    this.#isCopied = true;
  }

  *#writes(): Asking<void> {
    const both: Write[] = [];
    const first: Write[] = [];
    for (const write of this.queue.splice(0, 3)) {
      const known = this.#hash.get(write.region)?.state;
      if (known === undefined && write.region >= this.hint) {
        const remote = yield* this.ask('IS_REMOTE_RECOVERING', [write.region], 16);
        if (remote.error !== 0 || remote.values[0] === 1) {
          this.queue.push(write);
          continue;
        }
        this.hint = Math.max(this.hint, remote.values[1] as number);
      }
      const state = known ?? ((yield* this.isInSync(write.region)) ? 'clean' : 'nosync');
      if (state === 'recovering') this.#delayed.push(write);
      else if (state === 'nosync') first.push(write);
      else both.push(write);
    }
    const marks: number[] = [];
    for (const { region } of [...both, ...first]) {
      const entry = yield* this.#region(region);
      entry.pending++;
      if (entry.state !== 'clean') continue;
      entry.state = 'dirty';
      marks.unshift(region);
    }
    yield* this.#flush(marks);
    for (const write of first) this.inFlight.push({ ...write, legs: [0], hasFailed: false });
    if (this.logFailed) this.held.push(...both);
    else for (const write of both) this.inFlight.push({ ...write, legs: [0, 1], hasFailed: false });
  }

  *#flush(marks: readonly number[]): Asking<void> {
    if (marks.length === 0) return;
    let error = 0;
    if (this.isIntegrated) {
      ({ error } = yield* this.ask('FLUSH', marks));
    } else {
      ({ error } = yield* this.ask('MARK_REGION', marks));
      if (error === 0) ({ error } = yield* this.ask('FLUSH'));
    }
    if (error !== 0) this.logFailed = true;
  }

  /** A write reaches a leg. */
  reach(index: number): void {
    const write = this.inFlight[index];
    const leg = write?.legs.shift();
    if (write === undefined || leg === undefined) return;
    if (leg === 1 && this.legs.isSecondBroken) write.hasFailed = true;
    else this.legs.write(leg, write.region, write.amount);
    if (write.legs.length > 0) return;
    this.inFlight.splice(index, 1);
    if (write.hasFailed) this.#failed.push(write.region);
    else this.#end(write.region);
  }

  #end(region: number): void {
    const entry = this.#hash.get(region);
    if (entry === undefined) return;
    entry.pending--;
    if (entry.pending === 0 && entry.state === 'dirty') entry.state = 'clean';
  }

  /** Regions whose contents may be anything if the power goes. */
  get uncertain(): Set<number> {
    const regions = new Set(this.inFlight.map(({ region }) => region));
    for (const region of this.#failed) regions.add(region);
    return regions;
  }

  /** A new table takes the mirror over: held writes are tried again, what was known of regions is asked again. */
  adopt(luid: bigint, words: string): void {
    this.luid = luid;
    this.words = words;
    this.queue.push(...this.held.splice(0), ...this.#delayed.splice(0));
    this.#hash = new Map();
    this.logFailed = false;
    this.#recovering = -1;
    this.#isCopied = false;
    this.isSuspended = false;
    this.hint = 0;
  }
}
