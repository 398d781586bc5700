import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { SimulatedKernel } from '../../src/simulator/index.ts';
import { DeviceStats } from '../../src/stats/device-stats.ts';
import { NO_ERROR } from '../../src/stats/error-bound.ts';
import { keptOf, keptText } from '../../src/stats/group.ts';
import { creditedRuns, creditOf, formatCredited, joinPacked, spansOf, splitPacked } from '../../src/stats/packed.ts';
import { fileCounts, readSpan } from '../../src/stats/packed-counts.ts';
import { difference, read, totals } from '../../src/stats/sampler.ts';

const WORD = 'ab12';

test('splitPacked() takes apart what joinPacked() joined, whatever the user data', () => {
  fc.assert(
    fc.property(fc.string(), fc.uniqueArray(fc.nat(1e6), { minLength: 1 }), (userData, some) => {
      const ids = some.sort((a, b) => a - b);
      assert.deepEqual(splitPacked(joinPacked(userData, { word: WORD, ids })), {
        userData,
        packed: { word: WORD, ids },
      });
    }),
  );
});

test('keptOf() reads a tag with packed regions, missed sectors and carried counters', () => {
  const nothing = { carried: undefined, missed: 0n, error: NO_ERROR, generation: undefined };
  const data = { ...nothing, userData: 'mine', missed: 7n, packed: { word: WORD, ids: [4, 5] } };
  const text = keptText(data);
  assert.equal(text, 'mine|packed=ab12:4-5|missed=7');
  assert.deepEqual(keptOf(text), data);
  assert.deepEqual(keptOf('mine'), { ...nothing, userData: 'mine' });
});

/**
 * A device with a group of one plain region, 0 to 8, and a span from 16 to 80 in areas of a block, of which the first,
 * third and fifth are the file's.
 */
function packed(options: { histogram?: boolean } = {}) {
  const kernel = new SimulatedKernel();
  kernel.addDevice('vol', { sectors: 20480 });
  const stats = new DeviceStats(new DeviceMapper(kernel.openControl()), { name: 'vol' });
  const say = (text: string): void => void kernel.message('vol', text);
  const bits = creditOf({ start: 16, step: 8, areas: 8 }, [
    { start: 16, end: 24 },
    { start: 32, end: 40 },
    { start: 48, end: 56 },
  ]);
  const bounds = options.histogram ? '1 histogram:10' : '0';
  say(`@stats_create 0+8 /1 ${bounds} dmstats DMS_GROUP="f":0#-|packed=${WORD}:1-2`);
  say(`@stats_create 16+64 8 0 dmstats-packed ${formatCredited(WORD, bits)}`);
  say(`@stats_create 16+64 /1 ${bounds} dmstats-packed ${WORD},whole`);
  const io = (sector: number, sectors = 8, direction: 'read' | 'write' = 'read', durationNs = 0): void => {
    kernel.io({ device: 'vol', direction, sector, sectors, durationNs });
    kernel.clock.advanceNs(durationNs);
  };
  return { kernel, stats, say, io };
}

