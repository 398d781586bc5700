import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import type { BlockDevice } from './block-device.ts';
import type { DeviceStats } from './device-stats.ts';
import { SimulatorError } from './errors.ts';
import { EventCounter } from './event-counter.ts';
import type { Table } from './table.ts';
import type { Work } from './work.ts';

/** What `DM_DEV_SET_GEOMETRY` sets: for whoever still asks for cylinders, such as old boot loaders. */
export interface Geometry {
  readonly cylinders: bigint;
  readonly heads: bigint;
  readonly sectors: bigint;
  readonly start: bigint;
}

/** A device-mapper device. */
export class SimulatedDevice implements BlockDevice {
  readonly number: DeviceNumber;
  /** Name and uuid as strings of bytes. */
  name: string;
  uuid: string;
  live: Table | undefined;
  inactive: Table | undefined;
  /** A table that is in neither place, on its way in or out: it still holds its devices open. */
  dying: Table | undefined;
  suspended = false;
  deferredRemove = false;
  readOnly = false;
  /** Its disk exists from the first table on. */
  diskAdded = false;
  geometry: Geometry | undefined;
  readonly events = new EventCounter();
  /** Openers that are no tables. */
  openers = 0;
  readonly stats: DeviceStats;
  readonly completed = { read: 0, write: 0 };
  #inFlight = 0;
  #draining = false;
  #locked = false;
  readonly #waiting: (() => void)[] = [];
  #onIdle: (() => void)[] = [];
  #onUnlock: (() => void)[] = [];

  constructor(number: DeviceNumber, name: string, uuid: string, stats: DeviceStats) {
    this.number = number;
    this.name = name;
    this.uuid = uuid;
    this.stats = stats;
  }

  /** Sectors of the live table. */
  get sizeSectors(): bigint {
    return this.live?.size ?? 0n;
  }

  /** Whether all that it lies on takes discards. */
  get discards(): boolean {
    const devices = this.live?.devices ?? [];
    return devices.length > 0 && devices.every(({ discards }) => discards);
  }

  /** Whether new I/O has to wait: the device is suspended, or drains for a new statistics region. */
  get holdsIo(): boolean {
    return this.suspended || this.#draining;
  }

  /** I/O begun and not ended. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether somebody does I/O to it, and so must have it open. */
  get hasIo(): boolean {
    return this.#inFlight > 0 || this.#waiting.length > 0;
  }

  /** Keeps an I/O back: `start` is called when the device takes I/O again. */
  hold(start: () => void): void {
    this.#waiting.push(start);
  }

  /** An I/O goes in flight. */
  enter(): void {
    this.#inFlight++;
  }

  /** An I/O is done. */
  leave(): void {
    this.#inFlight--;
    if (this.#inFlight < 0) throw new SimulatorError('an I/O ended that had not begun');
    if (this.#inFlight > 0 || this.#onIdle.length === 0) return;
    const wake = this.#onIdle;
    this.#onIdle = [];
    for (const call of wake) call();
  }

  /**
   * Does `action` with no I/O in flight and none beginning, under the lock that suspend and resume take too.
   * The kernel's `dm_internal_suspend_fast`; a device that is suspended already has nothing in flight.
   */
  *quiesced<T>(action: () => T): Work<T> {
    yield* this.#lock();
    try {
      this.#draining = true;
      while (this.#inFlight > 0) yield (wake) => this.#onIdle.push(wake);
      return action();
    } finally {
      this.#draining = false;
      this.#unlock();
      this.#release();
    }
  }

  /** Suspends it: waits for the I/O in flight, holds new I/O. */
  *suspend(): Work {
    for (const { model } of this.live?.targets ?? []) model.suspending?.();
    yield* this.quiesced(() => {
      this.suspended = true;
    });
  }

  /** Makes another table the live one. Only in the suspended state. */
  swap(table: Table): void {
    if (table.size !== this.sizeSectors) this.geometry = undefined;
    this.live = table;
  }

  /**
   * Takes I/O again. Only from the suspended state.
   * @throws Refusal a target's own: the device stays suspended
   */
  resume(): void {
    const targets = this.live?.targets ?? [];
    for (const { model } of targets) model.resuming?.();
    for (const { model } of targets) model.resumed?.();
    this.suspended = false;
    this.#release();
  }

  *#lock(): Work {
    while (this.#locked) yield (wake) => this.#onUnlock.push(wake);
    this.#locked = true;
  }

  #unlock(): void {
    this.#locked = false;
    const wake = this.#onUnlock;
    this.#onUnlock = [];
    for (const call of wake) call();
  }

  #release(): void {
    while (!this.holdsIo && this.#waiting.length > 0) this.#waiting.shift()?.();
  }
}
