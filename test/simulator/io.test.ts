import assert from 'node:assert/strict';
import test from 'node:test';
import { ERRNO } from '../../src/kernel/index.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import type { IoctlCall, SimulatedKernel } from '../../src/simulator/index.ts';
import { messagePayload, oneDevice, probe, requestBytes, tablePayload } from './support.ts';

/** The numbers of a region's areas, each line without its range. */
function counters(kernel: SimulatedKernel, message: string): string[] {
  const lines = kernel.message('d', message)?.trimEnd().split('\n') ?? [];
  return lines.map((line) => line.slice(line.indexOf(' ') + 1));
}

test('io() counts one I/O and the whole duration in every area, and each sector once', () => {
  const { kernel, clock } = oneDevice();
  kernel.message('d', '@stats_create 0+24 8 1 precise_timestamps');
  kernel.message('d', '@stats_create 0+64 /1 1 precise_timestamps');
  kernel.message('d', '@stats_create 64+64 /1 1 precise_timestamps');
  kernel.io({ device: 'd', direction: 'read', sector: 4, sectors: 16, durationNs: 1000 });
  clock.advanceNs(1000);
  assert.deepEqual(counters(kernel, '@stats_print 0'), [
    '1 0 4 1000 0 0 0 0 0 1000 1000 1000 0',
    '1 0 8 1000 0 0 0 0 0 1000 1000 1000 0',
    '1 0 4 1000 0 0 0 0 0 1000 1000 1000 0',
  ]);
  assert.deepEqual(counters(kernel, '@stats_print 1'), ['1 0 16 1000 0 0 0 0 0 1000 1000 1000 0']);
  assert.deepEqual(counters(kernel, '@stats_print 2'), ['0 0 0 0 0 0 0 0 0 0 0 0 0']);
});

test('io() adds up busy and weighted time while I/O is in flight, rolled forward by a print', () => {
  const { kernel, clock } = oneDevice();
  kernel.message('d', '@stats_create - /1 1 precise_timestamps');
  const read = kernel.io({ device: 'd', direction: 'read', sector: 0, sectors: 8 });
  clock.advanceNs(100);
  const write = kernel.io({ device: 'd', direction: 'write', sector: 100, sectors: 8 });
  clock.advanceNs(50);
  // 150 ns with any, 100*1 + 50*2 weighted, 150 with a read, 50 with a write.
  assert.deepEqual(counters(kernel, '@stats_print 0'), ['0 0 0 0 0 0 0 0 2 150 200 150 50']);
  write.end();
  clock.advanceNs(25);
  read.end();
  clock.advanceNs(1000);
  assert.deepEqual(counters(kernel, '@stats_print 0'), ['1 0 8 175 1 0 8 50 0 175 225 175 50']);
  assert.throws(() => read.end(), { name: 'SimulatorError' });
});

test('io() sees time in jiffies where a region is not precise', () => {
  const { kernel, clock } = oneDevice({ hz: 250 });
  kernel.message('d', '@stats_create - /1 1 histogram:4,8');
  for (const ms of [3, 4, 11]) {
    // Each begins on a jiffy: 3 ms are none of 4 ms, 11 are two.
    kernel.io({ device: 'd', direction: 'write', sector: 0, sectors: 1, durationNs: ms * 1e6 });
    clock.advanceNs(12e6);
  }
  // 0, 4 and 8 ms: below 4, from 4 to below 8, from 8 on.
  assert.deepEqual(counters(kernel, '@stats_print 0'), ['0 0 0 0 3 0 3 12 0 12 12 0 12 1:1:1']);
});

test('io() puts a duration in the bin whose lower bound it reaches', () => {
  const { kernel, clock } = oneDevice();
  kernel.message('d', '@stats_create - /1 2 precise_timestamps histogram:10,20,30');
  for (const ns of [0, 9, 10, 19, 20, 29, 30, 31, 1000]) {
    kernel.io({ device: 'd', direction: 'read', sector: 0, sectors: 1, durationNs: ns });
    clock.advanceNs(ns);
  }
  assert.match(counters(kernel, '@stats_print 0')[0] ?? '', / 2:2:2:3$/);
});

test('io() counts as merged what goes on where the CPU’s last I/O ended, in the same direction', () => {
  const { kernel } = oneDevice();
  kernel.message('d', '@stats_create - /1');
  const io = (direction: 'read' | 'write', sector: number, cpu = 0): void => {
    kernel.io({ device: 'd', direction, sector, sectors: 8, durationNs: 0, cpu });
  };
  io('read', 0);
  io('read', 8);
  io('write', 16);
  io('write', 24, 1);
  io('write', 24);
  assert.match(counters(kernel, '@stats_print 0')[0] ?? '', /^2 1 16 0 3 1 24 0 /);
});

