import { systemWorld } from './context.ts';
import { commandNamed } from './dmstats/commands.ts';
import { Context, type Environment } from './dmstats/context.ts';
import { helpText } from './dmstats/help.ts';
import { parseCommandLine } from './dmstats/parse.ts';
import { telling } from './outcome.ts';
import { isExpected, oneLine } from './run.ts';

export type { Environment } from './dmstats/context.ts';

/**
 * The command `dmstats`.
 *
 * @param argv the words after the command's name
 * @param environment the kernel, the terminal and the rest of the world; tests bring their own
 * @returns the exit status
 */
export async function main(argv: readonly string[], environment: Partial<Environment> = {}): Promise<number> {
  const world = { ...systemWorld(), ...environment };
  try {
    const line = parseCommandLine(argv);
    if (line === undefined) {
      world.stderr.write(helpText());
      return 1;
    }
    const command = commandNamed(line.options.has('help') ? 'help' : line.command);
    const isAbout = line.options.has('help') && line.command !== 'help';
    const words = isAbout ? [line.command] : line.words;
    using context = new Context(world, command, line.options, words);
    const run = await command.load();
    return await (command.acts ? telling(context.outcome, () => run(context)) : run(context));
  } catch (error) {
    if (world.signal?.aborted === true || (error instanceof Error && error.name === 'AbortError')) {
      world.stderr.write('dmstats: interrupted; nothing half-made was left behind\n');
      return 130;
    }
    if (!isExpected(error)) throw error;
    world.stderr.write(`${oneLine(error.message)}\n`);
    return 1;
  }
}
