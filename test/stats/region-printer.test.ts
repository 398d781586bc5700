import assert from 'node:assert/strict';
import test from 'node:test';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { DmError } from '../../src/mapper/errors.ts';
import { SimulatedKernel } from '../../src/simulator/kernel.ts';
import { idleCounters, isIdle, parsePrint } from '../../src/stats/counters.ts';
import { DeviceStats } from '../../src/stats/device-stats.ts';
import { parseListLine, type Region } from '../../src/stats/region.ts';
import { regionDelta } from '../../src/stats/region-delta.ts';

function device() {
  const kernel = new SimulatedKernel();
  kernel.addDevice('t0', { sectors: 20480 });
  const say = (text: string): string => kernel.message('t0', text) ?? '';
  const io = (sector: number): void => {
    kernel.io({ device: 't0', direction: 'write', sector, sectors: 8, durationNs: 0 });
  };
  return { say, io, stats: new DeviceStats(new DeviceMapper(kernel.openControl()), { name: 't0' }) };
}

async function only(stats: DeviceStats): Promise<Region> {
  const [region] = (await stats.list()).regions;
  assert.ok(region !== undefined);
  return region;
}

test('DeviceStats.printAgain() gives what print() gives, and the same array until something was counted', async () => {
  const { say, io, stats } = device();
  say('@stats_create 0+20480 6144 1 histogram:2,10 p -');
  const region = await only(stats);
  io(7000);
  const first = stats.printAgain(region);
  assert.deepEqual(first, await stats.print(region));
  assert.equal(first[1]?.counters.writes, 1n);
  assert.equal(stats.printAgain(region), first);
  assert.equal(stats.printAgain(await only(stats)), first);
  io(20_000);
  const second = stats.printAgain(region);
  assert.notEqual(second, first);
  assert.deepEqual(second, await stats.print(region));
  assert.equal(first[3]?.counters.writes, 0n);
});

test('DeviceStats.printAgain() refuses an answer about another region with the same id', async () => {
  const { say, stats } = device();
  for (const [was, is] of [
    ['0+20480 6144', '8+20472 6144'],
    ['0+20480 6144', '0+20480 614'],
    ['0+20480 6144', '0+6144 6144'],
  ]) {
    say(`@stats_create ${was} 0 p -`);
    const region = await only(stats);
    assert.equal(stats.printAgain(region).length, 4);
    say('@stats_delete 0');
    assert.throws(
      () => stats.printAgain(region),
      (error) => DmError.is(error, 'ENOENT'),
    );
    say(`@stats_create ${is} 0 p -`);
    assert.throws(
      () => stats.printAgain(region),
      (error) => DmError.is(error, 'ENOENT') && /another one by now/.test(error.message),
    );
    say('@stats_delete 0');
  }
});

test('regionDelta() of the same array is nothing, but for what is in flight', () => {
  const region = parseListLine('0: 0+16 8 p - histogram:1');
  const print = (inFlight: number): string =>
    [`0+8 5 0 40 9 0 0 0 0 ${inFlight} 9 9 9 0 4:1\n`, '8+8 0 0 0 0 0 0 0 0 0 0 0 0 0 0:0\n'].join('');
  const idle = parsePrint(print(0), region);
  const delta = regionDelta(idle, idle);
  assert.deepEqual(delta.counters, { ...idleCounters(2), histogram: [0n, 0n] });
  assert.equal(delta.counters.reads, 0n);
  assert.ok(delta.areas.every(({ counters }) => isIdle(counters)));
  assert.deepEqual(
    delta.areas.map(({ areaId, start, length }) => [areaId, start, length]),
    [
      [0, 0n, 8n],
      [1, 8n, 8n],
    ],
  );
  const busy = parsePrint(print(3), region);
  const { areas } = regionDelta(busy, busy);
  assert.deepEqual([areas[0]?.counters.inFlight, areas[0]?.counters.reads], [3n, 0n]);
  assert.ok(areas.every(({ counters }) => !isIdle(counters)));
});

test('parsePrint() names the line and the column of what it cannot read', () => {
  const region = parseListLine('0: 0+16 8 p -');
  const good = '0+8 1 2 3 4 5 6 7 8 9 10 11 12 13\n';
  for (const [bad, column] of [
    ['8+8 1 2 3 4 x 6 7 8 9 10 11 12 13\n', 12],
    ['8-8 1 2 3 4 5 6 7 8 9 10 11 12 13\n', 2],
    ['8+8 1 2 3 4 5 6 7 8 9 10 11 12 13 1:2;\n', 38],
    ['8+8 1 2 3 4 5 6 7 8 --9 10 11 12 13\n', 20],
  ] as const) {
    assert.throws(
      () => parsePrint(good + bad, region),
      new RegExp(`not a line of @stats_print at column ${column} of "${bad.slice(0, 5).replace('+', '\\+')}`),
      bad,
    );
  }
});
