import assert from 'node:assert/strict';
import test from 'node:test';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { SimulatedKernel } from '../../src/simulator/kernel.ts';
import { joinCarried } from '../../src/stats/carried.ts';
import { DeviceStats } from '../../src/stats/device-stats.ts';
import { formatGroupTag } from '../../src/stats/group-tag.ts';
import type { Region } from '../../src/stats/region.ts';
import type { SampleClock } from '../../src/stats/sample-clock.ts';
import { difference, read, type Sample, sample, totals } from '../../src/stats/sampler.ts';

const SECTORS = 20480;

class TestClock implements SampleClock {
  nowNs = 0n;
  onWait: () => void = () => {};
  readonly waits: number[] = [];

  now(): bigint {
    return this.nowNs;
  }

  async wait(ms: number): Promise<void> {
    this.waits.push(ms);
    this.nowNs += BigInt(Math.round(ms * 1e6));
    this.onWait();
  }
}

function device() {
  const kernel = new SimulatedKernel();
  kernel.addDevice('t0', { sectors: SECTORS });
  const dm = new DeviceMapper(kernel.openControl());
  const io = (count: number, sector = 0): void => {
    for (let index = 0; index < count; index++) {
      kernel.io({ device: 't0', direction: 'read', sector: sector + (index % 2) * 64, sectors: 8, durationNs: 0 });
    }
  };
  const say = (text: string): string => kernel.message('t0', text) ?? '';
  return { kernel, io, say, stats: new DeviceStats(dm, { name: 't0' }) };
}

const reads = (one: Sample, id = 0): bigint | undefined => one.regions.get(id)?.counters.reads;

async function take(samples: AsyncGenerator<Sample>, count: number): Promise<Sample[]> {
  const taken: Sample[] = [];
  for await (const one of samples) {
    taken.push(one);
    if (taken.length === count) break;
  }
  return taken;
}

test('sample() gives true intervals from the first one on', async () => {
  const { say, io, stats } = device();
  say('@stats_create - /1 0 p -');
  io(100);
  const clock = new TestClock();
  let round = 0;
  clock.onWait = () => io(++round);
  const samples = await take(sample(stats, { intervalMs: 250, clock }), 3);
  assert.deepEqual(
    samples.map((one) => reads(one)),
    [1n, 2n, 3n],
  );
  assert.deepEqual(
    samples.map((one) => one.regions.get(0)?.intervalNs),
    [250e6, 250e6, 250e6],
  );
});

test('sample() does not drift, and tells of intervals that it missed', async () => {
  const { say, stats } = device();
  say('@stats_create - /1 0 p -');
  const clock = new TestClock();
  const samples = sample(stats, { intervalMs: 100, clock });
  await samples.next();
  clock.nowNs += 30_000_000n;
  await samples.next();
  assert.deepEqual(clock.waits, [100, 70]);
  clock.nowNs += 350_000_000n;
  const { value } = await samples.next();
  assert.equal((value as Sample).missed, 2);
  await samples.next();
  assert.deepEqual(clock.waits, [100, 70, 0, 50]);
  await samples.return();
});

test('sample() ends without a sample when its signal fires', async () => {
  const { stats } = device();
  const controller = new AbortController();
  const next = sample(stats, { intervalMs: 1e6, signal: controller.signal }).next();
  setTimeout(() => controller.abort(), 10);
  assert.equal((await next).done, true);
});

test('difference() takes what a cleared region shows for what came after, and says so', async () => {
  const { say, io, stats } = device();
  say('@stats_create - /1 0 p -');
  io(10);
  const before = await read(stats);
  say('@stats_clear 0');
  io(3);
  const result = difference(before, await read(stats));
  assert.equal(reads(result), 3n);
  assert.deepEqual(result.cleared, [0]);
});

