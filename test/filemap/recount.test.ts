import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFilemap } from '../../src/filemap/filemap.ts';
import { updateFilemap } from '../../src/filemap/update.ts';
import { nanoseconds } from '../../src/mapper/units.ts';
import { DeviceStats } from '../../src/stats/device-stats.ts';
import { read, totals } from '../../src/stats/sampler.ts';
import { BLOCK, FILE, MEMORY, scatteredFile } from './scattered-file.ts';

const BOUNDS = [nanoseconds(1_000_000), nanoseconds(5_000_000)];

/** A followed file of blocks apart from each other, all of it written once and read twice since. */
async function written({ blocks, maxRegions }: { readonly blocks: number; readonly maxRegions?: number }) {
  const { kernel, number, fs, dm, file } = await scatteredFile(blocks);
  const options = { programId: 'dmstats', alias: 'data', memory: MEMORY, ...(maxRegions && { maxRegions }) };
  const { groupId = -1 } = await createFilemap(dm, file, { ...options, bounds: [nanoseconds(2_000_000)] });
  const stats = new DeviceStats(dm, number);
  const readAll = async (): Promise<void> => {
    fs.read(FILE, 0, blocks * BLOCK);
    await kernel.clock.advance(100);
  };
  await readAll();
  await readAll();
  const counts = async () => {
    const [group] = totals(await read(stats), 1).groups.values();
    assert.ok(group !== undefined);
    const { readSectors, reads, histogram } = group.counters;
    return { sectors: Number(readSectors), reads: Number(reads), timed: histogram.map(Number) };
  };
  const update = (how: Partial<Parameters<typeof updateFilemap>[2]>) =>
    updateFilemap(dm, file, { groupId, ...options, ...how });
  return { stats, readAll, counts, update, bytes: blocks * BLOCK };
}

for (const { kind, blocks, maxRegions } of [
  { kind: 'a region for each extent', blocks: 5 },
  { kind: 'extents that share regions', blocks: 64, maxRegions: 8 },
] as const) {
  test(`updateFilemap() has ${kind} counted with other bounds and precision; nothing is lost but old bins`, async () => {
    const { stats, readAll, counts, update, bytes } = await written({ blocks, ...(maxRegions && { maxRegions }) });
    const sectors = bytes / 512;
    const before = await counts();
    assert.equal(before.sectors, 2 * sectors);
    const { packedIds } = await update({ alone: true, recount: { precise: true, bounds: BOUNDS } });
    assert.equal(packedIds.length > 0, maxRegions !== undefined);
    const after = await counts();
    assert.deepEqual([after.sectors, after.reads], [before.sectors, before.reads]);
    assert.equal(
      after.timed.reduce((sum, count) => sum + count, 0),
      0,
      'the old bins say nothing of the new ones',
    );
    await readAll();
    const later = await counts();
    assert.equal(later.sectors, 3 * sectors);
    assert.equal(later.timed.length, 3);
    assert.equal(
      later.timed.reduce((sum, count) => sum + count, 0),
      later.reads - before.reads,
    );
    const { regions, groups, spans } = await stats.list();
    const [group] = groups;
    const counting = regions.filter(({ id }) => group?.members.includes(id));
    const wholes = [...(spans?.values() ?? [])].flat().map(({ whole }) => whole);
    for (const { precise, bounds } of [...counting, ...wholes])
      assert.deepEqual({ precise, bounds }, { precise: true, bounds: BOUNDS });
    assert.equal(regions.length, counting.length + packedIds.length, 'the old ones are gone');
  });
}

test('updateFilemap() leaves regions alone that count as wanted, and a group that somebody follows', async () => {
  const { stats, update } = await written({ blocks: 3 });
  const before = await stats.rawList();
  await update({ alone: true, recount: { bounds: [nanoseconds(2_000_000)], precise: false } });
  assert.equal(await stats.rawList(), before);
  await assert.rejects(update({ alone: false, recount: { bounds: BOUNDS } }), {
    name: 'UsageError',
    message:
      /^Group ID 0 is followed by a dmfilemapd, which lays regions ahead with the old bounds: end that first \(dmfilemapd release, or SIGTERM\)$/,
  });
  assert.equal(await stats.rawList(), before);
});