test('@stats_print_clear loses no I/O and keeps what is in flight', () => {
  const { kernel, clock } = oneDevice();
  kernel.message('d', '@stats_create 0+16 8 1 precise_timestamps');
  const held = kernel.io({ device: 'd', direction: 'write', sector: 0, sectors: 16 });
  kernel.io({ device: 'd', direction: 'read', sector: 0, sectors: 8, durationNs: 0 });
  clock.advanceNs(10);
  assert.deepEqual(counters(kernel, '@stats_print_clear 0 0 1'), ['1 0 8 0 0 0 0 0 1 10 10 0 10']);
  assert.deepEqual(counters(kernel, '@stats_print 0'), ['0 0 0 0 0 0 0 0 1 0 0 0 0', '0 0 0 0 0 0 0 0 1 10 10 0 10']);
  clock.advanceNs(5);
  held.end();
  assert.deepEqual(counters(kernel, '@stats_print 0'), ['0 0 0 0 1 0 8 15 0 5 5 0 5', '0 0 0 0 1 0 8 15 0 15 15 0 15']);
  assert.equal(kernel.message('d', '@stats_clear 0'), '');
  assert.deepEqual(counters(kernel, '@stats_print 0'), Array(2).fill('0 0 0 0 0 0 0 0 0 0 0 0 0'));
});

test('@stats_create waits until the device is idle and holds I/O meanwhile, so that its counters are exact', async () => {
  const { kernel, clock, device } = oneDevice();
  using dm = new DeviceMapper(kernel.openControl());
  const before = kernel.io({ device: 'd', direction: 'write', sector: 0, sectors: 8, durationNs: 5e6 });
  const created = dm.message({ name: 'd' }, '@stats_create - /1', { mayWait: true });
  const during = kernel.io({ device: 'd', direction: 'write', sector: 8, sectors: 8, durationNs: 1e6 });
  await clock.advance(4);
  assert.deepEqual([before.state, during.state, device.stats.regions.length], ['inFlight', 'waiting', 0]);
  await clock.advance(3);
  assert.equal(await created, '0');
  assert.deepEqual([during.state, during.startedNs - before.startedNs], ['ended', 5e6]);
  assert.match(counters(kernel, '@stats_print 0')[0] ?? '', /^0 0 0 0 1 0 8 /);
});

test('a synchronous @stats_create that would block is an error of the test, and leaves no trace', () => {
  const { kernel, device } = oneDevice();
  const held = kernel.io({ device: 'd', direction: 'write', sector: 0, sectors: 8 });
  const node = kernel.openControl();
  const create = requestBytes({ name: 'd', payload: messagePayload('@stats_create - /1') });
  assert.throws(() => node.ioctl('DM_TARGET_MSG', create), {
    name: 'SimulatorError',
    message: /waits for I\/O in flight/,
  });
  assert.deepEqual([device.stats.regions.length, kernel.statsMemory.usedBytes, device.holdsIo], [0, 0, false]);
  held.end();
  assert.equal(kernel.message('d', '@stats_create - /1'), '0');
});

test('a suspended device holds I/O until it is resumed, and takes messages meanwhile', async () => {
  const { kernel, clock } = oneDevice();
  const node = kernel.openControl();
  using dm = new DeviceMapper(node);
  const first = kernel.io({ device: 'd', direction: 'read', sector: 0, sectors: 8, durationNs: 2e6 });
  const suspended = node.ioctlAsync('DM_DEV_SUSPEND', requestBytes({ name: 'd', flags: 2 }));
  await clock.advance(2);
  await suspended;
  assert.equal(first.state, 'ended');
  const second = kernel.io({ device: 'd', direction: 'read', sector: 0, sectors: 8, durationNs: 0 });
  assert.equal(kernel.message('d', '@stats_create - /1'), '0');
  assert.equal(second.state, 'waiting');
  await dm.resume({ name: 'd' });
  assert.equal(second.state, 'ended');
  assert.match(counters(kernel, '@stats_print 0')[0] ?? '', /^1 0 8 /);
});

