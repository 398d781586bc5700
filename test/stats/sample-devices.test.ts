import assert from 'node:assert/strict';
import test from 'node:test';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { SimulatedKernel } from '../../src/simulator/kernel.ts';
import type { SampleClock } from '../../src/stats/sample-clock.ts';
import { type DevicesSample, readDevices, sampleDevices } from '../../src/stats/sample-devices.ts';

/** Devices `a` and `b` with a region each, and a clock that does `rounds[n]` in its n-th interval. */
function world(...rounds: (() => void)[]) {
  const kernel = new SimulatedKernel();
  for (const name of ['a', 'b']) {
    kernel.addDevice(name, { sectors: 2048 });
    kernel.message(name, '@stats_create - /1 0 p -');
  }
  let nowNs = 0n;
  const clock: SampleClock = {
    now: () => nowNs,
    wait: async (ms) => {
      nowNs += BigInt(Math.round(ms * 1e6));
      rounds.shift()?.();
    },
  };
  const io = (device: string, count: number): void => {
    for (let index = 0; index < count; index++) {
      kernel.io({ device, direction: 'read', sector: (index % 2) * 64, sectors: 8, durationNs: 0 });
    }
  };
  return { kernel, clock, io, dm: new DeviceMapper(kernel.openControl()), rounds };
}

const reads = ({ devices }: DevicesSample): string =>
  devices.map(({ name, regions }) => `${name}:${regions.get(0)?.counters.reads}`).join(' ');

async function take(samples: AsyncIterable<DevicesSample>, count: number): Promise<DevicesSample[]> {
  const taken: DevicesSample[] = [];
  for await (const one of samples) {
    taken.push(one);
    if (taken.length === count) break;
  }
  return taken;
}

test('sampleDevices() tells what each device counted in each interval', async () => {
  const { dm, clock, io, rounds } = world();
  io('a', 9);
  rounds.push(
    () => io('a', 1),
    () => io('b', 2),
  );
  const samples = await take(sampleDevices(dm, { intervalMs: 500, clock }), 2);
  assert.deepEqual(samples.map(reads), ['a:1 b:0', 'a:0 b:2']);
  assert.equal(samples[0]?.devices[0]?.regions.get(0)?.intervalNs, 500e6);
});

test('sampleDevices() goes on when devices are renamed, removed and added', async () => {
  const { kernel, dm, clock, io, rounds } = world();
  rounds.push(
    () => io('a', 3),
    () => {
      io('z', 5);
      kernel.removeDevice('b');
      kernel.addDevice('c', { sectors: 4096 });
      kernel.message('c', '@stats_create - /1 0 p -');
      io('c', 7);
    },
    () => io('c', 4),
  );
  const samples = sampleDevices(dm, { intervalMs: 1000, clock });
  const [first] = await take({ [Symbol.asyncIterator]: () => ({ next: () => samples.next() }) }, 1);
  await dm.rename({ name: 'a' }, 'z');
  const later = await take(samples, 2);
  // c bears the number that b had: its region is another one, counted from its beginning.
  assert.deepEqual([first as DevicesSample, ...later].map(reads), ['a:3 b:0', 'c:7 z:5', 'c:4 z:0']);
});

test('sampleDevices() ends without a sample when its signal fires', async () => {
  const { dm } = world();
  const controller = new AbortController();
  const next = sampleDevices(dm, { intervalMs: 1e6, signal: controller.signal }).next();
  setTimeout(() => controller.abort(), 10);
  assert.equal((await next).done, true);
});

test('readDevices() reads one program’s regions and leaves out a device that vanishes', async () => {
  const { kernel, dm } = world();
  kernel.message('a', '@stats_create - /1 0 q -');
  kernel.onIoctl = ({ text }) => {
    if (text?.startsWith('@stats_list') === true && kernel.devices.length === 2) kernel.removeDevice('b');
    return undefined;
  };
  const readings = await readDevices(dm, { programId: 'q' });
  assert.deepEqual(
    readings.map(({ name, reading }) => [name, [...reading.regions.keys()]]),
    [['a', [1]]],
  );
});
