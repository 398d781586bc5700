import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { keyOf } from '../../devices/table-uses.ts';
import { UsageError } from '../../mapper/errors.ts';
import { hasCode } from '../../system/errors.ts';
import {
  type FollowedRecord,
  type PatternRecord,
  plainFile,
  plainPattern,
  RecordReader,
  readFollowedRecord,
  readPatternRecord,
} from './records.ts';

const FORMAT = 1;

/** What a service follows. */
export interface ServiceState {
  readonly files: readonly FollowedRecord[];
  readonly patterns: readonly PatternRecord[];
}

/** Where a service keeps what it follows. */
export interface StateStore {
  /** What the service before followed; nothing when there was none. */
  read(): ServiceState;
  /** On return another process finds all of it, or all of what was there before. */
  write(state: ServiceState): void;
  /** As `write` with one file more, at a price that does not grow with the files that are there. */
  add(file: FollowedRecord): void;
}

/** What makes a state's text that of a state with one file more. */
export function formatAdded(file: FollowedRecord): string {
  return `${JSON.stringify(plainFile(file))}\n`;
}

/** A state as a line of JSON. */
export function formatState({ files, patterns }: ServiceState): string {
  return `${JSON.stringify({ format: FORMAT, files: files.map(plainFile), patterns: patterns.map(plainPattern) })}\n`;
}

/** Reads `formatState`'s text, and what was added to it. @throws UsageError for any other */
export function parseState(text: string): ServiceState {
  const [first = '', ...added] = text.split('\n');
  // What follows the last newline was being added when its process was killed: nobody was told of it.
  added.pop();
  const reader = new RecordReader(parseLine(first), 'state');
  if (reader.number('format') !== FORMAT) throw new UsageError(`format ${reader.number('format')} is not known`);
  const files = [...reader.list('files'), ...added.map(parseLine)].map(readFollowedRecord);
  const patterns = reader.list('patterns').map(readPatternRecord);
  return { files: added.length === 0 ? files : newestOf(files), patterns };
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new UsageError(`no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** One record of each file: one that was added may be in a state that was written meanwhile. */
function newestOf(files: readonly FollowedRecord[]): FollowedRecord[] {
  return [...new Map(files.map((file) => [`${keyOf(file.home)}/${file.inode}`, file])).values()];
}

/** A state in a file of a memory file system: it lives as long as the kernel's regions, and no longer. */
export function stateFile(path: string): StateStore {
  return {
    read() {
      let text: string;
      try {
        text = readFileSync(path, 'utf8');
      } catch (error) {
        if (hasCode(error, 'ENOENT')) return { files: [], patterns: [] };
        throw error;
      }
      try {
        return parseState(text);
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        throw new UsageError(`${path}: ${error.message}; remove it to begin without the files of the service before`);
      }
    },
    write(state) {
      writeFileSync(`${path}.new`, formatState(state), { mode: 0o600 });
      renameSync(`${path}.new`, path);
    },
    add(file) {
      appendFileSync(path, formatAdded(file));
    },
  };
}