test('io() goes down the stack, cut where targets end, and fails at an error target', () => {
  const { kernel, device } = oneDevice({}, 1024);
  const node = kernel.openControl();
  probe(node, 'DM_DEV_CREATE', { name: 'top' });
  const lines = [
    [0n, 8n, 'linear', '254:0 100'],
    [8n, 8n, 'error', ''],
    [16n, 8n, 'zero', ''],
  ] as const;
  probe(node, 'DM_TABLE_LOAD', { name: 'top', targetCount: 3, payload: tablePayload(lines) });
  probe(node, 'DM_DEV_SUSPEND', { name: 'top' });
  kernel.message('top', '@stats_create - /1');
  kernel.message('d', '@stats_create 104+4 /1');
  const io = (sector: number, sectors: number) =>
    kernel.io({ device: 'top', direction: 'write', sector, sectors, durationNs: 0 });
  assert.equal(io(4, 8).failed, true);
  assert.equal(io(0, 8).failed, false);
  assert.equal(io(16, 8).failed, false);
  assert.equal(io(20, 8).failed, true);
  // Four pieces on top (the first was cut in two, the last lies beyond the end and is not begun); two below.
  assert.equal(kernel.message('top', '@stats_print 0'), '0+24 0 0 0 0 4 1 24 0 0 0 0 0 0\n');
  assert.equal(kernel.message('d', '@stats_print 0'), '104+4 0 0 0 0 2 0 8 0 0 0 0 0 0\n');
  assert.deepEqual([device.completed.write, kernel.device('top').completed.write], [2, 4]);
});

test('onIoctl() sees every ioctl, can fail any of them without effect, and can act before it', async () => {
  const run = async (failing: number) => {
    const { kernel } = oneDevice();
    using dm = new DeviceMapper(kernel.openControl());
    const seen: IoctlCall[] = [];
    kernel.onIoctl = (call) => {
      seen.push(call);
      return call.index === failing ? ERRNO.ENOMEM : undefined;
    };
    let failed = 0;
    for (const text of ['@stats_create - /1', '@stats_create 0+8 8 p a', '@stats_delete 0']) {
      await dm.message({ name: 'd' }, text).catch((error: { code: string }) => {
        assert.equal(error.code, 'ENOMEM');
        failed++;
      });
    }
    return { list: kernel.message('d', '@stats_list'), failed, seen, count: kernel.ioctlCount };
  };
  const well = await run(0);
  assert.equal(well.count, 4);
  assert.deepEqual(
    well.seen.map(({ device, text }) => [device, text]),
    [
      ['d', '@stats_create - /1'],
      ['d', '@stats_create 0+8 8 p a'],
      ['d', '@stats_delete 0'],
    ],
  );
  const lists = [];
  for (let index = 2; index <= well.count; index++) lists.push((await run(index)).list);
  // Without the first, the second takes id 0, and it is that which is deleted.
  const [whole, part] = ['0: 0+2097152 2097152 - -\n', '1: 0+8 8 p a\n'];
  assert.deepEqual([well.list, ...lists], [part, '', '', whole + part]);

  const { kernel } = oneDevice();
  using dm = new DeviceMapper(kernel.openControl());
  await dm.message({ name: 'd' }, '@stats_create - /1');
  kernel.onIoctl = ({ text }) => {
    if (text?.startsWith('@stats_print')) kernel.message('d', '@stats_delete 0');
    return undefined;
  };
  await assert.rejects(dm.message({ name: 'd' }, '@stats_print 0'), { code: 'ENOENT' });
});

test('failNext() fails the calls that its rule names', () => {
  const { kernel } = oneDevice();
  const node = kernel.openControl();
  const ask = (text: string): string =>
    probe(node, 'DM_TARGET_MSG', { name: 'd', payload: messagePayload(text) }).text.slice(0, 6);
  kernel.failNext({ errno: ERRNO.EIO, command: 'DM_TARGET_MSG', text: '@stats_list', skip: 1, times: 2 });
  assert.deepEqual(['@stats_list', '@stats_create - 8', '@stats_list', '@stats_list', '@stats_list'].map(ask), [
    'rc=0 f',
    'rc=0 f',
    'EIO',
    'EIO',
    'rc=0 f',
  ]);
});

test('SimulatedClock wakes sleepers in order, with their code run before time goes on', async () => {
  const { clock } = oneDevice();
  const start = clock.now();
  const woken: string[] = [];
  const sleeper = async (name: string, ms: number, times: number): Promise<void> => {
    for (let index = 0; index < times; index++) {
      await clock.sleep(ms, new AbortController().signal);
      woken.push(`${name}@${clock.now() - start}`);
    }
  };
  const all = Promise.all([sleeper('a', 30, 2), sleeper('b', 20, 3), sleeper('c', 60, 1)]);
  await clock.advance(59);
  assert.deepEqual(woken, ['b@20', 'a@30', 'b@40']);
  await clock.advance(1);
  assert.deepEqual(woken.slice(3), ['c@60', 'a@60', 'b@60']);
  await all;
  const stop = new AbortController();
  const sleeping = clock.sleep(1000, stop.signal);
  stop.abort();
  await sleeping;
  assert.equal(clock.untilNextNs(), undefined);
});
