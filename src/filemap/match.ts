import { DmParseError, UsageError } from '../mapper/errors.ts';
import { type BorneTag, type Group, isReplacedBy, tagOf } from '../stats/group.ts';
import { hasGroupTag } from '../stats/group-tag.ts';
import type { PackedIds } from '../stats/packed.ts';
import { areaCount, optionWords, parseListLine, type Region } from '../stats/region.ts';
import type { RegionOptions } from './application.ts';
import type { Run } from './extents.ts';

/** A filemap in a device's list, compared with a file's extents. */
export interface MatchedFilemap {
  readonly group: Group;
  /** Ids of the regions that are extents as they stand; ascending. */
  readonly same: readonly number[];
  /** The group's other regions. */
  readonly regions: readonly Region[];
  /** The extents that are no region as they stand. */
  readonly runs: readonly Run[];
  readonly options: RegionOptions;
}

const NEWLINE = 0x0a;
const ZERO = 0x30;
const NINE = 0x39;

const decoder = new TextDecoder();

/** Reads a list's bytes from left to right. */
class Cursor {
  readonly bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** A decimal number that ends with `end`, which is skipped; -1 where there is none. */
  number(end: number): number {
    const { bytes } = this;
    let at = this.at;
    let value = 0;
    for (; ; at++) {
      const byte = bytes[at];
      if (byte === undefined || byte < ZERO || byte > NINE) break;
      value = value * 10 + (byte - ZERO);
    }
    if (at === this.at || bytes[at] !== end) return -1;
    this.at = at + 1;
    return value;
  }

  /** Skips these bytes when they come next. */
  skip(expected: Uint8Array): boolean {
    for (let index = 0; index < expected.length; index++) {
      if (this.bytes[this.at + index] !== expected[index]) return false;
    }
    this.at += expected.length;
    return true;
  }

  /** The line that begins at `start`; the cursor goes behind it. */
  line(start: number): string {
    this.nextLine(start);
    return decoder.decode(this.bytes.subarray(start, this.at)).replace(/\n$/, '');
  }

  nextLine(from: number): void {
    const newline = this.bytes.indexOf(NEWLINE, from);
    this.at = newline < 0 ? this.bytes.length : newline + 1;
  }
}

const COLON = 0x3a;
const PLUS = 0x2b;
const BLANK = 0x20;

/**
 * Finds a file's group in the text of `@stats_list` and sets aside what did not change: of 10 000 regions mostly all.
 * Their lines are compared, byte by byte, with what the kernel prints for an extent; only the others are parsed.
 *
 * @param asked the group's id, or that of a region that led it before the list was made
 * @returns undefined when the group does not exist
 * @throws UsageError when the group was not made for a file: an update would destroy it
 */
export function matchFilemap(list: Uint8Array, asked: number, runs: readonly Run[]): MatchedFilemap | undefined {
  const tag = newestTag(list, asked);
  if (tag === undefined) return undefined;
  const { leader, kept } = tag;
  const groupId = leader.id;
  const options: RegionOptions = { programId: leader.programId, precise: leader.precise, bounds: leader.bounds };
  const program = leader.programId === '' ? '-' : leader.programId;
  const tail = new TextEncoder().encode(`${[program, '-', ...optionWords(options)].join(' ')}\n`);
  const matched = new Uint8Array(runs.length);
  const same: number[] = [];
  const members: number[] = [];
  const missing: number[] = [];
  const regions: Region[] = [];
  const cursor = new Cursor(list);
  let guess = 0;
  // Lines and members both ascend by id (the kernel keeps its list sorted).
  let next = 0;
  while (cursor.at < list.length && next < tag.members.length) {
    const start = cursor.at;
    const id = cursor.number(COLON);
    while (next < tag.members.length && (tag.members[next] as number) < id) missing.push(tag.members[next++] as number);
    if (id < 0 || tag.members[next] !== id) {
      cursor.nextLine(start);
      continue;
    }
    next++;
    const index = runOf(cursor, tail, runs, guess);
    // A second region over the same extent is not the same: it goes.
    if (index >= 0 && matched[index] === 0) {
      matched[index] = 1;
      guess = index + 1;
      same.push(id);
      members.push(id);
      continue;
    }
    const region = readLine(cursor.line(start));
    // An id is reused at once: what bears it now may be another program's, or lead another group.
    const isForeign =
      region === undefined || region.programId !== leader.programId || (id !== groupId && leadsAnother(region, tag));
    if (isForeign) {
      missing.push(id);
      continue;
    }
    if (areaCount(region) > 1) {
      throw new UsageError(`Group ID ${groupId} is no filemap: its region ${id} has ${areaCount(region)} areas`);
    }
    members.push(id);
    regions.push(region);
  }
  missing.push(...tag.members.slice(next));
  const { alias, form } = tag;
  return {
    group: { id: groupId, alias, members, missing, ...kept, tagForm: form },
    same,
    regions,
    runs: runs.filter((_, index) => matched[index] === 0),
    options,
  };
}

