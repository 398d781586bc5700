import { systemWorld } from './context.ts';
import { Context, type Environment } from './dmsetup/context.ts';
import { CommandFailure } from './dmsetup/failure.ts';
import { helpText } from './dmsetup/help.ts';
import { type CommandLine, parseCommandLine } from './dmsetup/parse.ts';
import { telling } from './outcome.ts';
import { isExpected, oneLine } from './run.ts';

export type { Environment } from './dmsetup/context.ts';

/**
 * The command `dmsetup`.
 *
 * @param argv the words after the command's name
 * @param environment the kernel, the terminal and the rest of the world; tests bring their own
 * @returns the exit status
 */
export async function main(argv: readonly string[], environment: Partial<Environment> = {}): Promise<number> {
  const world = { ...systemWorld(), ...environment };
  if (argv[0] === 'stats') return (await import('./dmstats.ts')).main(argv.slice(1), environment);
  const complain = (text: string): unknown => world.stderr.write(`${oneLine(text)}\n`);
  let line: CommandLine | undefined;
  try {
    line = parseCommandLine(argv);
    if (line === undefined) {
      world.stderr.write(helpText());
      return 1;
    }
    using context = new Context(world, line.command, line.options, line.words);
    const run = await context.command.load();
    if (context.command.reports?.(context) === true) return await run(context);
    return await telling(context.outcome, () => run(context));
  } catch (error) {
    if (world.signal?.aborted === true || (error instanceof Error && error.name === 'AbortError')) {
      complain('dmsetup: interrupted');
      return 130;
    }
    const isFailure = error instanceof CommandFailure;
    if (!isFailure && !isExpected(error)) throw error;
    complain(error.message);
    if (isFailure && error.detail !== undefined) complain(error.detail);
    // What could not be run at all is one line.
    if (line !== undefined) complain('Command failed.');
    return 1;
  }
}
