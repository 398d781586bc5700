import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The C program beside which dmlogd is measured; it is not copied to dist/. */
const SOURCE = fileURLToPath(new URL('../../../bench/dirtylog/responder.c', import.meta.url));

/** Compiles the responder into a folder; its path. */
export function buildResponder(folder: string): string {
  const program = join(folder, 'responder');
  execFileSync('gcc', ['-O2', '-o', program, SOURCE]);
  return program;
}
