import { createHash } from 'node:crypto';
import {
  close,
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  write,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hasCode } from '../../system/errors.ts';
import { mappedMemory } from '../../system/libc.ts';
import type { BlockStore, StoreDone } from '../block-store.ts';
import type { LogRecord } from '../ports.ts';
import { RUN_PAGE_BYTES } from '../shared-log.ts';

/** The folder's place: a memory file system that is empty after each start of the machine. */
export const STATE_FOLDER = '/run/dmlogd';

const FORMAT = 1;
const FILL_BYTES = 1024 * 1024;

const writeAsync = promisify(write);

/**
 * What a server leaves to its successor. It lies in memory, so that nothing here waits for a disk: what is written is
 * there for every other process at once, and gone with the machine.
 */
export class StateFolder {
  readonly path: string;

  constructor(path = STATE_FOLDER) {
    this.path = path;
    // Not with what leads there: a folder that is misspelt is not made, and below /proc Node would try for ever.
    for (const folder of [path, join(path, 'bits')]) makeFolder(folder);
  }

  /** The records of the server before; none when there was none, or when they are of a later format. */
  records(): readonly LogRecord[] {
    const known = this.#readJson('records.json');
    const isKnown = typeof known === 'object' && known !== null && 'format' in known && known.format === FORMAT;
    return isKnown && 'records' in known && Array.isArray(known.records) ? known.records.filter(isRecord) : [];
  }

  keepRecords(records: readonly LogRecord[]): void {
    this.#writeJson('records.json', { format: FORMAT, records });
  }

  /** What was kept under a name; undefined when there is nothing that can be read. */
  kept(name: string): unknown {
    return this.#readJson(`${name}.json`);
  }

  keep(name: string, value: unknown): void {
    this.#writeJson(`${name}.json`, value);
  }

  #readJson(name: string): unknown {
    try {
      return JSON.parse(readFileSync(join(this.path, name), 'utf8'));
    } catch (error) {
      if (hasCode(error, 'ENOENT') || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  #writeJson(name: string, value: unknown): void {
    const path = join(this.path, name);
    writeFileSync(`${path}.new`, JSON.stringify(value), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  /** One number that outlives the server at the cost of a store: the kernel's number of the last request that was read. */
  lastRequest(): Uint32Array {
    const path = join(this.path, 'last-request');
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      // A hole would find out later that memory is short.
      if (fstatSync(fd).size < RUN_PAGE_BYTES) writeSync(fd, new Uint8Array(RUN_PAGE_BYTES), 0, RUN_PAGE_BYTES, 0);
      return new Uint32Array(mappedMemory(fd, RUN_PAGE_BYTES).buffer, 0, 1);
    } finally {
      closeSync(fd);
    }
  }

  /** Opens the file of a mirror's sync bits; see `ServerPorts.openRun`. */
  async openBits(uuid: string, label: string, bytes: number, fresh: boolean): Promise<BlockStore> {
    const path = this.#bitsPath(uuid, label);
    if (fresh) rmSync(path, { force: true });
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      const { size } = fstatSync(fd);
      await fillWithZeros(fd, size, bytes);
      return new BitsFile(path, fd, Math.max(size, bytes));
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** Removes the bits of all mirrors but these. */
  keepOnlyBits(mirrors: readonly { readonly uuid: string; readonly label: string }[]): void {
    const kept = new Set(mirrors.map(({ uuid, label }) => this.#bitsPath(uuid, label)));
    for (const name of readdirSync(join(this.path, 'bits'))) {
      const path = join(this.path, 'bits', name);
      if (!kept.has(path)) rmSync(path);
    }
  }

  /** A uuid may hold any byte and be longer than a file's name. */
  #bitsPath(uuid: string, label: string): string {
    return join(this.path, 'bits', createHash('sha256').update(`${uuid} ${label}`).digest('hex'));
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
}

function isRecord(value: unknown): value is LogRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { uuid, luid, words, wasResumed, isRunning } = value as Partial<Record<keyof LogRecord, unknown>>;
  const isText =
    typeof uuid === 'string' && typeof words === 'string' && typeof luid === 'string' && /^\d+$/.test(luid);
  return isText && typeof wasResumed === 'boolean' && typeof isRunning === 'boolean';
}

/** Allocates a file's end: a hole would find out later that memory is short. Not on this thread: 10^8 regions take 12 MB. */
async function fillWithZeros(fd: number, from: number, to: number): Promise<void> {
  const zeros = new Uint8Array(Math.min(FILL_BYTES, Math.max(0, to - from)));
  for (let at = from; at < to; ) {
    const { bytesWritten } = await writeAsync(fd, zeros, 0, Math.min(zeros.length, to - at), at);
    at += bytesWritten;
  }
}

/** A file in memory: reading and writing it is copying, so it is done at once. */
class BitsFile implements BlockStore {
  readonly size: number;
  readonly sectorBytes = RUN_PAGE_BYTES;
  readonly label: string;
  readonly #path: string;
  readonly #fd: number;

  constructor(path: string, fd: number, size: number) {
    this.#path = path;
    this.label = path;
    this.#fd = fd;
    this.size = size;
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    const length = readSync(this.#fd, into, 0, into.length, offset);
    if (length < into.length) throw new Error(`${this.#path} ends at byte ${offset + length}`);
  }

  write(offset: number, bytes: Uint8Array, done: StoreDone): void {
    done(this.#write(offset, bytes));
  }

  #write(offset: number, bytes: Uint8Array): Error | undefined {
    try {
      const length = writeSync(this.#fd, bytes, 0, bytes.length, offset);
      return length < bytes.length
        ? new Error(`${this.#path} cannot be written at byte ${offset + length}`)
        : undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  sync(done: StoreDone): void {
    done(undefined);
  }

  close(): void {
    rmSync(this.#path, { force: true });
    // The last close gives the memory back: not on the thread that answers the kernel.
    close(this.#fd);
  }
}
