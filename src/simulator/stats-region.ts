import { SimulatorError } from './errors.ts';
import type { RegionDefinition } from './stats-messages.ts';

/** The direction of an I/O; a discard or a write of zeroes is a write. */
export type Direction = 'read' | 'write';

/** An I/O, or its piece on one device, as the statistics see it. */
export interface CountedIo {
  readonly direction: Direction;
  readonly sector: number;
  readonly sectors: number;
}

/** The present instant in the two units that the kernel measures with. */
export interface Instant {
  readonly ns: number;
  readonly jiffies: number;
}

/** What is added when an I/O ends. */
export interface Completion {
  readonly durationNs: number;
  readonly durationJiffies: number;
  /** It began where the one before it on the same CPU had ended, in the same direction. */
  readonly merged: boolean;
}

class Side {
  ios = 0;
  merges = 0;
  sectors = 0;
  ticks = 0;
  inFlight = 0;
  busy = 0;
}

class Area {
  readonly read = new Side();
  readonly write = new Side();
  busy = 0;
  weighted = 0;
  stamp: number;
  readonly histogram: Float64Array;

  constructor(bins: number, stamp: number) {
    this.histogram = new Float64Array(bins);
    this.stamp = stamp;
  }

  /** Adds the time since the last look to the times of what is in flight (drivers/md/dm-stats.c, `dm_stat_round`). */
  roll(now: number): void {
    const passed = now - this.stamp;
    this.stamp = now;
    const reads = this.read.inFlight;
    const writes = this.write.inFlight;
    if (passed === 0 || reads + writes === 0) return;
    if (reads > 0) this.read.busy += passed;
    if (writes > 0) this.write.busy += passed;
    this.busy += passed;
    this.weighted += (reads + writes) * passed;
  }

  /** In-flight I/O stays, and is counted whole when it ends. */
  clear(): void {
    for (const side of [this.read, this.write]) {
      side.ios = 0;
      side.merges = 0;
      side.sectors = 0;
      side.ticks = 0;
      side.busy = 0;
    }
    this.busy = 0;
    this.weighted = 0;
    this.histogram.fill(0);
  }
}

const ZEROS = ' 0 0 0 0 0 0 0 0 0 0 0 0 0';
const toNumber = (sector: bigint): number =>
  sector > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(sector);

/** One statistics region: its definition and the counters of its areas. */
export class StatsRegion {
  readonly id: number;
  readonly definition: RegionDefinition;
  readonly areaCount: bigint;
  auxData: string;
  /** Bytes of kernel memory that it is charged with. */
  readonly memoryBytes: number;
  readonly #millisecondsPerJiffy: number;
  // Areas that saw no I/O read as zeros and need no object: a region of 8 million areas costs nothing here.
  readonly #areas = new Map<number, Area>();
  // I/O lies below 2^53 sectors: what is beyond compares as infinite.
  readonly #start: number;
  readonly #end: number;
  readonly #step: number;
  readonly #bounds: readonly number[];
  readonly #untouched: string;

  constructor(id: number, definition: RegionDefinition, memoryBytes: number, millisecondsPerJiffy: number) {
    this.id = id;
    this.definition = definition;
    this.auxData = definition.auxData;
    this.memoryBytes = memoryBytes;
    this.#millisecondsPerJiffy = millisecondsPerJiffy;
    const { start, length, step, bounds } = definition;
    this.areaCount = (length + step - 1n) / step;
    this.#start = toNumber(start);
    this.#end = toNumber(start + length);
    this.#step = toNumber(step);
    this.#bounds = bounds.map(toNumber);
    const bins = bounds.length === 0 ? '' : ` ${new Array(bounds.length + 1).fill(0).join(':')}`;
    this.#untouched = `${ZEROS}${bins}\n`;
  }