test('list() of one program finds the packed regions of its groups, and shows none of them', async () => {
  const { stats } = packed();
  const { regions, groups, spans, problems } = await stats.list('dmstats');
  assert.deepEqual(
    regions.map(({ id }) => id),
    [0],
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(groups[0]?.packed, { word: WORD, ids: [1, 2] });
  const [span] = spans?.get(0) ?? [];
  assert.deepEqual(span && creditedRuns(span), [
    { start: 16, end: 24 },
    { start: 32, end: 40 },
    { start: 48, end: 56 },
  ]);
});

test('spansOf() leaves out halves, and regions of others that got the ids', async () => {
  const { stats, say } = packed();
  const ids = { word: WORD, ids: [1, 2] };
  say('@stats_delete 2');
  assert.deepEqual(spansOf((await stats.list()).regions, ids), []);
  // Another group's companion over the same span gets the id.
  say('@stats_create 16+64 /1 0 dmstats-packed ffff,whole');
  assert.deepEqual(spansOf((await stats.list()).regions, ids), []);
});

test('read() and totals() count all I/O of a packed file exactly when there is none of others', async () => {
  const { stats, io } = packed({ histogram: true });
  io(0);
  io(16);
  io(16, 4, 'write');
  io(32, 8, 'read', 20_000_000);
  const group = totals(await read(stats, 'dmstats'), 1e9).groups.get(0);
  assert.deepEqual(group?.bound, { reads: 0n, writes: 0n, foreignSectors: 0n });
  const { reads, readSectors, writes, writeSectors } = group?.counters ?? {};
  assert.deepEqual([reads, readSectors, writes, writeSectors], [3n, 24n, 1n, 4n]);
});

test('fileCounts() tells the file’s blocks from others’ exactly when each I/O touches one block', async () => {
  const { stats, io } = packed();
  for (let round = 0; round < 5; round++) io(16);
  for (let round = 0; round < 3; round++) io(24);
  io(64, 8, 'write');
  const { counters, bound } = totals(await read(stats), 1e9).groups.get(0) ?? {};
  assert.deepEqual([counters?.reads, counters?.readSectors, counters?.writes], [5n, 40n, 0n]);
  assert.deepEqual(bound, { reads: 0n, writes: 0n, foreignSectors: 32n });
});

test('fileCounts() states a bound that holds the truth, and exact sectors, whatever the I/O', async () => {
  // Pieces of files: an I/O of the file begins in its areas, a foreign one beside them; some touch several areas.
  const anyIo = fc.record({
    area: fc.nat(7),
    areas: fc.integer({ min: 1, max: 3 }),
    direction: fc.constantFrom('read' as const, 'write' as const),
    ms: fc.constantFrom(0, 20),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(anyIo, { maxLength: 30 }), async (ios) => {
      const { stats, io } = packed({ histogram: true });
      const truth = { reads: 0n, writes: 0n, readSectors: 0n, writeSectors: 0n };
      for (const { area, areas, direction, ms } of ios) {
        const last = Math.min(area + areas - 1, 7);
        io(16 + area * 8, (last - area + 1) * 8, direction, ms * 1_000_000);
        const own = [0, 2, 4].filter((one) => one >= area && one <= last).length;
        truth[direction === 'read' ? 'readSectors' : 'writeSectors'] += BigInt(own * 8);
        // One that touches the file's sectors and others' is the file's too, as with a region of its own.
        if (own > 0) truth[direction === 'read' ? 'reads' : 'writes'] += 1n;
      }
      const [span] = (await stats.list()).spans?.get(0) ?? [];
      assert.ok(span !== undefined);
      const { counters, bound } = fileCounts(await readSpan(stats, span));
      assert.equal(counters.readSectors, truth.readSectors);
      assert.equal(counters.writeSectors, truth.writeSectors);
      const distance = (a: bigint, b: bigint): bigint => (a < b ? b - a : a - b);
      assert.ok(distance(counters.reads, truth.reads) <= bound.reads, `${counters.reads} for ${truth.reads} reads`);
      assert.ok(distance(counters.writes, truth.writes) <= bound.writes);
      const sum = counters.histogram.reduce((all, count) => all + count, 0n);
      assert.equal(sum, counters.reads + counters.writes);
    }),
    { numRuns: 200 },
  );
});

test('difference() of a packed group is what came in the interval', async () => {
  const { stats, io, say } = packed();
  io(16);
  io(24);
  const before = await read(stats, 'dmstats');
  io(32, 8, 'write');
  io(40);
  const now = await read(stats, 'dmstats');
  const { counters, bound } = difference(before, now).groups.get(0) ?? {};
  assert.deepEqual([counters?.reads, counters?.writes, counters?.writeSectors], [0n, 1n, 8n]);
  assert.equal(bound?.foreignSectors, 8n);
  say('@stats_clear 1');
  say('@stats_clear 2');
  io(48);
  const cleared = difference(now, await read(stats, 'dmstats'));
  assert.equal(cleared.groups.get(0)?.counters.reads, 1n);
  assert.deepEqual(cleared.cleared, [1]);
});

test('deleteGroup() and ungroup() leave no packed region, and delete no other group’s', async () => {
  for (const action of ['deleteGroup', 'ungroup'] as const) {
    const { stats, say } = packed();
    say('@stats_create 16+64 /1 0 dmstats-packed ffff,whole');
    const [group] = (await stats.list('dmstats')).groups;
    assert.ok(group !== undefined);
    await stats[action](group);
    const left = (await stats.list()).regions.map(({ id }) => id);
    assert.deepEqual(left, action === 'ungroup' ? [0, 3] : [3]);
  }
});