/**
 * The packed regions that a group's tag names; undefined for none, and for no group.
 *
 * @param asked as of `matchFilemap`
 */
export function packedIdsIn(list: Uint8Array, asked: number): PackedIds | undefined {
  return newestTag(list, asked)?.kept.packed;
}

function findLine(list: Uint8Array, id: number): Region | undefined {
  const bytes = Buffer.from(list.buffer, list.byteOffset, list.byteLength);
  const words = `${id}: `;
  // The first line has no newline before it; in the others no text can have one.
  const isFirst = bytes.subarray(0, words.length).equals(Buffer.from(words));
  const start = isFirst ? 0 : bytes.indexOf(`\n${words}`) + 1;
  return start === 0 && !isFirst ? undefined : readLine(new Cursor(list).line(start));
}

/** The tag of the group that a region leads or led: of its line's tags the one that counts. */
function newestTag(list: Uint8Array, id: number): BorneTag | undefined {
  const leader = findLine(list, id);
  const tag = leader && tagOf(leader);
  const generation = tag?.kept.generation;
  if (tag === undefined || generation === undefined) return tag;
  return linesWith(list, `|gen=${generation.line}.`)
    .flatMap((region) => tagOf(region) ?? [])
    .reduce((newest, other) => (isReplacedBy(newest, other) ? other : newest), tag);
}

/** Whether a region has a tag, and not one that is replaced by its group's. */
function leadsAnother(region: Region, tag: BorneTag): boolean {
  if (!hasGroupTag(region.aux)) return false;
  const own = tagOf(region);
  return own === undefined || !isReplacedBy(own, tag);
}

/**
 * Which run the region at the cursor is, when the kernel would print just this line for it: the run's start and length,
 * one area, and the words that all regions of the filemap share. Else -1.
 */
function runOf(cursor: Cursor, tail: Uint8Array, runs: readonly Run[], guess: number): number {
  cursor.at++;
  const start = cursor.number(PLUS);
  const length = cursor.number(BLANK);
  const step = cursor.number(BLANK);
  if (start < 0 || step !== length || !cursor.skip(tail)) return -1;
  // Regions mostly stand in the order of their extents.
  const index = runs[guess]?.start === start ? guess : indexOfStart(runs, start);
  const run = runs[index];
  return run?.start === start && run.end - start === length ? index : -1;
}

function indexOfStart(runs: readonly Run[], start: number): number {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((runs[middle] as Run).start < start) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The regions of one program in a device's list, whose other lines are not parsed. */
export function regionsOfProgram(list: Uint8Array, programId: string): Region[] {
  return linesWith(list, programId).filter((region) => region.programId === programId);
}

/** The regions in whose lines a text stands. */
export function linesWith(list: Uint8Array, text: string): Region[] {
  const bytes = Buffer.from(list.buffer, list.byteOffset, list.byteLength);
  const regions: Region[] = [];
  const cursor = new Cursor(list);
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, cursor.at)) {
    const region = readLine(cursor.line(bytes.lastIndexOf(NEWLINE, at) + 1));
    if (region !== undefined) regions.push(region);
  }
  return regions;
}

function readLine(line: string): Region | undefined {
  try {
    return parseListLine(line);
  } catch (error) {
    if (error instanceof DmParseError) return undefined;
    throw error;
  }
}
