import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';
import { DeviceStats } from '../../stats/device-stats.ts';
import type { Listing } from '../../stats/group.ts';
import { type GroupSeen, groupsIn } from '../groups-in.ts';
import { ACTIVE_LOOK_MS } from '../monitor.ts';
import type { WriteCounter } from '../write-counters.ts';
import type { SharedMapper } from './shared-mapper.ts';

/** Listing the groups takes at most a hundredth of the time, however many files ask. */
const LIST_COST_FACTOR = 100;
/** Work that a device has kept for so many milliseconds says that it hangs. */
const STUCK_MS = 2000;

/** A file that waits until something happens on its device. */
export interface ParkedFile {
  readonly groupId: number;
  wake(): void;
}

/** A device on which a service follows files: what is looked at for all of them at once. */
export class ServedDevice implements Disposable {
  readonly number: DeviceNumber;
  readonly #dm: SharedMapper;
  readonly #now: () => number;
  readonly #writes: WriteCounter;
  readonly #parked = new Set<ParkedFile>();
  readonly #places = new Map<object, number>();
  #seenWrites: bigint;
  #list: Uint8Array | undefined;
  #groups: ReadonlyMap<number, GroupSeen> = new Map();
  #listing: Promise<Listing> | undefined;
  #reading: Promise<void> | undefined;
  #listedAt = Number.NEGATIVE_INFINITY;
  #listCostMs = 0;
  #last: Promise<unknown> = Promise.resolve();
  #busySince: number | undefined;
  #nextPlace = 1;

  constructor(number: DeviceNumber, dm: SharedMapper, now: () => number, writes: WriteCounter) {
    this.number = number;
    this.#dm = dm;
    this.#now = now;
    this.#writes = writes;
    this.#seenWrites = writes.read();
  }

  /** A file's place among those of this device, from 1; see `Look.place`. */
  placeOf(file: object): number {
    let place = this.#places.get(file);
    if (place === undefined) {
      place = this.#nextPlace++;
      this.#places.set(file, place);
    }
    return place;
  }

  /** The file has left: those behind it move up at their next looks. */
  leave(file: object): void {
    this.#places.delete(file);
    const rest = [...this.#places.keys()];
    for (const [index, other] of rest.entries()) this.#places.set(other, index + 1);
    this.#nextPlace = rest.length + 1;
  }

  /** Whether no file is followed on it. */
  get isEmpty(): boolean {
    return this.#places.size === 0;
  }

  /** Wakes the file when the device was written or the file's group is gone, until it is disposed of. */
  park(file: ParkedFile): Disposable {
    this.#parked.add(file);
    return { [Symbol.dispose]: () => void this.#parked.delete(file) };
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

  /** Looks at the device for the files that are parked. */
  async look(): Promise<void> {
    if (this.#parked.size === 0) return;
    const writes = this.#writes.read();
    const isWritten = writes !== this.#seenWrites;
    this.#seenWrites = writes;
    // Without a list, the files' own looks will say what is wrong.
    const groups = await this.groups().catch(() => undefined);
    for (const file of [...this.#parked]) if (isWritten || groups?.has(file.groupId) !== true) file.wake();
  }

  [Symbol.dispose](): void {
    this.#writes[Symbol.dispose]();
  }
}
