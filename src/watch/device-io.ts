import { COUNTER_NAMES, type Counters, subtractCounters } from '../stats/counters.ts';
import type { BlockNumber } from '../system/block-devices.ts';
import type { BlockIo } from '../system/block-statistics.ts';
import type { Counted } from './measure.ts';

const NS_PER_MS = 1_000_000n;

/** The block layer's statistics as counters. Discards count as writes, as device-mapper counts them. */
export function countersOf(io: BlockIo): Counters {
  return {
    reads: io.reads,
    readsMerged: io.readsMerged,
    readSectors: io.readSectors,
    readNs: io.readMs * NS_PER_MS,
    writes: io.writes + io.discards,
    writesMerged: io.writesMerged + io.discardsMerged,
    writeSectors: io.writeSectors + io.discardSectors,
    writeNs: (io.writeMs + io.discardMs) * NS_PER_MS,
    inFlight: io.inFlight,
    ioNs: io.busyMs * NS_PER_MS,
    weightedNs: io.weightedMs * NS_PER_MS,
    // The block layer does not tell these apart.
    readBusyNs: 0n,
    writeBusyNs: 0n,
    histogram: [],
  };
}

interface Reading {
  readonly counters: Counters;
  readonly atNs: bigint;
}

/** What was counted on devices as a whole from one reading to the next. */
export class DeviceIo {
  readonly #read: (number: BlockNumber) => BlockIo | undefined;
  #before = new Map<BlockNumber, Reading>();

  /** @param read the statistics of a device; undefined where there are none */
  constructor(read: (number: BlockNumber) => BlockIo | undefined) {
    this.#read = read;
  }

  /** What was counted on each of the devices since this was asked last; those that were not there then are left out. */
  next(numbers: readonly BlockNumber[], now: () => bigint): Map<BlockNumber, Counted> {
    const readings = new Map<BlockNumber, Reading>();
    const counted = new Map<BlockNumber, Counted>();
    for (const number of numbers) {
      const io = this.#read(number);
      if (io === undefined) continue;
      const reading = { counters: countersOf(io), atNs: now() };
      readings.set(number, reading);
      const before = this.#before.get(number);
      if (before === undefined) continue;
      const counters = subtractCounters(reading.counters, before.counters);
      // The number was given to another device, or one of the kernel's counters of 32 bits has begun again.
      if (COUNTER_NAMES.some((name) => name !== 'inFlight' && counters[name] < 0n)) continue;
      counted.set(number, { counters, intervalNs: Math.max(1, Number(reading.atNs - before.atNs)) });
    }
    this.#before = readings;
    return counted;
  }
}
