/** What a run of the demo leaves behind for the picture; all of it measured. */
import type { PhaseName } from './phases.ts';

/** A stretch of the file, in bytes from its beginning. */
export interface Stretch {
  readonly offset: number;
  readonly length: number;
}

/** A stretch that a region covers. */
export interface Piece extends Stretch {
  /** Tells regions apart over time: ids are used again. */
  readonly region: string;
  /** Sectors read and written in the region in the time that ends here, by the second. */
  readonly sectorsPerSecond: number;
}

/** The file and its regions at a moment. */
export interface Frame {
  readonly atMs: number;
  readonly sizeBytes: number;
  readonly pieces: readonly Piece[];
  /** Blocks of the file without a region. */
  readonly uncovered: readonly Stretch[];
}

/** One second in numbers. */
export interface Row {
  readonly atMs: number;
  readonly phase: PhaseName;
  readonly sizeBytes: number;
  readonly extents: number;
  readonly regions: number;
  readonly readsPerSecond: number;
  readonly writesPerSecond: number;
  readonly readBytesPerSecond: number;
  readonly writeBytesPerSecond: number;
  readonly meanWaitMs: number;
  /** Sectors read and written that the group has counted since the program began. */
  readonly countedSectors: number;
  /** Sectors that the program moved less those counted. */
  readonly notSeenSectors: number;
}

/** Something that happened. */
export interface Mark {
  readonly atMs: number;
  readonly text: string;
}

/** The mark at the program's end. */
export const PROGRAM_ENDS = 'the program ends';

/** A whole run. */
export interface Recording {
  readonly kernel: string;
  readonly fileSystem: string;
  readonly frames: readonly Frame[];
  readonly rows: readonly Row[];
  readonly phases: readonly { readonly name: PhaseName; readonly label: string; readonly atMs: number }[];
  readonly marks: readonly Mark[];
}

/** The recording's name in the folder of results. */
export const RECORDING_FILE = 'demo-recording.json';
