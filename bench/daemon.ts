import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import type { FilemapdMode } from '../src/filemapd/arguments.ts';
import { startFilemapd } from '../src/filemapd/start.ts';
import { hasCode } from '../src/system/errors.ts';
import { sleep } from './scenario.ts';

/** What a process has used since it began, and holds now. */
export interface Usage {
  /** Voluntary context switches of all threads: each is a sleep, that is a wake-up. */
  readonly wakeups: number;
  readonly cpuMs: number;
  readonly pssKib: number;
  readonly rssKib: number;
  readonly anonymousKib: number;
  readonly descriptors: number;
  readonly watches: number;
}

/** A descriptor may be closed between the listing and the look at it. */
function infoOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return '';
    throw error;
  }
}

/** This package's dmfilemapd, started as `dmstats create --filemap` starts it. */
export class Daemon implements AsyncDisposable {
  readonly pid: number;

  private constructor(pid: number) {
    this.pid = pid;
  }

  /** The service of this machine; returns when it is ready. */
  static async startService(): Promise<Daemon> {
    const child = spawn('dmfilemapd', ['service'], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    const { pid, stdout } = child;
    if (pid === undefined) throw new Error('the service does not start');
    await Promise.race([once(stdout, 'data'), once(child, 'exit')]);
    if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}`);
    child.unref();
    stdout.destroy();
    return new Daemon(pid);
  }

  /** Returns when it follows the file. */
  static async start(path: string, groupId: number, mode: FilemapdMode): Promise<Daemon> {
    const fd = openSync(path, 'r');
    try {
      return new Daemon((await startFilemapd({ fd, groupId, path, mode })).pid);
    } finally {
      closeSync(fd);
    }
  }

  get isRunning(): boolean {
    return existsSync(`/proc/${this.pid}/exe`);
  }

  usage(): Usage {
    const process = `/proc/${this.pid}`;
    const read = (name: string): string => readFileSync(`${process}/${name}`, 'utf8');
    const numberIn = (text: string, key: string): number =>
      Number(new RegExp(`^${key}:\\s*(\\d+)`, 'm').exec(text)?.[1]);
    let wakeups = 0;
    let cpuMs = 0;
    for (const thread of readdirSync(`${process}/task`)) {
      wakeups += numberIn(read(`task/${thread}/status`), 'voluntary_ctxt_switches');
      cpuMs += Number(read(`task/${thread}/schedstat`).split(' ')[0]) / 1e6;
    }
    const memory = read('smaps_rollup');
    const descriptors = readdirSync(`${process}/fd`);
    const infos = descriptors.map((fd) => infoOf(`${process}/fdinfo/${fd}`)).join('\n');
    return {
      wakeups,
      cpuMs,
      pssKib: numberIn(memory, 'Pss'),
      rssKib: numberIn(memory, 'Rss'),
      anonymousKib: numberIn(memory, 'Anonymous'),
      descriptors: descriptors.length,
      watches: infos.match(/^inotify wd/gm)?.length ?? 0,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.isRunning) throw new Error('dmfilemapd ended by itself');
    process.kill(this.pid, 'SIGTERM');
    for (const start = performance.now(); this.isRunning; await sleep(20)) {
      if (performance.now() - start > 60_000) throw new Error('dmfilemapd does not end by SIGTERM');
    }
  }
}
