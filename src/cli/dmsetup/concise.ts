import type { TableLine } from '../../mapper/table-line.ts';
import { CommandFailure } from './failure.ts';
import { parseLines } from './table-source.ts';

/** A device in the concise form: `name,uuid,minor,flags,table[,table...]`. */
export interface ConciseDevice {
  readonly name: string;
  /** Empty for none. */
  readonly uuid: string;
  readonly minor: number | undefined;
  readonly readOnly: boolean;
  readonly table: readonly TableLine[];
}

const FIELDS = 5;

/**
 * Reads devices in the concise form, separated by `;`. A backslash stands before a character that is not to separate.
 *
 * @throws CommandFailure naming the device and what is wrong with it
 */
export function parseConcise(text: string): ConciseDevice[] {
  return splitUnescaped(text, ';')
    .filter((entry) => entry.trim() !== '')
    .map(parseDevice);
}

function parseDevice(entry: string): ConciseDevice {
  const fields = splitUnescaped(entry, ',').map((field) => field.replace(/\\(.)/gs, '$1').trim());
  const [name = '', uuid = '', minor = '', flags = '', ...lines] = fields;
  if (fields.length < FIELDS) {
    throw new CommandFailure(
      `Five comma-separated fields are required for each device: name,uuid,minor,flags,table; "${name}" has ${fields.length}`,
    );
  }
  if (name === '') throw new CommandFailure(`A device has no name in "${entry.trim()}"`);
  if (!/^\d*$/.test(minor)) throw new CommandFailure(`Invalid minor number "${minor}" of "${name}"`);
  if (!['', 'ro', 'rw'].includes(flags)) {
    throw new CommandFailure(`Invalid flags parameter '${flags}' must be 'ro' or 'rw' or empty.`);
  }
  return {
    name,
    uuid,
    minor: minor === '' ? undefined : Number(minor),
    readOnly: flags === 'ro',
    table: parseLines(lines.join('\n'), name),
  };
}

/** The parts between separators that no backslash stands before, with their backslashes. */
function splitUnescaped(text: string, separator: string): string[] {
  const parts = [''];
  for (const [token] of text.matchAll(/\\.|[^\\]|\\$/gs)) {
    if (token === separator) parts.push('');
    else parts.push(`${parts.pop() ?? ''}${token}`);
  }
  return parts;
}

/** A text with a backslash before what separates. */
export function escapeConcise(text: string): string {
  return text.replace(/[\\,;]/g, '\\$&');
}
