import { shrink, Tape } from './tape.ts';
import { World } from './world.ts';

/** Choices of a history: most are short, since what a few steps show is shown sooner and read more easily. */
const LENGTHS = [12, 16, 24, 48] as const;
/** The steps of a failing history that are shown. */
const STEPS_SHOWN = 40;

async function failureOf(
  tape: Tape,
): Promise<{ readonly reason: string; readonly steps: readonly string[] } | undefined> {
  const world = new World(tape);
  try {
    await world.play();
    return undefined;
  } catch (error) {
    return { reason: error instanceof Error ? (error.stack ?? error.message) : String(error), steps: world.log };
  }
}

/** Plays the histories of the seeds; what the first failing one comes down to, or undefined. */
export async function explore(firstSeed: number, count: number): Promise<string | undefined> {
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const tape = new Tape({ seed, length: LENGTHS[seed % LENGTHS.length] as number });
    if ((await failureOf(tape)) === undefined) continue;
    const fails = async (choices: readonly number[]): Promise<boolean> =>
      (await failureOf(new Tape({ choices }))) !== undefined;
    const least = await shrink(tape.choices, fails);
    const { reason, steps } = (await failureOf(new Tape({ choices: least }))) ?? { reason: 'not again', steps: [] };
    return `DM_SEED=${seed}, cut down to [${least}]: ${reason}\n${steps.slice(-STEPS_SHOWN).join('\n')}`;
  }
  return undefined;
}