  /** An I/O begins: it is in flight in every area that it touches. */
  begin(io: CountedIo, now: Instant): void {
    this.#eachArea(io, now, (area) => {
      area[io.direction].inFlight++;
    });
  }

  /** An I/O ends: every area that it touches counts one I/O and the whole duration, and its own sectors. */
  end(io: CountedIo, now: Instant, completion: Completion): void {
    const { precise } = this.definition;
    const ticks = precise ? completion.durationNs : completion.durationJiffies;
    const duration = precise ? ticks : ticks * this.#millisecondsPerJiffy;
    this.#eachArea(io, now, (area, sectors) => {
      const side = area[io.direction];
      side.inFlight--;
      side.sectors += sectors;
      side.ios++;
      side.ticks += ticks;
      if (completion.merged) side.merges++;
      if (this.#bounds.length > 0) {
        const bin = this.#bin(duration);
        area.histogram[bin] = (area.histogram[bin] ?? 0) + 1;
      }
    });
  }

  /** Bin i is [bound i-1, bound i), the last one is from the last bound on. */
  #bin(duration: number): number {
    let low = 0;
    let high = this.#bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#bounds[middle] as number) > duration) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #now(now: Instant): number {
    return this.definition.precise ? now.ns : now.jiffies;
  }

  #eachArea(io: CountedIo, now: Instant, visit: (area: Area, sectors: number) => void): void {
    const from = Math.max(io.sector, this.#start);
    const to = Math.min(io.sector + io.sectors, this.#end);
    if (from >= to) return;
    const time = this.#now(now);
    let index = Math.floor((from - this.#start) / this.#step);
    for (let at = from; at < to; index++) {
      const areaEnd = Math.min(to, this.#start + (index + 1) * this.#step);
      let area = this.#areas.get(index);
      if (area === undefined) {
        area = new Area(this.#bounds.length === 0 ? 0 : this.#bounds.length + 1, time);
        this.#areas.set(index, area);
      }
      area.roll(time);
      visit(area, areaEnd - at);
      at = areaEnd;
    }
  }

  /**
   * The lines of `areaCount` areas from `firstArea` on; areas that do not exist have none.
   *
   * @param limit the answer's room: undefined is returned as soon as it is passed, and nothing is cleared then
   */
  print(firstArea: bigint, areaCount: bigint, clear: boolean, now: Instant, limit: number): string | undefined {
    const { start, step } = this.definition;
    const end = firstArea + areaCount > this.areaCount ? this.areaCount : firstArea + areaCount;
    let text = '';
    for (let index = firstArea; index < end; index++) {
      // The length printed is always the step, also of a last area that is shorter.
      text += `${BigInt.asUintN(64, start + index * step)}+${step}`;
      const area = this.#areas.get(Number(index));
      text += area === undefined ? this.#untouched : this.#counters(area, now);
      if (text.length + 1 >= limit) return undefined;
    }
    if (clear) this.#clear(firstArea, end, now);
    return text;
  }

  /** Sets all counters but in-flight to 0. */
  clearAll(now: Instant): void {
    this.#clear(0n, this.areaCount, now);
  }

  #clear(first: bigint, end: bigint, now: Instant): void {
    const time = this.#now(now);
    for (const [index, area] of this.#areas) {
      if (index < first || index >= end) continue;
      area.roll(time);
      area.clear();
    }
  }

  #counters(area: Area, now: Instant): string {
    area.roll(this.#now(now));
    if (!Number.isSafeInteger(area.weighted)) throw new SimulatorError('a counter passed 2^53: count for less time');
    const time = (ticks: number): number => (this.definition.precise ? ticks : ticks * this.#millisecondsPerJiffy);
    const { read, write } = area;
    const bins = area.histogram.length === 0 ? '' : ` ${area.histogram.join(':')}`;
    return (
      ` ${read.ios} ${read.merges} ${read.sectors} ${time(read.ticks)}` +
      ` ${write.ios} ${write.merges} ${write.sectors} ${time(write.ticks)}` +
      ` ${read.inFlight + write.inFlight} ${time(area.busy)} ${time(area.weighted)}` +
      ` ${time(read.busy)} ${time(write.busy)}${bins}\n`
    );
  }

  /** Its line in `@stats_list`. */
  line(): string {
    const { start, length, step, programId, precise, bounds } = this.definition;
    return (
      `${this.id}: ${start}+${length} ${step} ${programId} ${this.auxData}` +
      `${precise ? ' precise_timestamps' : ''}${bounds.length === 0 ? '' : ` histogram:${bounds.join(',')}`}\n`
    );
  }
}
