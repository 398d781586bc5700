import { ReadStream, WriteStream } from 'node:tty';
import { UsageError } from '../../mapper/errors.ts';
import { systemSampleClock } from '../../stats/sample-clock.ts';
import { readBlockIo } from '../../system/block-statistics.ts';
import { standardStream } from '../../system/standard-output.ts';
import { ASCII, UNICODE } from '../../watch/glyphs.ts';
import { SORTS, type Sort } from '../../watch/measure.ts';
import { watch as run } from '../../watch/run.ts';
import { openTerminal, type Terminal } from '../../watch/terminal.ts';
import { isUtf8 } from '../locale.ts';
import { intervalMs } from '../repetition.ts';
import type { Context } from './context.ts';
import { devicesOf } from './devices.ts';
import { checkProgram, shownPrograms } from './regions.ts';

/** `dmstats watch`: a live view on the terminal, until somebody quits. */
export async function watch(context: Context): Promise<number> {
  const { options, world } = context;
  checkProgram(context);
  const isSimulated = options.has('simulate');
  const isNamed = context.words.length > 0 || options.has('uuid') || options.has('major');
  if (isSimulated && isNamed) throw new UsageError('With --simulate there are other devices: please name none.');
  const sort = sortOf(options.text('sort') ?? 'util');
  const everyMs = intervalMs(options.text('interval') ?? '1');
  const open = terminalOf(context);
  const simulated = isSimulated ? await (await import('../simulated-world.ts')).startSimulatedWorld() : undefined;
  try {
    const dm = simulated?.dm ?? context.dm;
    // Fails before the terminal is taken over, with its reason, when the devices may not be read.
    await dm.list();
    const names = isNamed ? (await devicesOf(context)).map(({ ref }) => ('name' in ref ? ref.name : '')) : undefined;
    using terminal = open();
    await run(dm, terminal, {
      sort,
      intervalMs: everyMs,
      isSimulated,
      glyphs: isUtf8(world.env) ? UNICODE : ASCII,
      programId: shownPrograms(context),
      names: names && new Set(names),
      // Simulated devices have no block layer below them.
      blockIo: isSimulated ? () => undefined : (world.blockIo ?? readBlockIo),
      timeOfDay: world.timeOfDay ?? Date.now,
      env: world.env,
      clock: world.clock ?? systemSampleClock,
      signal: world.signal,
    });
  } finally {
    simulated?.[Symbol.dispose]();
  }
  return 0;
}

/** @throws UsageError for a column that there is none of */
function sortOf(text: string): Sort {
  const sort = SORTS.find((name) => name === text.toLowerCase());
  if (sort === undefined) throw new UsageError(`Invalid --sort argument "${text}": one of ${SORTS.join(', ')}`);
  return sort;
}

/** How to take over the terminal. @throws UsageError when there is none */
function terminalOf({ world }: Context): () => Terminal {
  const { terminal } = world;
  if (terminal !== undefined) return terminal;
  const { stdin } = process;
  const stdout = standardStream();
  const isTerminal = stdin instanceof ReadStream && stdout instanceof WriteStream && world.env['TERM'] !== 'dumb';
  if (!isTerminal) {
    throw new UsageError(
      'dmstats watch needs a terminal that can move its cursor, for its keys and its output; ' +
        '"dmstats report --interval 1" writes to anything',
    );
  }
  return () => openTerminal(stdin, stdout);
}
