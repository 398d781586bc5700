import { SECTOR_BYTES } from '../mapper/units.ts';
import { creditedRuns, type PackedSpan } from '../stats/packed.ts';

/** A part of a device; bytes, `end` not included. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

/** The parts of a shared region that are the file's. */
export function creditedBytes(span: PackedSpan): Place[] {
  const bytes = Number(SECTOR_BYTES);
  return creditedRuns(span).map(({ start, end }) => ({ start: start * bytes, end: end * bytes }));
}