test('difference() counts a region that is new, or another with an old id, from its beginning', async () => {
  const { say, io, stats } = device();
  say('@stats_create - /1 0 p -');
  io(10);
  const before = await read(stats);
  say('@stats_delete 0');
  say('@stats_create 0+1000 /1 0 p -');
  say('@stats_create 0+1000 /1 0 p -');
  io(12);
  const result = difference(before, await read(stats));
  assert.deepEqual([reads(result, 0), reads(result, 1), result.cleared], [12n, 12n, []]);
});

test('difference() of a group counts what gone regions had counted once', async () => {
  const { say, io, stats } = device();
  say('@stats_create 0+1000 /1 0 p DMS_GROUP=g:0-1#-');
  say('@stats_create 1000+1000 /1 0 p -');
  io(10);
  io(5, 1000);
  const before = await read(stats);
  // Four more, then region 1 gives way to region 2, carried as the filemap does: reads, merges, sectors, ...
  io(4, 1000);
  say('@stats_create 1000+1000 /1 0 p -');
  say('@stats_set_aux 0 DMS_GROUP=g:0,2#-|carried=9,0,72,0,0,0,0,0,0,0,0,0');
  say('@stats_delete 1');
  io(2, 1000);
  const now = await read(stats);
  assert.equal(difference(before, now).groups.get(0)?.counters.reads, 6n);
  assert.equal(totals(now, 1e9).groups.get(0)?.counters.reads, 10n + 9n + 2n);
});

test('read() leaves out a region that vanishes between list and print', async () => {
  const { kernel, say, stats } = device();
  say('@stats_create - /1 0 p -');
  say('@stats_create - /1 0 p -');
  kernel.onIoctl = (call) => {
    if (call.text?.startsWith('@stats_print 0') === true) say('@stats_delete 0');
    return undefined;
  };
  const reading = await read(stats);
  assert.deepEqual([...reading.regions.keys()], [1]);
});

test('read() leaves out a region whose id is another one’s when it is printed', async () => {
  for (const other of ['20000+64 /1', '0+64 /1', '0+1024 512', '0+2048 512', '512+1024 /1']) {
    const { kernel, io, say, stats } = device();
    say('@stats_create 0+1024 /1 0 p -');
    say('@stats_create - /1 0 p -');
    kernel.onIoctl = (call) => {
      if (call.text?.startsWith('@stats_print 0') === true) {
        kernel.onIoctl = undefined;
        say('@stats_delete 0');
        say(`@stats_create ${other} 0 q -`);
        io(3);
      }
      return undefined;
    };
    const reading = await read(stats);
    assert.deepEqual([...reading.regions.keys()], [1], other);
  }
});

test('read() reads a group again that was handed over between list and print', async () => {
  const { kernel, io, say, stats } = device();
  say('@stats_create 0+1024 /1 0 p -');
  say('@stats_create 1024+1024 /1 0 p -');
  await stats.createGroup(await stats.list(), [0, 1], { alias: 'g', tagForm: 'unquoted' });
  io(3);
  const counted = await stats.counters((await stats.list()).regions[0] as Region);
  let prints = 0;
  kernel.onIoctl = (call) => {
    // As the daemon does it: what the leader counted is carried by the group that the other region leads now.
    if (call.text?.startsWith('@stats_print 0') === true && ++prints === 1) {
      const userData = joinCarried('', { carried: counted });
      say(`@stats_set_aux 1 ${formatGroupTag({ alias: 'g', members: [1], userData, form: 'unquoted' })}`);
      say('@stats_delete 0');
    }
    return undefined;
  };
  const sampled = totals(await read(stats), 1e9);
  assert.equal(prints, 1);
  assert.deepEqual(
    [...sampled.groups.values()].map(({ counters }) => counters.reads),
    [3n],
  );
});

test('read() reads one program’s regions, or all', async () => {
  const { say, stats } = device();
  say('@stats_create - /1 0 p -');
  say('@stats_create - /1 0 q -');
  assert.deepEqual([...(await read(stats, 'q')).regions.keys()], [1]);
  assert.deepEqual([...(await read(stats)).regions.keys()], [0, 1]);
});
