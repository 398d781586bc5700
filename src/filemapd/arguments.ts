import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { numberIn } from '../mapper/device-ref.ts';
import { UsageError } from '../mapper/errors.ts';

/** Which file the daemon follows when the one it began with is renamed, replaced or unlinked. */
export type FilemapdMode = 'inode' | 'path';

/** What dmfilemapd is told on its command line. */
export interface FilemapdArguments {
  /** A descriptor of the file, open for reading. */
  readonly fd: number;
  readonly groupId: number;
  /** The file's absolute path at the time it was opened. */
  readonly path: string;
  readonly mode: FilemapdMode;
  /** Stay in the foreground. */
  readonly foreground: boolean;
  /** 0 silent, 1 start, end and trouble, 2 every change of regions, 3 every look. */
  readonly verbose: number;
  /** How long the path may name nothing in path mode; milliseconds. */
  readonly absenceMs: number;
  /** Whether growth is counted from its first I/O on, by regions over free space. */
  readonly lookAhead: boolean;
  /** Regions beyond which extents share some; undefined: as the group does when the daemon begins. */
  readonly maxRegions: number | undefined;
  /** Bytes to keep reserved past the file's end; undefined: nothing. */
  readonly preallocate: bigint | undefined;
  /** The device whose sectors are counted; undefined: the uppermost of device-mapper's that has the data. */
  readonly level: DeviceNumber | undefined;
  /** The device that has the group; undefined: it is looked for. */
  readonly device: DeviceNumber | undefined;
  /** A descriptor on which readiness or the reason of a failure is told to whoever started the daemon. */
  readonly readyFd: number | undefined;
}

/** The longest time that the C daemon waits for a file to come back to its path, in round numbers. */
export const DEFAULT_ABSENCE_MS = 1000;

export const FILEMAPD_USAGE =
  'usage: dmfilemapd <fd> <group_id> <abs_path> <mode> [<foreground>[<log_level>]] [--absence SECONDS] [--no-look-ahead] [--max-regions N] [--level MAJOR:MINOR] [--device MAJOR:MINOR] [--preallocate SIZE]';

/**
 * The mode that a word names: `inode` or `path`, as `dm_filemapd_mode_from_string()` of libdevmapper.
 *
 * @throws UsageError for any other word
 */
export function filemapdModeFromString(word: string): FilemapdMode {
  if (word === 'inode' || word === 'path') return word;
  throw new UsageError(`Could not parse dmfilemapd mode: ${word} (inode or path)`);
}

function integer(word: string, complaint: string): number {
  if (!/^-?\d+$/.test(word) || !Number.isSafeInteger(Number(word))) throw new UsageError(complaint);
  return Number(word);
}

function deviceIn(option: string, word: string): DeviceNumber {
  const number = numberIn(word);
  if (number === undefined) throw new UsageError(`${option} ${word}: the number of a device, MAJOR:MINOR`);
  return number;
}

/**
 * Parses the words of the manual page dmfilemapd(8); options of our own begin with `--` and may stand anywhere.
 *
 * @param sizeOf reads a size with its unit; bytes
 * @throws UsageError in the words of the C daemon
 */
export function parseFilemapdArguments(
  argv: readonly string[],
  sizeOf: (option: string, text: string) => bigint,
): FilemapdArguments {
  const words: string[] = [];
  let absenceMs = DEFAULT_ABSENCE_MS;
  let lookAhead = true;
  let maxRegions: number | undefined;
  let preallocate: bigint | undefined;
  let level: DeviceNumber | undefined;
  let device: DeviceNumber | undefined;
  let readyFd: number | undefined;
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith('--')) {
      words.push(word);
      continue;
    }
    const [name, glued] = word.split('=', 2) as [string, string | undefined];
    const value = (): string => {
      const text = glued ?? rest.shift();
      if (text === undefined) throw new UsageError(`${name} needs a value`);
      return text;
    };
    if (name === '--no-look-ahead') {
      if (glued !== undefined) throw new UsageError('--no-look-ahead takes no value');
      lookAhead = false;
    } else if (name === '--absence') {
      const text = value();
      const seconds = Number(text);
      if (text.trim() === '' || !(seconds >= 0 && seconds <= 86_400)) {
        throw new UsageError(`--absence ${text}: a number of seconds from 0 to 86400`);
      }
      absenceMs = seconds * 1000;
    } else if (name === '--max-regions') {
      maxRegions = integer(value(), '--max-regions needs a number of regions');
      if (maxRegions < 1) throw new UsageError(`--max-regions ${maxRegions}: at least one region`);
    } else if (name === '--preallocate') preallocate = sizeOf('preallocate', value());
    else if (name === '--level') level = deviceIn(name, value());
    else if (name === '--device') device = deviceIn(name, value());
    else if (name === '--ready-fd') readyFd = integer(value(), '--ready-fd needs a descriptor number');
    else throw new UsageError(`Unknown option ${name}`);
  }
  if (words.length < 4 || words.length > 6) throw new UsageError('Wrong number of arguments.');
  const [fdWord = '', groupWord = '', path = '', modeWord = '', foregroundWord = '0', verboseWord = '0'] = words;
  const fd = integer(fdWord, `Could not parse file descriptor: ${fdWord}`);
  const groupId = integer(groupWord, `Could not parse group identifier: ${groupWord}`);
  if (groupId < 0) throw new UsageError(`Could not parse group identifier: ${groupWord}`);
  if (path === '') throw new UsageError('Path argument is required.');
  if (!path.startsWith('/')) throw new UsageError('Path argument must specify an absolute path.');
  if (modeWord === '') throw new UsageError('Mode argument is required.');
  const mode = filemapdModeFromString(modeWord);
  const foreground = integer(foregroundWord, `Could not parse debug argument: ${foregroundWord}.`) !== 0;
  const verbose = integer(verboseWord, `Could not parse verbose argument: ${verboseWord}`);
  if (verbose < 0 || verbose > 3) throw new UsageError(`Verbose argument out of range: ${verbose}.`);
  return {
    fd,
    groupId,
    path,
    mode,
    foreground,
    verbose,
    absenceMs,
    lookAhead,
    maxRegions,
    level,
    device,
    preallocate,
    readyFd,
  };
}
