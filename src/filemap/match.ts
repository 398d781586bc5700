import { DmParseError, UsageError } from '../mapper/errors.ts';
import { splitCarried } from '../stats/carried.ts';
import type { Group } from '../stats/group.ts';
import { hasGroupTag, parseGroupTag } from '../stats/group-tag.ts';
import { areaCount, optionWords, parseListLine, type Region } from '../stats/region.ts';
import type { RegionOptions } from './apply.ts';
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

/**
 * Finds a file's group in the text of `@stats_list` and sets aside what did not change: of 10 000 regions mostly all.
 * Their lines are compared as text with what the kernel prints for an extent; only the others are parsed.
 *
 * @returns undefined when the group does not exist
 * @throws UsageError when the group was not made for a file: an update would destroy it
 */
export function matchFilemap(list: string, groupId: number, runs: readonly Run[]): MatchedFilemap | undefined {
  const lines = list.split('\n');
  const leader = readLine(lines.find((line) => line.startsWith(`${groupId}: `)));
  const tag = leader !== undefined && hasGroupTag(leader.aux) ? parseGroupTag(leader.aux, groupId) : undefined;
  if (leader === undefined || tag === undefined) return undefined;
  const options: RegionOptions = { programId: leader.programId, precise: leader.precise, bounds: leader.bounds };
  const program = leader.programId === '' ? '-' : leader.programId;
  const tail = ` ${[program, '-', ...optionWords(options)].join(' ')}`;
  const matched = new Uint8Array(runs.length);
  const same: number[] = [];
  const members: number[] = [];
  const missing: number[] = [];
  const regions: Region[] = [];
  let guess = 0;
  // Lines and members both ascend by id (the kernel keeps its list sorted).
  let next = 0;
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const id = Number(line.slice(0, colon));
    while (next < tag.members.length && (tag.members[next] as number) < id) missing.push(tag.members[next++] as number);
    if (tag.members[next] !== id) continue;
    next++;
    const index = runOf(line, colon, tail, runs, guess);
    // A second region over the same extent is not the same: it goes.
    if (index !== undefined && matched[index] === 0) {
      matched[index] = 1;
      guess = index + 1;
      same.push(id);
      members.push(id);
      continue;
    }
    const region = readLine(line);
    // An id is reused at once: what bears it now may be another program's, or lead another group.
    const isForeign =
      region === undefined || region.programId !== leader.programId || (id !== groupId && hasGroupTag(region.aux));
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
  const { alias, form, userData } = tag;
  return {
    group: { id: groupId, alias, members, missing, ...splitCarried(userData), tagForm: form },
    same,
    regions,
    runs: runs.filter((_, index) => matched[index] === 0),
    options,
  };
}

/**
 * Which run a line's region is, when the kernel would print just this line for it: the run's start and length, one area,
 * and the words that all regions of the filemap share.
 */
function runOf(line: string, colon: number, tail: string, runs: readonly Run[], guess: number): number | undefined {
  if (!line.endsWith(tail)) return undefined;
  const plus = line.indexOf('+', colon);
  const blank = line.indexOf(' ', plus);
  const start = Number(line.slice(colon + 2, plus));
  const length = line.slice(plus + 1, blank);
  if (line.length - tail.length !== blank + 1 + length.length || !line.startsWith(length, blank + 1)) return undefined;
  // Regions mostly stand in the order of their extents.
  const index = runs[guess]?.start === start ? guess : indexOfStart(runs, start);
  const run = runs[index];
  return run?.start === start && run.end - start === Number(length) ? index : undefined;
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

function readLine(line: string | undefined): Region | undefined {
  try {
    return line === undefined ? undefined : parseListLine(line);
  } catch (error) {
    if (error instanceof DmParseError) return undefined;
    throw error;
  }
}
