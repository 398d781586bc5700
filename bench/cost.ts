import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a command cost; milliseconds. */
export interface Cost {
  /** User and system time of the process and its threads. */
  readonly cpuMs: number;
  readonly wallMs: number;
}

let errorFile: string | undefined;

/** Runs a command with its output thrown away, and measures it with the shell's `time` (a millisecond, by getrusage). */
export function costOf(...argv: readonly string[]): Cost {
  errorFile ??= join(mkdtempSync(join(tmpdir(), 'cost-')), 'stderr');
  const script = `TIMEFORMAT='%3U %3S %3R'; errors=$1; shift; time "$@" >/dev/null 2>"$errors"`;
  // With a socket for its input, as Node gives it, bash would take itself for a remote login and read .bashrc.
  const words = ['--norc', '-c', script, 'bash', errorFile, ...argv];
  const { status, signal, stderr } = spawnSync('bash', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (status !== 0) {
    throw new Error(`${argv.join(' ')}: ${status ?? signal}: ${readFileSync(errorFile, 'utf8')}${stderr}`);
  }
  const [user = 0, system = 0, wall = 0] = stderr.trim().split(' ').map(Number);
  return { cpuMs: (user + system) * 1000, wallMs: wall * 1000 };
}

/** Debian's C tool; by its path, since the package's own commands come first. */
export const C_DMSTATS = '/sbin/dmstats';
/** This package's command, bundled. */
export const OUR_DMSTATS = new URL('../bin/dmstats.cjs', import.meta.url).pathname;
