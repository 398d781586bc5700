import { ERRNO } from '../kernel/errno.ts';
import { sameWord } from '../targets/words.ts';
import { Refusal } from './errors.ts';
import { scanI32, scanRange, scanShare, scanU32, scanU64 } from './words.ts';

/** What `@stats_create` asks for. Texts are strings of bytes, stored as they came. */
export interface RegionDefinition {
  readonly start: bigint;
  readonly length: bigint;
  /** Sectors of an area. */
  readonly step: bigint;
  readonly precise: boolean;
  /** Strictly increasing, none 0; milliseconds, or nanoseconds when precise. */
  readonly bounds: readonly bigint[];
  readonly programId: string;
  readonly auxData: string;
}

/** One understood message of the statistics. */
export type StatsMessage =
  | { readonly kind: 'create'; readonly definition: RegionDefinition }
  | { readonly kind: 'delete' | 'clear'; readonly id: number }
  | { readonly kind: 'list'; readonly programId: string | undefined }
  | {
      readonly kind: 'print';
      readonly id: number;
      readonly firstArea: bigint;
      readonly areaCount: bigint;
      readonly clear: boolean;
    }
  | { readonly kind: 'setAux'; readonly id: number; readonly auxData: string };

const U64_MAX = 2n ** 64n - 1n;

function invalid(): never {
  throw new Refusal(ERRNO.EINVAL);
}

function idOf(word: string | undefined): number {
  const id = word === undefined ? undefined : scanI32(word);
  return id === undefined || id < 0 ? invalid() : id;
}

/** `-` is the whole device, of one sector when it has none; the end may lie anywhere but must not wrap. */
function rangeOf(word: string, deviceSectors: bigint): readonly [bigint, bigint] {
  if (word === '-') return [0n, deviceSectors === 0n ? 1n : deviceSectors];
  const range = scanRange(word);
  if (range === undefined || range[1] === 0n || range[0] + range[1] > U64_MAX) invalid();
  return range;
}

/** `/N` cuts the range in N areas, rounded up, but never less than a sector each. */
function stepOf(word: string, length: bigint): bigint {
  const share = scanShare(word);
  if (share !== undefined) {
    if (share === 0) invalid();
    return (length + BigInt(share) - 1n) / BigInt(share);
  }
  const step = scanU64(word);
  return step === undefined || step === 0n ? invalid() : step;
}

function boundsOf(text: string): bigint[] {
  const bounds: bigint[] = [];
  let last = 0n;
  for (const word of text.split(',')) {
    const bound = scanU64(word);
    if (bound === undefined || bound <= last) invalid();
    bounds.push(bound);
    last = bound;
  }
  return bounds;
}

function parseCreate(words: readonly string[], deviceSectors: bigint): StatsMessage {
  const [, range, stepWord, ...rest] = words;
  if (range === undefined || stepWord === undefined) invalid();
  const [start, length] = rangeOf(range, deviceSectors);
  const step = stepOf(stepWord, length);
  let precise = false;
  let bounds: bigint[] = [];
  // A numeric word after the step is always the number of option words, so a numeric program_id needs a 0 before it.
  const optionCount = rest[0] === undefined ? undefined : scanU32(rest[0]);
  if (optionCount !== undefined) {
    if (optionCount > rest.length - 1) invalid();
    for (const option of rest.splice(0, optionCount + 1).slice(1)) {
      if (sameWord(option, 'precise_timestamps')) precise = true;
      else if (sameWord(option.slice(0, 10), 'histogram:') && bounds.length === 0) bounds = boundsOf(option.slice(10));
      else invalid();
    }
  }
  if (rest.length > 2) invalid();
  const [programId = '-', auxData = '-'] = rest;
  return { kind: 'create', definition: { start, length, step, precise, bounds, programId, auxData } };
}

function parsePrint(words: readonly string[], clear: boolean): StatsMessage {
  if (words.length !== 2 && words.length !== 4) invalid();
  const id = idOf(words[1]);
  const number = (word: string | undefined, without: bigint): bigint =>
    word === undefined || word === '-' ? without : (scanU64(word) ?? invalid());
  return { kind: 'print', id, firstArea: number(words[2], 0n), areaCount: number(words[3], U64_MAX), clear };
}

/**
 * Understands a message of device-mapper's statistics, case-insensitive in its name.
 *
 * @param words the words as `splitWords` gives them
 * @param deviceSectors the device's size, which `-` stands for
 * @throws Refusal EINVAL when it is none, or not in its form
 */
export function parseStatsMessage(words: readonly string[], deviceSectors: bigint): StatsMessage {
  const [name = '', first, second] = words;
  const is = (expected: string): boolean => sameWord(name, expected);
  if (is('@stats_create')) return parseCreate(words, deviceSectors);
  if (is('@stats_print')) return parsePrint(words, false);
  if (is('@stats_print_clear')) return parsePrint(words, true);
  if (is('@stats_list')) return words.length > 2 ? invalid() : { kind: 'list', programId: first };
  if (is('@stats_delete')) return words.length !== 2 ? invalid() : { kind: 'delete', id: idOf(first) };
  if (is('@stats_clear')) return words.length !== 2 ? invalid() : { kind: 'clear', id: idOf(first) };
  if (is('@stats_set_aux')) {
    if (words.length !== 3 || second === undefined) invalid();
    return { kind: 'setAux', id: idOf(first), auxData: second };
  }
  return invalid();
}
