import { DmError } from '../../mapper/errors.ts';
import { sectors } from '../../mapper/units.ts';
import { addCounters, type Counters, subtractCounters, sumCounters, ZERO_COUNTERS } from '../../stats/counters.ts';
import type { DeviceStats } from '../../stats/device-stats.ts';
import { distanceOf } from '../../stats/error-bound.ts';
import { areaBytes } from '../../stats/memory.ts';
import { formatOwner, LOOK_AHEAD_PROGRAM, ownerOf } from '../../stats/owner.ts';
import type { Region } from '../../stats/region.ts';
import type { BesideCounts, FirstCounts, HeldCounts, RegionOptions } from '../apply.ts';
import { deleteRegions, type Undeleted } from '../delete-regions.ts';
import { type Extents, type Run, union } from '../extents.ts';
import { linesWith } from '../match.ts';
import { type Budget, isSameLayer, type Layer, LOOK_AHEAD_BYTES, layoutFor, type Space } from './geometry.ts';
import {
  afterLook,
  areasToRead,
  besideOf,
  changedRuns,
  EVERYWHERE,
  type LaidLayer,
  type Piece,
  piecesOf,
  type Readings,
  sectorsOf,
} from './ledger.ts';
import { readPiece } from './read-piece.ts';

/** How look-ahead regions are kept. */
export interface LookAheadOptions {
  /** Possible CPUs (`/sys/devices/system/cpu/possible`): each costs memory in every area. */
  readonly cpus: number;
  /** Tells this process's regions from those of others for the same group; no blanks. */
  readonly word: string;
  /** Kernel memory, default `LOOK_AHEAD_BYTES`. */
  readonly bytes?: number;
  /** The file's part of what several files share, in place of `bytes`. */
  readonly share?: LookAheadShare | undefined;
}

/** A file's part of the memory that the look-aheads of several files share. */
export interface LookAheadShare {
  /** Bytes at this moment; 0: no layers. */
  bytes(): number;
  /** The file has grown: it needs its part now. */
  grew(): void;
}

/** A look at which a device had not been written since the one before. */
export interface QuietWrites {
  /** The device's completed writes. */
  readonly writes: bigint;
  /** Monotonic milliseconds. */
  readonly at: number;
}

/** What was read of the layers before the extents were. */
export interface LookReading {
  readonly at: number;
  /** The device's completed writes before it. */
  readonly writes: bigint | undefined;
  readonly layers: ReadonlyMap<LaidLayer, Readings>;
}

/** What a look found, once the group's regions are true. */
export interface Seen {
  readonly extents: Extents;
  /** Sectors that regions of the group covered when it was listed, besides the extents. */
  readonly covered: readonly Run[];
  /** Sectors that got their region only now. */
  readonly grown: readonly Run[];
}

/**
 * Milliseconds between two readings of all that changed; they take a tenth of the time, unless that were too seldom. A
 * reading comes before the update that gives growth its regions: each second, it made them 15 to 20 ms later in the
 * median.
 */
const READ_MS = 4000;
const READ_COST_FACTOR = 10;
const LONGEST_PAUSE_MS = 8000;
/**
 * An older baseline credits nothing: in between a block could have gone from another file to this one. File systems
 * hand out freed blocks again only when the journal has the deletion, on ext4 after 5 s unless somebody calls fsync.
 */
export const FRESH_MS = 15_000;
/** A file that has not grown for so many milliseconds keeps only a small fine layer. */
export const QUIET_MS = 600_000;
/** After the kernel has refused a layer, mostly for want of memory. */
const REFUSED_MS = 60_000;
/** How fast the memory of fast growth fades with each look that sees growth. */
const FADING = 0.8;

/**
 * The look-ahead regions of one file's group on one device. They hold what the file does to blocks that were free a
 * moment ago, until their ordinary regions are there. All of it is memory of this process: what a killed one leaves is
 * deleted by the next one.
 */
export class LookAhead implements FirstCounts {
  readonly #stats: DeviceStats;
  readonly #options: LookAheadOptions;
  readonly #region: RegionOptions;
  readonly #areaBytes: number;
  readonly #now: () => number;
  #groupId: number;
  // By step, the largest first.
  #layers: readonly LaidLayer[] = [];
  /** Layers so far. */
  #laid = 0;
  /** The extents at the last look and what regions of the group covered then. */
  #blocked: readonly Run[] = EVERYWHERE;
  #readAt = Number.NEGATIVE_INFINITY;
  #readCostMs = 0;
  #freshAt = Number.NEGATIVE_INFINITY;
  #writes: bigint | undefined;
  #seenWrites: bigint | undefined;
  #focus: number | undefined;
  #growth = 0;
  #grownAt: number;
  #refusedUntil = Number.NEGATIVE_INFINITY;

  /**
   * @param region bounds and precision of the group's regions, which those of the look-ahead must have too
   * @param now monotonic milliseconds
   */
  constructor(
    stats: DeviceStats,
    groupId: number,
    region: RegionOptions,
    options: LookAheadOptions,
    now: () => number,
  ) {
    this.#stats = stats;
    this.#groupId = groupId;
    this.#region = region;
    this.#options = options;
    this.#now = now;
    this.#areaBytes = areaBytes(options.cpus, region.bounds?.length ?? 0);
    this.#grownAt = now();
  }

