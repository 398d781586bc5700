import { statSync } from 'node:fs';
import { mapExtents, type Range, rangesOf } from '../../src/filemap/extents.ts';
import { openFile } from '../../src/filemap/open-file.ts';
import { isAnchor } from '../../src/filemap/plan.ts';
import { groupCounters } from '../../src/stats/carried.ts';
import { type Counters, subtractCounters, sumCounters, ZERO_COUNTERS } from '../../src/stats/counters.ts';
import type { DeviceStats } from '../../src/stats/device-stats.ts';
import type { Group } from '../../src/stats/group.ts';
import { metrics } from '../../src/stats/metrics.ts';
import type { Region } from '../../src/stats/region.ts';
import { difference, type Reading, read } from '../../src/stats/sampler.ts';
import { coverExactly, regionsInFile } from './file-regions.ts';
import type { PhaseName } from './phases.ts';
import type { Frame, Row } from './recording.ts';

/** What a moment's look found. */
export interface Look {
  readonly atNs: bigint;
  readonly reading: Reading;
  readonly group: Group | undefined;
  readonly regions: readonly Region[];
  readonly extents: readonly Range[];
}

const nameOf = ({ id, start, length }: Region): string => `${id}@${start}+${length}`;

/** Reads a file's map and its group's counters, again and again. Everything by the package's library. */
export class Observer {
  readonly #stats: DeviceStats;
  readonly #path: string;
  readonly #alias: string;
  readonly #beganNs = process.hrtime.bigint();
  #before: Reading | undefined;
  #base: Counters = ZERO_COUNTERS;
  #rowBefore: { readonly atNs: bigint; readonly counters: Counters } | undefined;

  constructor(stats: DeviceStats, path: string, alias: string) {
    this.#stats = stats;
    this.#path = path;
    this.#alias = alias;
  }

  /** Milliseconds since the observer was made. */
  now(): number {
    return Number(process.hrtime.bigint() - this.#beganNs) / 1e6;
  }

  /** The file's regions and what happened in each since the last look. */
  async frame(): Promise<{ readonly frame: Frame; readonly look: Look }> {
    using file = openFile(this.#path);
    const raw = await file.extents();
    const reading = await read(this.#stats);
    const group = reading.listing.groups.find(({ alias }) => alias === this.#alias);
    const regions = reading.listing.regions.filter((region) => group?.members.includes(region.id) && !isAnchor(region));
    const sample = this.#before === undefined ? undefined : difference(this.#before, reading);
    this.#before = reading;
    const rate = (name: string): number => {
      const region = regions.find((one) => nameOf(one) === name);
      const counted = region === undefined ? undefined : sample?.regions.get(region.id);
      if (counted === undefined) return 0;
      const { readSectors, writeSectors } = counted.counters;
      return (Number(readSectors + writeSectors) * 1e9) / counted.intervalNs;
    };
    const { pieces, uncovered } = regionsInFile(
      raw,
      regions.map((region) => ({ name: nameOf(region), start: region.start, length: region.length })),
    );
    const frame: Frame = {
      atMs: Math.round(this.now()),
      sizeBytes: statSync(this.#path).size,
      pieces: pieces.map((piece) => ({ ...piece, sectorsPerSecond: Math.round(rate(piece.region)) })),
      uncovered,
    };
    return { frame, look: { atNs: reading.atNs, reading, group, regions, extents: rangesOf(mapExtents(raw).runs) } };
  }

  /** What the group has counted up to this look, with what it carries from regions that are no more. */
  #counters({ reading, group }: Look): Counters {
    if (group === undefined) return ZERO_COUNTERS;
    const members = group.members.flatMap((id) => {
      const areas = reading.regions.get(id)?.areas;
      return areas === undefined ? [] : [sumCounters(areas.map(({ counters }) => counters))];
    });
    return groupCounters(members, group.carried);
  }

  /** From now on counters are those since this look: what came before is not the program's. */
  startRows(look: Look): void {
    this.#base = this.#counters(look);
    this.#rowBefore = { atNs: look.atNs, counters: this.#base };
  }

  /**
   * A second in numbers.
   *
   * @param sectorsDone what the program says that it moved, up to the same moment
   */
  row(look: Look, frame: Frame, phase: PhaseName, sectorsDone: bigint): Row {
    const counters = this.#counters(look);
    const before = this.#rowBefore ?? { atNs: look.atNs - 1n, counters };
    this.#rowBefore = { atNs: look.atNs, counters };
    const derived = metrics(subtractCounters(counters, before.counters), Number(look.atNs - before.atNs));
    const since = subtractCounters(counters, this.#base);
    const counted = since.readSectors + since.writeSectors;
    return {
      atMs: frame.atMs,
      phase,
      sizeBytes: frame.sizeBytes,
      extents: look.extents.length,
      regions: look.regions.length,
      readsPerSecond: derived.readsPerSecond,
      writesPerSecond: derived.writesPerSecond,
      readBytesPerSecond: derived.readSectorsPerSecond * 512,
      writeBytesPerSecond: derived.writeSectorsPerSecond * 512,
      meanWaitMs: derived.averageWaitNs / 1e6,
      countedSectors: Number(counted),
      notSeenSectors: Number(sectorsDone - counted),
    };
  }

  /** Whether the group's regions are the file's extents, sector by sector. */
  isTrue({ extents, regions }: Look): boolean {
    return coverExactly(extents, regions);
  }

  /** What the group has counted since the rows began. */
  sectorsCounted(look: Look): { readonly written: bigint; readonly read: bigint } {
    const { readSectors, writeSectors } = subtractCounters(this.#counters(look), this.#base);
    return { written: writeSectors, read: readSectors };
  }
}
