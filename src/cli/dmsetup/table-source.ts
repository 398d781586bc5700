import { DmParseError, UsageError } from '../../mapper/errors.ts';
import { parseTable, type TableLine } from '../../mapper/table-line.ts';
import { hasCode } from '../../system/errors.ts';
import { targetNamed } from '../../targets/registry.ts';
import type { Context } from './context.ts';
import { CommandFailure } from './failure.ts';

/** The table of `--table`, of a file, or of standard input. @throws CommandFailure for one that cannot be read */
export function tableOf(context: Context, file: string | undefined): TableLine[] {
  const given = context.options.text('table');
  if (given !== undefined && file !== undefined) throw new UsageError(`Please give one table: --table, or ${file}.`);
  if (given !== undefined) return parseLines(given, '--table');
  if (file === undefined) return parseLines(context.readFile(0), 'standard input');
  let text: string;
  try {
    text = context.readFile(file);
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR', 'ELOOP')) throw error;
    throw new CommandFailure(`Couldn't open '${file}' for reading.`, (error as Error).message);
  }
  return parseLines(text, file);
}

/** @param source where the text is from, for messages */
export function parseLines(text: string, source: string): TableLine[] {
  return text.split('\n').flatMap((line, index) => {
    try {
      return parseTable(line);
    } catch (error) {
      if (!(error instanceof DmParseError)) throw error;
      // The line itself may hold a key.
      const [what] = error.message.split(' of ');
      throw new CommandFailure(`Invalid format on line ${index + 1} of table on ${source}: ${what}`);
    }
  });
}

/** Whether there are keys in a table: then nobody keeps a copy of it. */
export function hasKeys(table: readonly TableLine[]): boolean {
  return table.some(({ type, params }) => targetNamed(type).hideKeys(params) !== params);
}
