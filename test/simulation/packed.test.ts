import assert from 'node:assert/strict';
import test from 'node:test';
import { type Chances, World, type WorldOptions } from './world.ts';

// More or others: DM_SEED=7 DM_RUNS=1 node --test dist/test/simulation
const FIRST_SEED = Number(process.env['DM_SEED'] ?? 1);
const RUNS = Number(process.env['DM_RUNS'] ?? 25);
const STEPS = 60;
/** Few, so that files of a few dozen blocks are packed. */
const MAX_REGIONS = 3;

async function explore(
  name: string,
  chances: Chances,
  options: WorldOptions,
  check: (world: World) => Promise<void>,
): Promise<void> {
  let packed = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const world = new World(seed, chances, { ...options, maxRegions: MAX_REGIONS });
    try {
      await world.start();
      for (let step = 0; step < STEPS; step++) {
        await world.step();
        assert.equal(world.ended, undefined, 'the daemon has ended');
        if (world.packedIds().length > 0) packed++;
      }
      await world.quiesce();
      // What a killed one could not delete any more is no admission.
      if (chances.kill === undefined) world.assertTrue();
      await check(world);
      await world.deleteGroup();
    } catch (error) {
      const last = world.log.slice(-12).join('\n');
      throw new Error(`${name}: DM_SEED=${seed} (${world.mode}): ${(error as Error).message}\n${last}`, {
        cause: error,
      });
    }
  }
  assert.ok(packed > (RUNS * STEPS) / 40, `only ${packed} steps with packed regions: the simulation does no work`);
}

test('filemapd counts every sector of a packed file exactly once, claims no other, leaks nothing', async () => {
  await explore('counts', { race: 0, fault: 0, others: 0 }, {}, async (world) => {
    assert.equal((await world.totals()).sectors, world.claimedSectors);
  });
});

test('filemapd keeps a packed file’s totals within the stated bound, with races and faults', async () => {
  await explore('races', { race: 0.3, fault: 0.03, others: 0 }, {}, async (world) => {
    const { sectors, bound } = await world.totals();
    assert.ok(sectors >= world.claimedSectors - bound, `${sectors} of ${world.claimedSectors}, bound ${bound}`);
    assert.ok(sectors <= world.coveredSectors + bound, `${sectors}, covered ${world.coveredSectors}, bound ${bound}`);
  });
});

test('filemapd keeps a packed file’s map true whatever others do to its regions', async () => {
  await explore('others', { race: 0.1, fault: 0.02, others: 0.3 }, {}, async () => {});
});

test('filemapd leaves no packed regions that no tag names, killed at any request', async () => {
  await explore('kills', { race: 0.1, fault: 0, others: 0, kill: 0.02 }, {}, async (world) => {
    const { sectors, bound } = await world.totals();
    assert.ok(sectors >= world.claimedSectors - bound, `${sectors} of ${world.claimedSectors}, bound ${bound}`);
    world.assertNoStrays();
  });
});
