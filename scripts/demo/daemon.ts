import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Processes that are dmfilemapd for a file. */
export function daemonsOf(path: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isDaemonOf(commandLine(name), path))
    .map(Number);
}

/** Whether a process's words are those of dmfilemapd following `path`; it may be the bundle under node. */
export function isDaemonOf(words: string, path: string): boolean {
  return /dmfilemapd(\.c?js)?[\0 ]/.test(words) && words.split(/[\0 ]/).includes(path);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

/** Waits for a file's daemons to end. @returns how long it took; undefined when it did not happen */
export async function daemonsEnded(path: string, limitMs: number): Promise<number | undefined> {
  const start = performance.now();
  while (daemonsOf(path).length > 0) {
    if (performance.now() - start > limitMs) return undefined;
    await delay(50);
  }
  return performance.now() - start;
}

/** Ends a file's daemons, for when they did not end by themselves. */
export async function killDaemons(path: string): Promise<void> {
  for (const pid of daemonsOf(path)) process.kill(pid, 'SIGTERM');
  if ((await daemonsEnded(path, 2000)) !== undefined) return;
  for (const pid of daemonsOf(path)) process.kill(pid, 'SIGKILL');
}
