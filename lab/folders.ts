import { createHash } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the checkout, seen from the compiled file in dist/lab/. */
export const checkout = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Unpacked kernels, kept over runs. */
export function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'devicemapper-lab');
}

/** Where results of commands go, at the same path in the guest and on the host. */
export function outFolder(): string {
  return resolve(process.env['LAB_OUT'] || join(checkout, 'build/lab-out'));
}

/** The socket of the kept guest. Each checkout has a guest of its own. */
export function keeperSocket(): string {
  const name = createHash('sha256').update(checkout).digest('hex').slice(0, 12);
  return join(runtimeFolder(), 'devicemapper-lab', `${name}.socket`);
}

function runtimeFolder(): string {
  const own = process.env['XDG_RUNTIME_DIR'];
  if (own) return own;
  try {
    accessSync('/run', constants.W_OK);
    return '/run';
  } catch {
    // Everybody's folder: not to be mistaken for another user's.
    return join(tmpdir(), `lab-of-${process.getuid?.()}`);
  }
}
