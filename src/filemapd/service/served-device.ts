import type { QuietWrites } from '../../filemap/lookahead/look-ahead.ts';
import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';
import { DeviceStats } from '../../stats/device-stats.ts';
import type { Listing } from '../../stats/group.ts';
import { type GroupSeen, groupsIn } from '../groups-in.ts';
import { ACTIVE_LOOK_MS } from '../monitor.ts';
import type { WriteCounter } from '../write-counters.ts';
import type { SharedMapper } from './shared-mapper.ts';
import { SLACK_MS } from './timetable.ts';

/** Listing the groups takes at most a hundredth of the time, however many files ask. */
const LIST_COST_FACTOR = 100;
/** Work that a device has kept for so many milliseconds says that it hangs. */
const STUCK_MS = 2000;

/**
 * Milliseconds between two lists of a device that nobody writes to: its write counter says so without a wait, and whether
 * groups were deleted can be learned later.
 */
const LIST_AT_REST_MS = 30_000;
/**
 * So many files look for themselves after one look at their device, when others write to it: those that grew last, whose
 * look-ahead regions hold the more the younger their baselines are, and those that wait longest.
 */
const GROWN_TURNS = 20;
const TURNS = 50;

/** A file that waits until something happens on its device. */
export interface ParkedFile {
  readonly groupId: number;
  /** Whether it has something to do of its own by now. */
  isDue(): boolean;
  /** Its place among those that have look-ahead regions, from 1 for the one that grew last; 0: it has none. */
  rank(): number;
  wake(): void;
}

/** A device on which a service follows files: what is looked at for all of them at once. */
export class ServedDevice implements Disposable {
  readonly number: DeviceNumber;
  readonly #dm: SharedMapper;
  readonly #now: () => number;
  readonly #writes: WriteCounter;
  readonly #parked = new Set<ParkedFile>();
  /** Those parked that have not looked since the device was written; who waits longest comes first. */
  readonly #owed = new Set<ParkedFile>();
  readonly #places = new Map<object, number>();
  #seenWrites: bigint;
  #quietWrites: QuietWrites | undefined;
  #isNew = true;
  #list: Uint8Array | undefined;
  #groups: ReadonlyMap<number, GroupSeen> = new Map();
  #listing: Promise<Listing> | undefined;
  #reading: Promise<void> | undefined;
  #listedAt = Number.NEGATIVE_INFINITY;
  #listCostMs = 0;
  #last: Promise<unknown> = Promise.resolve();
  #busySince: number | undefined;
  #hasGap = false;

  constructor(number: DeviceNumber, dm: SharedMapper, now: () => number, writes: WriteCounter) {
    this.number = number;
    this.#dm = dm;
    this.#now = now;
    this.#writes = writes;
    this.#seenWrites = writes.read();
  }

  /** A file's place among those of this device, from 1; see `Look.place`. */
  placeOf(file: object): number {
    if (this.#hasGap) {
      for (const [index, other] of [...this.#places.keys()].entries()) this.#places.set(other, index + 1);
      this.#hasGap = false;
    }
    const place = this.#places.get(file) ?? this.#places.size + 1;
    this.#places.set(file, place);
    return place;
  }

  /** The file has left: those behind it move up at their next looks. */
  leave(file: object): void {
    this.#hasGap = this.#places.delete(file) || this.#hasGap;
  }

  /** Whether no file is followed on it. */
  get isEmpty(): boolean {
    return this.#places.size === 0;
  }

  /** True when it is asked for the first time. */
  isNew(): boolean {
    const isNew = this.#isNew;
    this.#isNew = false;
    return isNew;
  }

  /** The last look at which nobody had written to the device since the one before. */
  get quietWrites(): QuietWrites | undefined {
    return this.#quietWrites;
  }

  /** Wakes the file in its turn when the device was written, and when its group is gone, until it is disposed of. */
  park(file: ParkedFile): Disposable {
    this.#parked.add(file);
    return {
      [Symbol.dispose]: () => {
        this.#parked.delete(file);
        this.#owed.delete(file);
      },
    };
  }

  /** Since when something waits for the device, when that is too long; undefined: it does not hang. */
  get stuckSince(): number | undefined {
    const since = this.#busySince;
    return since !== undefined && this.#now() - since >= STUCK_MS ? since : undefined;
  }

  /** Does something that may wait for the device, after all else that does: one that hangs takes one thread, not all. */
  async alone<T>(action: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const turn = (async () => {
      await before.catch(() => {});
      this.#busySince = this.#now();
      try {
        return await action();
      } finally {
        this.#busySince = undefined;
      }
    })();
    this.#last = turn;
    return turn;
  }

  /** The groups, by a list that may be as old as the time between two looks. @throws DmError ENXIO without the device */
  async groups(): Promise<ReadonlyMap<number, GroupSeen>> {
    const age = this.#now() - this.#listedAt;
    if (age >= Math.max(ACTIVE_LOOK_MS / 2, this.#listCostMs * LIST_COST_FACTOR)) {
      this.#reading ??= this.#readList().finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
    }
    return this.#groups;
  }

  async #readList(): Promise<void> {
    const start = this.#now();
    const list = await new DeviceStats(this.#dm, this.number).listBytes();
    if (this.#list === undefined || Buffer.compare(this.#list, list) !== 0) {
      this.#list = list;
      this.#groups = groupsIn(list);
      this.#listing = undefined;
    }
    this.#listedAt = this.#now();
    this.#listCostMs = this.#listedAt - start;
  }

  /** The regions and groups, as old as the time between two looks at most. @throws DmError ENXIO without the device */
  async listing(): Promise<Listing> {
    await this.groups();
    this.#listing ??= new DeviceStats(this.#dm, this.number).list();
    return this.#listing;
  }

  /** Another process has made groups: what is known of them is old. */
  forgetList(): void {
    this.#dm.forget(this.number);
    this.#listedAt = Number.NEGATIVE_INFINITY;
  }

  /** Those parked whose turn it is. */
  #turns(): ReadonlySet<ParkedFile> {
    const grown = [...this.#owed]
      .map((file) => ({ file, rank: file.rank() }))
      .filter(({ rank }) => rank > 0)
      .sort((a, b) => a.rank - b.rank)
      .slice(0, GROWN_TURNS);
    const turns = new Set(grown.map(({ file }) => file));
    for (const file of this.#owed) if (turns.size < TURNS) turns.add(file);
    return turns;
  }

  /** Whether the group was there with all its regions when the device was last looked at. */
  isWhole(groupId: number): boolean {
    return this.#groups.get(groupId)?.isDamaged === false;
  }

  /** Looks at the device for the files that are parked. */
  async look(): Promise<void> {
    if (this.#parked.size === 0) return;
    const writes = this.#writes.read();
    const isWritten = writes !== this.#seenWrites;
    this.#seenWrites = writes;
    if (isWritten) for (const file of this.#parked) this.#owed.add(file);
    else this.#quietWrites = { writes, at: this.#now() };
    const isListDue = this.#owed.size > 0 || this.#now() - this.#listedAt >= LIST_AT_REST_MS - SLACK_MS;
    // Without a list, the files' own looks will say what is wrong.
    const isKnown = !isListDue || (await this.#hasList());
    const turns = this.#turns();
    for (const file of [...this.#parked]) {
      if (turns.has(file) || file.isDue() || !isKnown || !this.isWhole(file.groupId)) file.wake();
    }
  }

  #hasList(): Promise<boolean> {
    return this.groups().then(
      () => true,
      () => false,
    );
  }

  [Symbol.dispose](): void {
    this.#writes[Symbol.dispose]();
  }
}
