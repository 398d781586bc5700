import { DmParseError, UsageError } from './errors.ts';
import { checkFits, MAX_TYPE_BYTES } from './names.ts';
import { type Sectors, sectors } from './units.ts';

/** One line of a table: `start` and `length` on the device, the target's type, its parameters. */
export interface TableLine {
  readonly start: Sectors;
  readonly length: Sectors;
  readonly type: string;
  readonly params: string;
}

/** The first sector that no device has (drivers/md/dm-table.c: a target's end must fit in `loff_t` as bytes). */
const SECTOR_LIMIT = 2n ** 54n;
/** drivers/md/dm-ioctl.c, `DM_MAX_TARGETS`. */
const MAX_TARGETS = 2 ** 20;

/**
 * Checks what the kernel would refuse with a bare EINVAL, or cut: at least one line, the first at sector 0, no gap and
 * no overlap, no line without sectors, a type of 1 to 15 bytes without blanks, no NUL in the parameters.
 *
 * @throws UsageError that names the line, from 1, and what is wrong with it
 */
export function checkTable(table: readonly TableLine[]): void {
  if (table.length === 0) throw new UsageError('The table is empty: it needs at least one line');
  if (table.length > MAX_TARGETS) {
    throw new UsageError(`The table has ${table.length} lines: the kernel takes at most ${MAX_TARGETS}`);
  }
  let end = 0n;
  for (const [index, { start, length, type, params }] of table.entries()) {
    const line = `Line ${index + 1} of the table`;
    if (start !== end) {
      const fault = start > end ? `a gap of ${start - end} sectors before it` : `${end - start} sectors that are taken`;
      throw new UsageError(`${line} starts at sector ${start}, with ${fault}: it must start at ${end}`);
    }
    if (length === 0n) throw new UsageError(`${line} has no sectors`);
    end = start + length;
    if (end >= SECTOR_LIMIT) throw new UsageError(`${line} ends behind sector 2^54-1, the last that the kernel has`);
    checkType(line, type);
    if (params.includes('\0')) throw new UsageError(`${line} holds a NUL byte in its parameters`);
  }
}

function checkType(line: string, type: string): void {
  if (type === '' || /\s/.test(type)) {
    throw new UsageError(`${line} has the type ${JSON.stringify(type)}: a target's type is one word`);
  }
  checkFits(`type in ${line.toLowerCase()}`, type, MAX_TYPE_BYTES);
}

/**
 * A table as dmsetup(8) writes it: `start length type params` on each line, each ended by a line feed.
 *
 * @throws UsageError for a line break in a type or in parameters, which no line of text can hold
 */
export function printTable(table: readonly TableLine[]): string {
  return table
    .map(({ start, length, type, params }, index) => {
      if (/[\r\n]/.test(type + params)) {
        throw new UsageError(`Line ${index + 1} of the table holds a line break in its parameters`);
      }
      return `${start} ${length} ${type}${params === '' ? '' : ` ${params}`}\n`;
    })
    .join('');
}

/**
 * Reads a table in text: `start length type params` on each line, in sectors of 512 bytes, `params` to the line's end as
 * it stands. Empty lines and those that begin with `#` are left out (dmsetup(8), "TABLE FORMAT"). The lines are not
 * checked against each other; see `checkTable`.
 *
 * @throws DmParseError with the line and the column
 */
export function parseTable(text: string): TableLine[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '' && !line.trimStart().startsWith('#'))
    .map(parseTableLine);
}

const LINE = /^(?<start>\s*\d+)(?<length>\s+\d+)(?<type>\s+\S+)(?:\s(?<params>.*))?$/s;
// Each longer by one word than the one before: the first that does not match is the word at fault.
const WORDS = [
  ['a start sector', /^\s*\d+(?=\s|$)/],
  ['a length in sectors', /^\s*\d+\s+\d+(?=\s|$)/],
  ["a target's type", /^\s*\d+\s+\d+\s+\S+/],
] as const;

/** Reads one line of a table; see `parseTable`. @throws DmParseError with the column */
export function parseTableLine(line: string): TableLine {
  const words = LINE.exec(line)?.groups;
  if (words === undefined) {
    let good = '';
    for (const [what, pattern] of WORDS) {
      const match = pattern.exec(line);
      if (match === null) throw new DmParseError(`expected ${what}`, line, columnAfter(line, good));
      [good] = match;
    }
    throw new DmParseError('expected a line of a table', line, 1);
  }
  const { start = '', length = '', type = '', params = '' } = words;
  return {
    start: sectorsAt(line, start, 0),
    length: sectorsAt(line, length, start.length),
    type: type.trim(),
    params,
  };
}

function columnAfter(line: string, good: string): number {
  const rest = line.slice(good.length);
  return good.length + rest.length - rest.trimStart().length + 1;
}

function sectorsAt(line: string, word: string, at: number): Sectors {
  try {
    return sectors(BigInt(word.trim()));
  } catch {
    const column = at + word.length - word.trimStart().length + 1;
    throw new DmParseError('a number of sectors beyond 2^64-1', line, column);
  }
}
