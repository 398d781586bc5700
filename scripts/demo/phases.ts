/** What the demo's program does to the file, one after the other. */
export type PhaseName = 'append' | 'allocate' | 'records' | 'steady';

/** One way of working on a file. */
export interface Phase {
  readonly name: PhaseName;
  /** For tables; at most 18 characters. */
  readonly label: string;
  /** Infinity: until it is stopped. */
  readonly ms: number;
  /** Bytes of one write. */
  readonly block: number;
  /** Ticks from one write to the next. */
  readonly everyTicks: number;
}

export const KIB = 1024;
export const MIB = 1024 * KIB;

/** Between two rounds of the program; rates are at most what follows from it. */
export const TICK_MS = 20;
/** Reads a tick: the reader never rests. */
export const READS_PER_TICK = 3;
export const READ_BYTES = 16 * KIB;
/** Of so many reads, one goes anywhere; the others go to the hot spot. */
export const COLD_READ_EVERY = 8;

/** The file before anything follows it: extents apart from each other. */
export const FIRST_EXTENTS = 3;
export const FIRST_EXTENT_BYTES = 2 * MIB;
/** Where nearly all reads go: a part of the second extent. */
export const HOT_SPOT = { offset: 2.5 * MIB, length: MIB };

/** What is allocated at a time, and how often, in phase `allocate`. */
export const ALLOCATE_BYTES = 2 * MIB;
export const ALLOCATE_TIMES = 3;

export const PHASES: readonly Phase[] = [
  { name: 'append', label: 'O_DIRECT append', ms: 4000, block: 128 * KIB, everyTicks: 5 },
  { name: 'allocate', label: 'fallocate, write', ms: 4500, block: 64 * KIB, everyTicks: 1 },
  { name: 'records', label: 'fsynced records', ms: 3500, block: 12_000, everyTicks: 3 },
  { name: 'steady', label: 'overwrites', ms: Number.POSITIVE_INFINITY, block: 64 * KIB, everyTicks: 2 },
];

/** How long the file grows. */
export const GROWTH_MS = PHASES.reduce((sum, { ms }) => sum + (Number.isFinite(ms) ? ms : 0), 0);

const PAGE = 4096;

/**
 * Sectors that reach the device when a buffered write is fsynced: all pages that it touches, each as a whole, since the
 * demo's file systems have blocks of a page.
 */
export function sectorsOfPages(offset: number, length: number): number {
  const first = Math.floor(offset / PAGE);
  const last = Math.floor((offset + length - 1) / PAGE);
  return length === 0 ? 0 : ((last - first + 1) * PAGE) / 512;
}
