import assert from 'node:assert/strict';
import test from 'node:test';
import { type Chances, World, type WorldOptions } from './world.ts';

// More or others: DM_SEED=7 DM_RUNS=1 node --test dist/test/simulation/growth.test.js
const FIRST_SEED = Number(process.env['DM_SEED'] ?? 1);
const RUNS = Number(process.env['DM_RUNS'] ?? 10);
const STEPS = 60;
const RESERVED = 128n << 10n;
const CALM: Chances = { race: 0, fault: 0, others: 0 };

interface Totals {
  sectors: number;
  missed: number;
  bound: number;
}

async function explore(
  name: string,
  chances: Chances,
  options: WorldOptions,
  check: (world: World, totals: Totals) => void,
): Promise<void> {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    // Little memory for the look-ahead means coarse areas that move a lot.
    const world = new World(seed, chances, { aheadBytes: seed % 3 === 0 ? 60_000 : 1_000_000, ...options });
    try {
      await world.start();
      for (let step = 0; step < STEPS; step++) {
        await world.step();
        assert.equal(world.ended, undefined, 'the daemon has ended');
      }
      await world.quiesce();
      if (chances.kill === undefined) world.assertTrue();
      check(world, await world.totals());
      await (seed % 2 === 0 ? world.stop() : world.deleteGroup());
    } catch (error) {
      throw new Error(
        `${name}: DM_SEED=${seed} (${world.mode}): ${(error as Error).message}\n${world.log.slice(-12).join('\n')}`,
        { cause: error },
      );
    }
  }
}

/** Every block of the file is written once: what was counted and what is known to be missed are its I/O. */
function isComplete(world: World, { sectors, missed, bound }: Totals): void {
  assert.equal(bound, 0);
  assert.equal(sectors + missed, world.claimedSectors + world.unclaimedSectors);
}

test('filemapd counts growth from its first write on, and knows what it missed', async () => {
  let [counted, missed] = [0, 0];
  await explore('growth', CALM, { growsOnly: true, aheadBytes: 8 << 20 }, (world, totals) => {
    isComplete(world, totals);
    counted += totals.sectors;
    missed += totals.missed;
  });
  assert.ok(counted > RUNS * 2000, `only ${counted} sectors were counted: the simulation does no work`);
  // A third of the allocations falls to pieces at random places of the device, half of them outside the fine areas.
  assert.ok(missed < 0.3 * (counted + missed), `${missed} of ${counted + missed} sectors missed`);
});

test('filemapd neither loses nor doubles growth when the kernel refuses any request', async () => {
  await explore('faults', { ...CALM, fault: 0.01 }, { growsOnly: true }, isComplete);
});

test('filemapd neither loses nor doubles growth when it is killed at any request', async () => {
  await explore('kills', { ...CALM, kill: 0.02 }, { growsOnly: true }, isComplete);
});

test('filemapd neither loses nor doubles growth that goes on between its requests', async () => {
  await explore('racing growth', { ...CALM, race: 0.2, kill: 0.003 }, { growsOnly: true }, isComplete);
});

test('filemapd keeps space reserved, and counts what is appended there', async () => {
  let [counted, missed] = [0, 0];
  const reserved = { growsOnly: true, aheadBytes: 8 << 20, preallocate: RESERVED };
  // What is only reserved and lies beside what was written counts as missed with it.
  const isKnown = (world: World, { sectors, missed, bound }: Totals): void => {
    const truth = world.claimedSectors + world.unclaimedSectors;
    assert.equal(bound, 0);
    assert.ok(sectors <= truth, `${sectors} counted, the file did ${truth}`);
    assert.ok(sectors + missed >= truth, `${sectors} counted and ${missed} missed, the file did ${truth}`);
  };
  await explore('reserved', CALM, reserved, (world, totals) => {
    isKnown(world, totals);
    counted += totals.sectors;
    missed += totals.missed;
  });
  assert.ok(missed < 0.3 * (counted + missed), `${missed} of ${counted + missed} sectors missed`);
  await explore('reserved, kills', { ...CALM, kill: 0.02, race: 0.1 }, reserved, isKnown);
});

test('filemapd credits nothing twice when a file gives up blocks and gets them again at once', async () => {
  await explore('reuse', { ...CALM, race: 0.1 }, { isAlone: true }, (world, { sectors, bound }) => {
    const most = world.claimedSectors + world.unclaimedSectors + bound;
    assert.ok(sectors <= most, `${sectors} counted, the file did ${most}, bound ${bound}`);
  });
});

test('filemapd never credits more than the file did, whatever happens to its extents', async () => {
  await explore('credits', { ...CALM, fault: 0.01 }, {}, (world, { sectors, bound }) => {
    assert.equal(bound, 0);
    assert.ok(sectors >= world.claimedSectors, `${sectors} counted, ${world.claimedSectors} claimed`);
    const most = world.claimedSectors + world.unclaimedSectors;
    assert.ok(sectors <= most, `${sectors} counted, the file did ${most}`);
  });
});

test('filemapd credits within the stated bound while I/O races it', async () => {
  await explore('races', { ...CALM, race: 0.3 }, {}, (world, { sectors, bound }) => {
    assert.ok(sectors >= world.claimedSectors - bound, `${sectors} counted, ${world.claimedSectors} claimed`);
    const most = world.claimedSectors + world.unclaimedSectors + bound;
    assert.ok(sectors <= most, `${sectors} counted, the file did ${most}, bound ${bound}`);
  });
});

test('filemapd credits nothing too much when others delete and clear its look-ahead regions', async () => {
  await explore('others', { ...CALM, others: 0.3 }, { growsOnly: true }, (world, { sectors }) => {
    const most = world.claimedSectors + world.unclaimedSectors;
    assert.ok(sectors <= most, `${sectors} counted, the file did ${most}`);
  });
});