  /**
   * A look at the device's completed writes: as long as there are none, baselines do not age.
   *
   * @param quiet a look of somebody else's
   */
  sawWrites(writes: bigint, quiet?: QuietWrites): void {
    if (writes === this.#writes) this.#freshAt = this.#now();
    else if (quiet?.writes === this.#writes) this.#freshAt = Math.max(this.#freshAt, quiet?.at ?? this.#freshAt);
    this.#seenWrites = writes;
  }

  /** The file is another one now: what was counted so far is not its I/O. */
  forget(): void {
    this.#layers = this.#layers.map((layer) => ({ ...layer, blocked: EVERYWHERE }));
  }

  /**
   * Reads what changed, before the extents are read: what was counted by now and is not in an extent that is read later
   * is not the file's.
   *
   * @returns undefined when it is not due
   */
  async read(): Promise<LookReading | undefined> {
    const at = this.#now();
    const pause = Math.min(Math.max(READ_MS, this.#readCostMs * READ_COST_FACTOR), LONGEST_PAUSE_MS);
    if (this.#layers.length === 0 || at - this.#readAt < pause) return undefined;
    const writes = this.#seenWrites;
    const layers = new Map<LaidLayer, Readings>();
    const coarser: { layer: LaidLayer; changed: readonly Run[] }[] = [];
    for (const layer of this.#layers) {
      const now = new Map<number, Counters>();
      for (const piece of areasToRead(layer, coarser)) {
        for (const [area, counters] of (await this.#print({ layer, ...piece })) ?? []) now.set(area, counters);
      }
      if (!this.#layers.includes(layer)) continue;
      coarser.push({ layer, changed: changedRuns(layer, now) });
      layers.set(layer, now);
    }
    this.#readAt = at;
    this.#readCostMs = this.#now() - at;
    return { at, writes, layers };
  }

  /** Areas that have counted; undefined when the region is not ours any more: then the layer is given up. */
  async #print(piece: Piece): Promise<Readings | undefined> {
    const readings = await readPiece(this.#stats, piece, this.#region);
    if (readings === undefined) this.#layers = this.#layers.filter(({ id }) => id !== piece.layer.id);
    return readings;
  }

  /** Gives up layers that others have deleted. @param list the device's list as the kernel wrote it */
  keepListed(list: Uint8Array): void {
    if (this.#layers.length === 0) return;
    const ids = new Set(this.#oursIn(list).map(({ id }) => id));
    if (this.#layers.some(({ id }) => !ids.has(id))) this.#layers = this.#layers.filter(({ id }) => ids.has(id));
  }

  /** Those of a device's regions that are this file's in this process. */
  #oursIn(list: Uint8Array): Region[] {
    const { word } = this.#options;
    // Of the regions of a thousand files only these lines are parsed.
    return linesWith(list, `,${word}`).filter((region) => ownerOf(region)?.word === word);
  }

  /** Whether layers are to be deleted at the next look. */
  get isMoving(): boolean {
    return this.#layers.some(({ isRetiring }) => isRetiring);
  }

  /** Whether there are layers, or should be. */
  get isNeeded(): boolean {
    return this.#layers.length > 0 || this.#options.share?.bytes() !== 0;
  }

  /** Deletes all that is there of it. @returns regions that are still there */
  async end(): Promise<Undeleted[]> {
    if (this.#layers.length === 0) return [];
    const ours = this.#oursIn(await this.#stats.listBytes());
    return deleteRegions(
      this.#stats,
      ours.map(({ id }) => id),
    );
  }

  async held(range: Run): Promise<HeldCounts> {
    const none: HeldCounts = { counted: ZERO_COUNTERS, sectors: 0 };
    if (this.#now() - this.#freshAt > FRESH_MS) return none;
    const pieces = piecesOf(this.#layers, range);
    let counted = ZERO_COUNTERS;
    for (const piece of pieces) {
      const printed = await this.#print(piece);
      if (printed === undefined) return none;
      for (const [area, counters] of printed) {
        const baseline = piece.layer.readings.get(area);
        counted = addCounters(counted, baseline === undefined ? counters : subtractCounters(counters, baseline));
      }
    }
    return { counted, sectors: sectorsOf(pieces) };
  }

  async beside(run: Run): Promise<BesideCounts | undefined> {
    const pieces = besideOf(this.#layers, run);
    if (pieces === undefined || pieces.length === 0) return undefined;
    const before = await this.#countedIn(pieces);
    return async () => {
      const now = await this.#countedIn(pieces);
      return before && now && distanceOf(now, before);
    };
  }

  /** All that areas have counted; undefined when a region is not ours any more. */
  async #countedIn(pieces: readonly Piece[]): Promise<Counters | undefined> {
    let sum = ZERO_COUNTERS;
    for (const piece of pieces) {
      const printed = await this.#print(piece);
      if (printed === undefined) return undefined;
      sum = sumCounters([sum, ...printed.values()]);
    }
    return sum;
  }

  /** Remembers a look, now that the group's tag has what was credited. */
  remember({ extents, covered, grown }: Seen, reading: LookReading | undefined): void {
    const { runs, tail } = extents;
    const blocked = covered.length === 0 ? runs : union([...runs, ...covered]);
    this.#layers = afterLook(this.#layers, reading?.layers, blocked);
    this.#blocked = blocked;
    if (reading !== undefined) {
      this.#freshAt = reading.at;
      this.#writes = reading.writes;
    }
    this.#focus ??= tail;
    const largest = grown.reduce<Run | undefined>(
      (best, run) => (best === undefined || run.end - run.start > best.end - best.start ? run : best),
      undefined,
    );
    if (largest === undefined) return;
    const isAppend = tail !== undefined && grown.some(({ start, end }) => start < tail && tail <= end);
    this.#focus = isAppend ? tail : largest.end;
    this.#growth = Math.max(
      grown.reduce((sum, { start, end }) => sum + end - start, 0),
      Math.floor(this.#growth * FADING),
    );
    this.#grownAt = this.#now();
    this.#options.share?.grew();
  }

  /**
   * Lays layers where the file will probably grow, and takes away those that have served.
   *
   * @param extentsNow reads the extents again: what the file got before a new layer was there is not held by it
   * @returns why the kernel refused a layer, when it did
   */
  async adjust(space: Space, extentsNow: () => Promise<Extents>): Promise<Error | undefined> {
    const now = this.#now();
    const { share, bytes = LOOK_AHEAD_BYTES } = this.#options;
    const budget: Budget = { bytes: share?.bytes() ?? bytes, areaBytes: this.#areaBytes };
    const current = this.#layers.filter((layer) => !layer.isRetiring);
    const growth = { focus: this.#focus, sectors: this.#growth, isQuiet: now - this.#grownAt >= QUIET_MS };
    const wanted = budget.bytes === 0 ? [] : layoutFor(current, space, growth, budget);
    const leaving = this.#layers.filter((layer) => layer.isRetiring || !wanted.some((one) => one.role === layer.role));
    await this.#drop(leaving);
    const missing = wanted.filter((layer) => !this.#layers.some((one) => !one.isRetiring && isSameLayer(one, layer)));
    if (missing.length === 0 || now < this.#refusedUntil) return undefined;
    const old = new Set(this.#layers.map(({ id }) => id));
    try {
      for (const layer of missing) await this.#lay(layer);
    } catch (error) {
      if (!(error instanceof DmError)) throw error;
      this.#refusedUntil = now + REFUSED_MS;
      return error;
    } finally {
      if (old.size === 0) {
        this.#freshAt = now;
        this.#writes = this.#seenWrites;
      }
    }
    const blocked = union([...this.#blocked, ...(await extentsNow()).runs]);
    this.#layers = this.#layers.map((layer) => (old.has(layer.id) ? layer : { ...layer, blocked }));
    return undefined;
  }

  async #lay(layer: Layer): Promise<void> {
    const { start, step, areas, role } = layer;
    const id = await this.#stats.createRegion({
      precise: this.#region.precise,
      bounds: this.#region.bounds,
      range: { start: sectors(start), length: sectors(step * areas) },
      step: { sectors: sectors(step) },
      programId: LOOK_AHEAD_PROGRAM,
      aux: formatOwner({ groupId: this.#groupId, word: this.#options.word }),
    });
    const laid: LaidLayer = {
      ...layer,
      id,
      blocked: EVERYWHERE,
      readings: new Map(),
      laid: this.#laid++,
      isRead: false,
      isRetiring: false,
    };
    const others = this.#layers.map((one) => (one.role === role ? { ...one, isRetiring: true } : one));
    this.#layers = [...others, laid].sort((a, b) => b.step - a.step || Number(b.isRetiring) - Number(a.isRetiring));
  }

  async #drop(layers: readonly LaidLayer[]): Promise<void> {
    if (layers.length === 0) return;
    const ids = layers.map(({ id }) => id);
    const undeleted = await deleteRegions(this.#stats, await this.#stillOurs(ids));
    const left = new Set(undeleted.map(({ id }) => id));
    this.#layers = this.#layers.filter(({ id }) => !ids.includes(id) || left.has(id));
  }

  /** The group has another id: its regions must name it, or nobody would know whose they are. */
  async rename(groupId: number): Promise<void> {
    this.#groupId = groupId;
    const aux = formatOwner({ groupId, word: this.#options.word });
    for (const id of await this.#stillOurs(this.#layers.map((layer) => layer.id))) await this.#stats.setAux(id, aux);
  }

  /** An id is reused at once: what bears it may have become the group's own region. */
  async #stillOurs(ids: readonly number[]): Promise<number[]> {
    const ours = this.#oursIn(await this.#stats.listBytes());
    return ours.map(({ id }) => id).filter((id) => ids.includes(id));
  }
}
