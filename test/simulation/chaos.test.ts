import assert from 'node:assert/strict';
import test from 'node:test';
import { type Chances, World, type WorldOptions } from './world.ts';

// Others: DM_SEED=7 DM_RUNS=1 node --test dist/test/simulation/chaos.test.js; for long: node dist/test/simulation/chaos.test.js --long
const isLong = process.argv.includes('--long');
const FIRST_SEED = Number(process.env['DM_SEED'] ?? 1);
const RUNS = Number(process.env['DM_RUNS'] ?? (isLong ? 3000 : 25));
const STEPS = 60;
const CALM: Chances = { race: 0, fault: 0, others: 0 };
let checks = 0;
let packedChecks = 0;

async function live(
  name: string,
  seed: number,
  chances: Chances,
  options: WorldOptions,
  steps = STEPS,
): Promise<World> {
  const world = new World(seed, chances, { ...options, isWatched: true });
  try {
    await world.start();
    for (let step = 0; step < steps; step++) {
      await world.step();
      assert.equal(world.ended, undefined, 'the daemon has ended');
    }
    await world.quiesce();
    world.assertTrue();
    await world.deleteGroup();
  } catch (error) {
    throw new Error(
      `${name}: DM_SEED=${seed} (${world.mode}): ${(error as Error).message}\n${world.log.slice(-12).join('\n')}`,
      { cause: error },
    );
  }
  checks += world.checks;
  packedChecks += world.packedChecks;
  return world;
}

/** Killed once at each of its requests, from the first on. */
const EVERY_EFFECT_SEEDS = isLong ? 100 : 2;
const FEW_STEPS = 6;

/** So few that files of a few dozen blocks are packed. */
const FEW_REGIONS = 3;

/** A third of the runs without look-ahead, a third with so little memory for it that its areas are coarse and move. */
const aheadOf = (seed: number): WorldOptions =>
  seed % 3 === 0 ? {} : { aheadBytes: seed % 3 === 1 ? 60_000 : 1_000_000 };

const WORLDS: Readonly<Record<string, Chances & WorldOptions>> = {
  'it is killed at any request': { ...CALM, kill: 0.03 },
  'it is killed and the kernel refuses any request': { ...CALM, kill: 0.02, fault: 0.03 },
  'it is killed while I/O races its hand-overs': { ...CALM, kill: 0.02, race: 0.3 },
  'its hand-overs are never spared by I/O': { ...CALM, kill: 0.01, race: 0.95, isStorm: true },
  'I/O never spares them and others clear regions': { ...CALM, race: 0.9, interference: 0.05, isStorm: true },
  'others clear and delete regions between any two requests': { ...CALM, others: 0.1, interference: 0.02 },
  'all of it happens': { race: 0.2, fault: 0.02, others: 0.1, kill: 0.02, interference: 0.02 },
};

/** Seeds that have failed. */
const FAILED: Readonly<Record<string, readonly number[]>> = {
  // A new region had got the id of a deleted one that the tag still named; baselines of the look-ahead were never read
  // because a coarser layer that was newer had seen nothing; somebody deletes a region between the list and a creation.
  'I/O never spares them and others clear regions': [102, 176, 241],
  'all of it happens': [60],
};

function optionsOf(chances: Chances & WorldOptions, seed: number): WorldOptions {
  // These take ten times as long as others.
  const isPacked = seed % 25 === 13;
  return {
    ...chances,
    ...aheadOf(seed),
    ...(isPacked && { maxRegions: FEW_REGIONS }),
    growsOnly: seed % 8 === 4 && chances.isStorm !== true && !isPacked,
  };
}

for (const [name, chances] of Object.entries(WORLDS)) {
  test(`a group's total is the truth within its bound at every instant when ${name}`, async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++)
      await live(name, seed, chances, optionsOf(chances, seed));
    // What was wrong has a test of its own; here, because it may come back in another way.
    if (process.env['DM_SEED'] === undefined)
      for (const seed of FAILED[name] ?? []) await live(name, seed, chances, optionsOf(chances, seed));
  });
}

test("a group's total is the truth wherever in a short life the daemon is killed", async (t) => {
  let kills = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + EVERY_EFFECT_SEEDS; seed++) {
    const options = { aheadBytes: 60_000 };
    const { requests } = await live('not killed', seed, CALM, options, FEW_STEPS);
    for (let killAt = 1; killAt <= requests; killAt++, kills++)
      await live(`killed at request ${killAt}`, seed, CALM, { ...options, killAt }, FEW_STEPS);
  }
  t.diagnostic(`${kills} kills`);
});

test('the chaos was one', (t) => {
  t.diagnostic(`${checks} instants checked, ${packedChecks} of packed files`);
  assert.ok(checks > 2000 * RUNS, `only ${checks} instants were checked: the simulation does no work`);
  // Only one in 25 seeds packs.
  if (RUNS >= 25) assert.ok(packedChecks > 10 * RUNS, `only ${packedChecks} instants of packed files were checked`);
});
