/**
 * How long single operations on 10^8 regions take, in a thread with the server's limits:
 * `node dist/bench/dirtylog/bitmap.js`. Prints JSON. Of loading, the thread's processor time between two turns of the
 * event loop: the time on the wall is that of whoever else is running.
 */
import { setImmediate } from 'node:timers/promises';
import { isMainThread, Worker } from 'node:worker_threads';
import { Bitmap } from '../../src/dirtylog/bitmap.ts';
import type { BlockStore } from '../../src/dirtylog/block-store.ts';
import { THREAD_LIMITS } from '../../src/dirtylog/daemon/server-thread.ts';
import { parseLogArguments } from '../../src/dirtylog/logs/arguments.ts';
import { loadLog } from '../../src/dirtylog/logs/load.ts';
import { mirrBytes } from '../../src/dirtylog/logs/mirr.ts';
import { bindCall } from '../../src/system/libc.ts';
import { percentile } from '../statistics.ts';

const REGIONS = 100_000_000;
const OPERATIONS = 200_000;
const SECTOR_BYTES = 512;
const LOADS = 4;
const MOST_TURNS = 100_000;

function longest(run: (index: number) => void): { readonly p99Us: number; readonly p9999Us: number } {
  const times: number[] = [];
  for (let index = 0; index < OPERATIONS; index++) {
    const start = performance.now();
    run((index * 1_299_709) % REGIONS);
    times.push((performance.now() - start) * 1000);
  }
  return { p99Us: percentile(times, 99), p9999Us: percentile(times, 99.99) };
}

const say = (name: string, facts: object): void => void process.stdout.write(`${JSON.stringify({ name, ...facts })}\n`);

const bytes = mirrBytes(REGIONS, SECTOR_BYTES);
/** As large as the log, and full of ones. */
const memory = (label: string): BlockStore => ({
  size: bytes,
  sectorBytes: SECTOR_BYTES,
  label,
  read: async (_offset, into) => {
    await setImmediate();
    into.fill(0xff);
  },
  write: (_offset, _bytes, done) => done(undefined),
  sync: (done) => done(undefined),
  close: () => {},
});
const words = parseLogArguments(`${REGIONS * 8} disk memory 8 nosync`);
const clockGetTime = bindCall('clock_gettime', ['int', 'void *']);
const CLOCK_THREAD_CPUTIME_ID = 3;
const time = new Uint32Array(4);
/** Of this thread alone: the threads that compile and collect garbage meanwhile keep no request waiting. */
function threadMs(): number {
  clockGetTime(CLOCK_THREAD_CPUTIME_ID, time);
  const [seconds = 0, , nanoseconds = 0] = time;
  return seconds * 1000 + nanoseconds / 1e6;
}

// Once: the engine collects garbage for each.
const turns = new Float64Array(MOST_TURNS);
async function measure(): Promise<void> {
  for (let load = 1; load <= LOADS; load++) {
    let count = 0;
    let last = threadMs();
    let isLoading = true;
    const watch = async (): Promise<void> => {
      while (isLoading) {
        await setImmediate();
        const now = threadMs();
        turns[count++] = now - last;
        last = now;
      }
    };
    const watching = watch();
    const start = performance.now();
    const { log } = await loadLog({
      arguments: words,
      device: memory('device'),
      run: memory('run'),
      previous: undefined,
      reconnects: false,
      isFirst: true,
      pause: () => setImmediate(),
      now: () => performance.now(),
    });
    isLoading = false;
    await watching;
    const sorted = turns.subarray(0, count).sort();
    say('loadLog', {
      load,
      ms: performance.now() - start,
      inSync: log.syncCount,
      turns: count,
      p99Ms: percentile([...sorted], 99),
      overOneMs: sorted.filter((ms) => ms > 1).length,
      longestMs: sorted.at(-1),
    });
  }

  const start = performance.now();
  const bitmap = new Bitmap(REGIONS);
  say('new Bitmap', { ms: performance.now() - start });
  say(
    'add',
    longest((member) => bitmap.add(member)),
  );
  say(
    'next',
    longest((member) => bitmap.next(member)),
  );
  say(
    'count',
    longest(() => bitmap.count),
  );
  say(
    'delete',
    longest((member) => bitmap.delete(member)),
  );
}

if (isMainThread) new Worker(new URL(import.meta.url), { resourceLimits: THREAD_LIMITS });
else await measure();
