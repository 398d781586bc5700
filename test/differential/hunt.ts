/**
 * A long search for what the simulator answers otherwise than a real kernel. In the lab:
 *
 *     node dist/lab/cli.js --kernel 6.12 --timeout 1800 node dist/test/differential/hunt.js --seed 1 --runs 3000
 *
 * `--seed N` is the first seed, `--runs N` how many sequences (default 1000), `--length N` operations of each (default
 * 25). Prints each mismatch, shrunk, and ends with status 1 when there was one. `--simulator-only` runs the sequences
 * on the simulator of every release alone, anywhere, and says how fast that was.
 */
import { parseArgs } from 'node:util';
import { compare, mismatchText } from './compare.ts';
import { execute } from './executor.ts';
import { Generator } from './generator.ts';
import { prepareLab } from './lab-world.ts';
import { LOADED_TARGETS, simulatedWorld } from './world.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1000' },
    length: { type: 'string', default: '25' },
    'simulator-only': { type: 'boolean', default: false },
  },
});

function wholeNumber(name: 'seed' | 'runs' | 'length'): number {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`--${name} is a whole number from 1, not "${values[name]}"`);
  return value;
}

const seed = wholeNumber('seed');
const runs = wholeNumber('runs');
const length = wholeNumber('length');
const PROGRESS = 10;
const MAJOR = 253;
const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;

async function simulatorOnly(): Promise<void> {
  for (const kernel of ['6.1.176', '6.1', '6.12'] as const) {
    const start = performance.now();
    for (let run = 0; run < runs; run++) {
      await execute(
        simulatedWorld({ kernel, major: MAJOR, targets: LOADED_TARGETS }),
        new Generator(seed + run, MAJOR).sequence(length),
      );
    }
    console.log(`${kernel}: ${runs * length} operations in ${seconds(start)}`);
  }
}

async function hunt(): Promise<void> {
  using lab = prepareLab();
  const { surroundings } = lab;
  const start = performance.now();
  let found = 0;
  for (let run = 0; run < runs; run++) {
    const mismatch = await compare(
      () => lab.makeWorld(),
      () => simulatedWorld(surroundings),
      { seed: seed + run, length, major: surroundings.major },
    );
    if ((run + 1) % PROGRESS === 0) console.error(`${run + 1} sequences, ${seconds(start)}`);
    if (mismatch === undefined) continue;
    found++;
    console.log(mismatchText(mismatch));
    if (found === 20) break;
  }
  console.log(
    `${surroundings.kernel}: ${found} mismatches in up to ${runs} sequences from seed ${seed}, ${seconds(start)}`,
  );
  if (found > 0) process.exitCode = 1;
}

await (values['simulator-only'] ? simulatorOnly() : hunt());
