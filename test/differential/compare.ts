import { execute } from './executor.ts';
import { Generator } from './generator.ts';
import type { Operation } from './operation.ts';
import { shrink } from './shrink.ts';
import type { World } from './world.ts';

/** Makes a world, empty, for one sequence. */
export type MakeWorld = () => World;

/** A sequence that comes to different answers, as short as it gets. */
export interface Mismatch {
  readonly seed: number;
  readonly operations: readonly Operation[];
  /** The answers of the first operation that differs. */
  readonly real: string;
  readonly simulated: string;
}

interface Difference {
  readonly at: number;
  readonly real: string;
  readonly simulated: string;
}

/** Runs a sequence on both sides. @returns the first difference */
async function difference(
  real: MakeWorld,
  simulated: MakeWorld,
  operations: readonly Operation[],
): Promise<Difference | undefined> {
  const answers = async (make: MakeWorld): Promise<string[]> => {
    await using world = make();
    return await execute(world, operations);
  };
  const [ofReal, ofSimulated] = [await answers(real), await answers(simulated)];
  for (const [at, answer] of ofReal.entries()) {
    const other = ofSimulated[at] ?? '';
    if (answer !== other) return { at, real: answer, simulated: other };
  }
  return undefined;
}

/** Compares the two on the sequence of a seed. */
export async function compare(
  real: MakeWorld,
  simulated: MakeWorld,
  { seed, length, major }: { readonly seed: number; readonly length: number; readonly major: number },
): Promise<Mismatch | undefined> {
  const operations = new Generator(seed, major).sequence(length);
  const found = await difference(real, simulated, operations);
  if (found === undefined) return undefined;
  const shortest = await shrink(
    operations.slice(0, found.at + 1),
    async (part) => (await difference(real, simulated, part)) !== undefined,
  );
  const last = (await difference(real, simulated, shortest)) ?? found;
  return { seed, operations: shortest, real: last.real, simulated: last.simulated };
}

function operationText(operation: Operation): string {
  return JSON.stringify(operation, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
}

/** A mismatch for the eye. */
export function mismatchText({ seed, operations, real, simulated }: Mismatch): string {
  return [`seed ${seed}:`, ...operations.map(operationText), `kernel:    ${real}`, `simulator: ${simulated}`].join(
    '\n  ',
  );
}
