import assert from 'node:assert/strict';
import test from 'node:test';
import { type Chances, World } from './world.ts';

// More or others: DM_SEED=7 DM_RUNS=1 node --test dist/test/simulation
const FIRST_SEED = Number(process.env['DM_SEED'] ?? 1);
const RUNS = Number(process.env['DM_RUNS'] ?? 120);
const STEPS = 60;

async function explore(name: string, chances: Chances, check: (world: World) => Promise<void>): Promise<void> {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const world = new World(seed, chances);
    try {
      await world.start();
      for (let step = 0; step < STEPS; step++) {
        await world.step();
        assert.equal(world.ended, undefined, 'the daemon has ended');
      }
      await world.quiesce();
      world.assertTrue();
      await check(world);
      await world.deleteGroup();
    } catch (error) {
      throw new Error(
        `${name}: DM_SEED=${seed} (${world.mode}): ${(error as Error).message}\n${world.log.slice(-12).join('\n')}`,
        {
          cause: error,
        },
      );
    }
  }
}

test('filemapd counts every sector of a covered extent exactly once, claims no other, leaks nothing', async () => {
  let claimed = 0;
  await explore('counts', { race: 0, fault: 0, others: 0 }, async (world) => {
    const { sectors, bound } = await world.totals();
    assert.equal(bound, 0);
    assert.equal(sectors, world.claimedSectors);
    claimed += sectors;
  });
  assert.ok(claimed > RUNS * 1000, `only ${claimed} sectors were counted: the simulation does no work`);
});

test('filemapd keeps its totals within the stated bound while I/O races its hand-overs', async () => {
  await explore('races', { race: 0.3, fault: 0, others: 0 }, async (world) => {
    const { sectors, bound } = await world.totals();
    assert.ok(
      sectors >= world.claimedSectors - bound,
      `${sectors} counted, ${world.claimedSectors} claimed, bound ${bound}`,
    );
    assert.ok(
      sectors <= world.coveredSectors + bound,
      `${sectors} counted, ${world.coveredSectors} covered, bound ${bound}`,
    );
  });
});

test('filemapd leaks nothing and comes to rest after kernel errors at any request', async () => {
  await explore('faults', { race: 0.1, fault: 0.05, others: 0 }, async (world) => {
    const { sectors, bound } = await world.totals();
    assert.ok(
      sectors >= world.claimedSectors - bound,
      `${sectors} counted, ${world.claimedSectors} claimed, bound ${bound}`,
    );
  });
});

test('filemapd lives with other programs that make, clear and delete regions at any moment', async () => {
  await explore('others', { race: 0.1, fault: 0.02, others: 0.3 }, async () => {});
});
