import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const limitBytes = 2 ** 22;

/** The last of what the kernel and QEMU said. Becomes a file only when somebody has to read it. */
export class ConsoleLog {
  /** All has been read. */
  readonly ended: Promise<unknown>;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(sources: readonly Socket[]) {
    this.ended = Promise.all(
      sources.map((source) => {
        source.on('data', (chunk: Buffer) => this.#add(chunk));
        source.on('error', () => {});
        return once(source, 'close').catch(() => {});
      }),
    );
  }

  /** Writes the log to a new file and gives its path. */
  keep(): string {
    const file = join(mkdtempSync(join(tmpdir(), 'devicemapper-lab-console-')), 'console.log');
    writeFileSync(file, Buffer.concat(this.#chunks));
    return file;
  }

  #add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes > limitBytes) this.#bytes -= this.#chunks.shift()?.length ?? 0;
  }
}
