import { readFileSync, renameSync, writeFileSync } from 'node:fs';
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
}

/** A state as JSON. */
export function formatState({ files, patterns }: ServiceState): string {
  return JSON.stringify({ format: FORMAT, files: files.map(plainFile), patterns: patterns.map(plainPattern) });
}

/** Reads `formatState`'s text. @throws UsageError for any other */
export function parseState(text: string): ServiceState {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const reader = new RecordReader(value, 'state');
  if (reader.number('format') !== FORMAT) throw new UsageError(`format ${reader.number('format')} is not known`);
  return {
    files: reader.list('files').map(readFollowedRecord),
    patterns: reader.list('patterns').map(readPatternRecord),
  };
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
  };
}
