/**
 * How long single operations on 10^8 regions take: `node dist/bench/dirtylog/bitmap.js`. Prints JSON. Of loading, the
 * processor's time between two turns of the event loop: the time on the wall is that of whoever else is running.
 */
import { setImmediate } from 'node:timers/promises';
import { Bitmap } from '../../src/dirtylog/bitmap.ts';
import type { BlockStore } from '../../src/dirtylog/block-store.ts';
import { parseLogArguments } from '../../src/dirtylog/logs/arguments.ts';
import { loadLog } from '../../src/dirtylog/logs/load.ts';
import { mirrBytes } from '../../src/dirtylog/logs/mirr.ts';
import { percentile } from '../statistics.ts';

const REGIONS = 100_000_000;
const OPERATIONS = 200_000;

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

const bytes = mirrBytes(REGIONS, 512);
const device: BlockStore = {
  size: bytes,
  sectorBytes: 512,
  label: 'memory',
  read: async (_offset, into) => {
    await setImmediate();
    into.fill(0xff);
  },
  write: async () => {},
  sync: async () => {},
  close: () => {},
};
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
let last = cpuMs();
const pauses: number[] = [];
let isLoading = true;
async function watch(): Promise<void> {
  while (isLoading) {
    await setImmediate();
    const now = cpuMs();
    pauses.push(now - last);
    last = now;
  }
}
const watching = watch();
const loadStart = performance.now();
const { log } = await loadLog({
  arguments: parseLogArguments(`${REGIONS * 8} disk memory 8 nosync`),
  device,
  run: undefined,
  previous: undefined,
  reconnects: false,
  isFirst: true,
  pause: () => setImmediate(),
});
isLoading = false;
await watching;
say('loadLog', {
  ms: performance.now() - loadStart,
  inSync: log.syncCount,
  p99CpuMs: percentile(pauses, 99),
  maxCpuMs: Math.max(...pauses),
});
