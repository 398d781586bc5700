/**
 * Packed regions: extents of a file that share a region, cut in areas that line up with them. A region over the span
 * counts sectors area by area, a companion of one area over the same span counts I/Os, times and the histogram. Neither
 * is purely the file's, so both have a program id of their own, and lists and reports of other programs stay as they
 * are. The tag of the file's group names them, in the same step of the kernel's as its members.
 */
import { formatIds, parseIds } from './group-tag.ts';
import { areaCount, type Region } from './region.ts';

/** The program of packed regions. */
export const PACKED_PROGRAM = 'dmstats-packed';

/** The packed regions that a group's tag names. */
export interface PackedIds {
  /** Tells the group's from others that got their ids later; it stands in their aux data too. */
  readonly word: string;
  /** Ascending. */
  readonly ids: readonly number[];
}

/** Extents that share a region. */
export interface PackedSpan {
  /** Cut in areas, without a histogram. */
  readonly areas: Region;
  /** Its companion of one area. */
  readonly whole: Region;
  /** A bit for each area, the lowest first: whether it is the file's. */
  readonly credited: Uint8Array;
}

/** Neighbouring sectors, `end` not included. */
interface Run {
  readonly start: number;
  readonly end: number;
}

/**
 * The most areas of a span: as aux data their bits take 2731 letters, and lvm2's tools cannot read a list with a line of
 * more than 4095.
 */
export const MOST_AREAS = 16_384;

const IDS = /\|packed=([0-9a-z]+):([\d,-]+)$/;

/** User data with the packed regions' ids behind it. */
export function joinPacked(userData: string, packed: PackedIds | undefined): string {
  return packed === undefined || packed.ids.length === 0
    ? userData
    : `${userData}|packed=${packed.word}:${formatIds(packed.ids)}`;
}

/** Takes apart what `joinPacked` joined. Text that only looks like it stays user data. */
export function splitPacked(text: string): { readonly userData: string; readonly packed?: PackedIds } {
  const match = IDS.exec(text);
  const ids = match === null ? undefined : parseIds(match[2] as string);
  if (match === null || ids === undefined) return { userData: text };
  return { userData: text.slice(0, match.index), packed: { word: match[1] as string, ids } };
}

/** The aux data of a span's region in areas. */
export function formatCredited(word: string, credited: Uint8Array): string {
  return `${word},areas=${Buffer.from(credited).toString('base64url')}`;
}

/** The aux data of a span's companion. */
export function formatWhole(word: string): string {
  return `${word},whole`;
}

/** Whether a region is a packed one of the group that has the word. */
export function isPackedOf({ programId, aux }: Pick<Region, 'programId' | 'aux'>, word: string): boolean {
  return programId === PACKED_PROGRAM && aux.startsWith(`${word},`);
}

function creditedOf(region: Region, word: string): Uint8Array | undefined {
  const prefix = `${word},areas=`;
  if (!region.aux.startsWith(prefix)) return undefined;
  const bits = new Uint8Array(Buffer.from(region.aux.slice(prefix.length), 'base64url'));
  return bits.length === Math.ceil(areaCount(region) / 8) ? bits : undefined;
}

/**
 * A group's spans among a device's regions. A span of which somebody deleted one of its two regions counts nothing any
 * more.
 */
export function spansOf(regions: readonly Region[], { word, ids }: PackedIds): PackedSpan[] {
  const named = new Set(ids);
  const own = regions.filter((region) => named.has(region.id) && isPackedOf(region, word));
  const place = ({ start, length }: Region): string => `${start}+${length}`;
  const wholes = new Map(
    own.filter(({ aux }) => aux === formatWhole(word)).map((region) => [place(region), region] as const),
  );
  return own.flatMap((areas) => {
    const credited = creditedOf(areas, word);
    const whole = wholes.get(place(areas));
    return credited === undefined || whole === undefined ? [] : [{ areas, whole, credited }];
  });
}

/** Whether an area is the file's. */
export function isCredited(credited: Uint8Array, area: number): boolean {
  return (((credited[area >>> 3] ?? 0) >>> (area & 7)) & 1) === 1;
}

/** The bits of areas that lie in ascending, disjoint runs, whose borders are borders of areas. */
export function creditOf({ start, step, areas }: { start: number; step: number; areas: number }, runs: readonly Run[]) {
  const credited = new Uint8Array(Math.ceil(areas / 8));
  for (const run of runs) {
    const end = (run.end - start) / step;
    for (let area = (run.start - start) / step; area < end; area++) {
      credited[area >>> 3] = (credited[area >>> 3] ?? 0) | (1 << (area & 7));
    }
  }
  return credited;
}

/** The sectors of a span that are the file's, as ascending runs that do not touch. */
export function creditedRuns({ areas, credited }: PackedSpan): Run[] {
  const first = Number(areas.start);
  const step = Number(areas.step);
  const limit = first + Number(areas.length);
  const runs: { start: number; end: number }[] = [];
  for (let area = 0; area < areaCount(areas); area++) {
    if (!isCredited(credited, area)) continue;
    const start = first + area * step;
    const end = Math.min(start + step, limit);
    const last = runs.at(-1);
    if (last?.end === start) last.end = end;
    else runs.push({ start, end });
  }
  return runs;
}

/** How many sectors of a span are the file's. */
export function creditedSectors(span: PackedSpan): bigint {
  return BigInt(creditedRuns(span).reduce((sum, { start, end }) => sum + end - start, 0));
}
