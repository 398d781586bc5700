/** What a service follows, as it is kept for its successor and sent over its socket. Pure. */
import { keyOf } from '../../devices/table-uses.ts';
import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';
import { UsageError } from '../../mapper/errors.ts';
import type { FilemapdMode } from '../arguments.ts';

/** How a file is followed. */
export interface FollowWays {
  readonly mode: FilemapdMode;
  /** How long the path may name nothing in path mode; milliseconds. */
  readonly absenceMs: number;
  readonly lookAhead: boolean;
  /** See `UpdateOptions.maxRegions`. */
  readonly maxRegions?: number | undefined;
  /** See `FilemapdRun.level`. */
  readonly level?: DeviceNumber | undefined;
  /** Bytes to keep reserved past the file's end; undefined: nothing. */
  readonly preallocate?: bigint | undefined;
}

/** A file and its group. */
export interface FileRecord extends FollowWays {
  /** Absolute. */
  readonly path: string;
  /** The device that has the group. */
  readonly device: DeviceNumber;
  /** The device of its file system (`st_dev`): with `inode` it tells the file from all others. */
  readonly home: DeviceNumber;
  readonly inode: bigint;
  readonly groupId: number;
}

/** A file that a service follows. */
export interface FollowedRecord extends FileRecord {
  /** The group's name, by which it is known again. */
  readonly alias: string;
  /** The pattern by which it joined; undefined for a file that was asked for by its name. */
  readonly pattern: string | undefined;
}

/** Files by their names, and how they are mapped. */
export interface PatternRecord extends FollowWays {
  /** Absolute; wildcards in the last part only. */
  readonly pattern: string;
  readonly programId: string;
  readonly precise: boolean;
  /** Nanoseconds. */
  readonly bounds: readonly bigint[];
}

/** What a service asks of a value that comes from elsewhere. @throws UsageError naming what is wrong */
export class RecordReader {
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #what: string;

  /** @param what what the value is, for the messages */
  constructor(value: unknown, what: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new UsageError(`${what}: no object`);
    this.#value = { ...value };
    this.#what = what;
  }

  #wrong(name: string, right: string): UsageError {
    return new UsageError(`${this.#what}: "${name}" must be ${right}`);
  }

  has(name: string): boolean {
    return this.#value[name] !== undefined && this.#value[name] !== null;
  }

  raw(name: string): unknown {
    return this.#value[name];
  }

  text(name: string): string {
    const value = this.#value[name];
    if (typeof value !== 'string') throw this.#wrong(name, 'text');
    return value;
  }

  path(name: string): string {
    const path = this.text(name);
    if (!path.startsWith('/') || path.includes('\0')) throw this.#wrong(name, 'an absolute path');
    return path;
  }

  flag(name: string): boolean {
    const value = this.#value[name];
    if (typeof value !== 'boolean') throw this.#wrong(name, 'true or false');
    return value;
  }

  number(name: string): number {
    const value = this.#value[name];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw this.#wrong(name, 'a whole number');
    }
    return value;
  }

  bigint(name: string): bigint {
    const text = this.text(name);
    if (!/^\d{1,20}$/.test(text)) throw this.#wrong(name, 'a whole number, as text');
    return BigInt(text);
  }

  list(name: string): readonly unknown[] {
    const value = this.#value[name];
    if (!Array.isArray(value)) throw this.#wrong(name, 'a list');
    return value;
  }

  device(name: string): DeviceNumber {
    const match = /^(\d{1,4}):(\d{1,7})$/.exec(this.text(name));
    if (match === null) throw this.#wrong(name, 'MAJOR:MINOR');
    return { major: Number(match[1]), minor: Number(match[2]) };
  }

  ways(): FollowWays {
    const mode = this.text('mode');
    if (mode !== 'inode' && mode !== 'path') throw this.#wrong('mode', 'inode or path');
    return {
      mode,
      absenceMs: this.number('absenceMs'),
      lookAhead: this.flag('lookAhead'),
      ...(this.has('maxRegions') && { maxRegions: this.number('maxRegions') }),
      ...(this.has('preallocate') && { preallocate: this.bigint('preallocate') }),
      ...(this.has('level') && { level: this.device('level') }),
    };
  }
}

/** @throws UsageError */
export function readFileRecord(value: unknown): FileRecord {
  const reader = new RecordReader(value, 'file');
  const ways = reader.ways();
  const device = reader.device('device');
  return {
    ...ways,
    path: reader.path('path'),
    device,
    // Services that knew files on device-mapper devices only did not write it.
    home: reader.has('home') ? reader.device('home') : device,
    inode: reader.bigint('inode'),
    groupId: reader.number('groupId'),
  };
}

/** @throws UsageError */
export function readFollowedRecord(value: unknown): FollowedRecord {
  const reader = new RecordReader(value, 'file');
  const pattern = reader.has('pattern') ? reader.path('pattern') : undefined;
  return { ...readFileRecord(value), alias: reader.text('alias'), pattern };
}

/** @throws UsageError */
export function readPatternRecord(value: unknown): PatternRecord {
  const reader = new RecordReader(value, 'pattern');
  const bounds = reader.list('bounds').map((bound) => {
    if (typeof bound !== 'string' || !/^\d{1,20}$/.test(bound))
      throw new UsageError('pattern: "bounds" must be numbers');
    return BigInt(bound);
  });
  return {
    ...reader.ways(),
    pattern: reader.path('pattern'),
    programId: reader.text('programId'),
    precise: reader.flag('precise'),
    bounds,
  };
}

const plainWays = ({ preallocate, level }: FollowWays): Readonly<Record<string, string>> => ({
  ...(preallocate !== undefined && { preallocate: `${preallocate}` }),
  ...(level !== undefined && { level: keyOf(level) }),
});

/** A record as JSON can hold it: numbers of 64 bits as text. */
export function plainFile(record: FileRecord): Readonly<Record<string, unknown>> {
  const { device, home, inode } = record;
  return { ...record, ...plainWays(record), device: keyOf(device), home: keyOf(home), inode: `${inode}` };
}

/** A record as JSON can hold it. */
export function plainPattern(record: PatternRecord): Readonly<Record<string, unknown>> {
  return { ...record, ...plainWays(record), bounds: record.bounds.map(String) };
}
