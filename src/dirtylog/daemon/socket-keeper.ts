/**
 * Who keeps the socket of the kernel's requests while one server is dead and the next not there yet. A request that finds
 * no listener is tried again after two seconds, one that is in the socket's queue is answered by whoever reads it. The
 * keeper is a shell: what has no program of its own has nothing to crash, and it takes less than a megabyte.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import type { ConnectorMember } from '../../system/connector-socket.ts';
import { SystemError } from '../../system/errors.ts';
import { copyDescriptor } from '../../system/pidfd.ts';

/** As long as the kernel waits for an answer: a server that is not back by then is not being restarted. */
const KEEP_SECONDS = 15;
/** Ends with a word from its server; goes on as another program, by which it is known, when the server is gone without one. */
const SCRIPT = `read -r word || exec sleep ${KEEP_SECONDS}`;
const ALONE = 'sleep';
const FD = 3;
const MARK = 'DMLOGD_KEEPS_SOCKET=1';
/** How long a keeper may take to notice that its server is dead. */
const NOTICE_MS = 500;
const LOOK_EVERY_MS = 5;

/** Has a socket kept, from the death of this process on. Without it a mirror waits longer, and that is all. */
export function keepSocket(fd: number): { readonly letGo: () => void } {
  const [name, value] = MARK.split('=') as [string, string];
  const child = spawn('/bin/sh', ['-c', SCRIPT], {
    cwd: '/',
    detached: true,
    env: { PATH: '/usr/bin:/bin', [name]: value },
    stdio: ['pipe', 'ignore', 'ignore', fd],
  });
  const { stdin } = child;
  child.on('error', () => {});
  child.unref();
  stdin?.on('error', () => {});
  if (stdin instanceof Socket) stdin.unref();
  return { letGo: () => void stdin?.write('over\n') };
}

/** A socket that was kept, and its keepers, which are needed no more once it has another. */
export interface KeptSocket {
  /** Undefined when this process may not have it: what is in its queue, the kernel is asked for again. */
  readonly fd: number | undefined;
  readonly inode: number;
  dismiss(): void;
}

/** Takes the socket that a dead server has left; undefined when there is none. */
export async function takeKeptSocket(members: readonly ConnectorMember[]): Promise<KeptSocket | undefined> {
  for (const { inode } of members) {
    const keepers = keepersOf(inode);
    if (keepers.length === 0 || !(await areAlone(keepers))) continue;
    return {
      fd: copied(keepers[0] as number),
      inode,
      dismiss() {
        for (const pid of keepers) end(pid);
      },
    };
  }
  return undefined;
}

function copied(keeper: number): number | undefined {
  try {
    return copyDescriptor(keeper, FD);
  } catch (error) {
    if (error instanceof SystemError) return undefined;
    throw error;
  }
}

function keepersOf(inode: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      if (!(pid > 0)) return false;
      try {
        if (readlinkSync(`/proc/${pid}/fd/${FD}`) !== `socket:[${inode}]`) return false;
        return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(MARK);
      } catch {
        return false;
      }
    });
}

/** Whether their servers are dead. */
async function areAlone(keepers: readonly number[]): Promise<boolean> {
  const until = performance.now() + NOTICE_MS;
  while (!keepers.every((pid) => nameOf(pid) === ALONE)) {
    if (performance.now() > until) return false;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return true;
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'latin1').trim();
  } catch {
    return '';
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
