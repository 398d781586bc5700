import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';

/** Bytes of a sector. */
export const SECTOR_BYTES = 512;

/** What a disk's content is kept on. */
export interface Medium extends Disposable {
  /** Fills `bytes` with what is there; what was never written is zeros. */
  read(offset: number, bytes: Uint8Array): void;
  write(offset: number, bytes: Uint8Array): void;
}

const PAGE_BYTES = 4096;

/** Content in memory; pages that were never written take none. */
export class MemoryMedium implements Medium {
  readonly #pages = new Map<number, Uint8Array>();

  read(offset: number, bytes: Uint8Array): void {
    eachPage(offset, bytes, (page, from, part) => {
      const content = this.#pages.get(page);
      if (content === undefined) part.fill(0);
      else part.set(content.subarray(from, from + part.length));
    });
  }

  write(offset: number, bytes: Uint8Array): void {
    eachPage(offset, bytes, (page, from, part) => {
      let content = this.#pages.get(page);
      if (content === undefined) {
        content = new Uint8Array(PAGE_BYTES);
        this.#pages.set(page, content);
      }
      content.set(part, from);
    });
  }

  [Symbol.dispose](): void {
    this.#pages.clear();
  }
}

function eachPage(
  offset: number,
  bytes: Uint8Array,
  visit: (page: number, from: number, part: Uint8Array) => void,
): void {
  for (let done = 0; done < bytes.length; ) {
    const at = offset + done;
    const from = at % PAGE_BYTES;
    const length = Math.min(PAGE_BYTES - from, bytes.length - done);
    visit(Math.floor(at / PAGE_BYTES), from, bytes.subarray(done, done + length));
    done += length;
  }
}

/** Content in a file, made when it is not there; holes stay holes. */
export class FileMedium implements Medium {
  readonly #fd: number;

  /** @param sizeBytes the file is made as large if it is smaller */
  constructor(path: string, sizeBytes: number) {
    this.#fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    if (fstatSync(this.#fd).size < sizeBytes) ftruncateSync(this.#fd, sizeBytes);
  }

  read(offset: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const count = readSync(this.#fd, bytes, done, bytes.length - done, offset + done);
      if (count === 0) {
        // Somebody cut the file short.
        bytes.fill(0, done);
        return;
      }
      done += count;
    }
  }

  write(offset: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.#fd, bytes, done, bytes.length - done, offset + done);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
