/** Files by a pattern of names, as shells write it: wildcards in the last part of a path. Pure. */
import { UsageError } from '../../mapper/errors.ts';

/** A pattern taken apart. */
export interface Glob {
  /** Absolute. */
  readonly folder: string;
  /** Whether a name in the folder is meant. */
  matches(name: string): boolean;
}

const WILD = /[*?[]/;

/** Whether a word has wildcards. */
export function isPattern(word: string): boolean {
  return WILD.test(word);
}

/**
 * Takes a pattern apart: `*` any text, `?` one character, `[a-z]` one of these, `[!a-z]` none of these, `\` makes the
 * next one plain. Names that begin with a dot are meant only by a pattern that does, too.
 *
 * @throws UsageError for a relative path, for wildcards in folders, and for a bracket that is not closed
 */
export function parseGlob(pattern: string): Glob {
  const slash = pattern.lastIndexOf('/');
  const folder = pattern.slice(0, slash) || '/';
  const last = pattern.slice(slash + 1);
  if (!pattern.startsWith('/')) throw new UsageError(`${pattern}: the pattern must be an absolute path`);
  if (isPattern(folder)) throw new UsageError(`${pattern}: wildcards may stand in the last part of the path only`);
  if (!isPattern(last)) throw new UsageError(`${pattern}: no wildcard in the last part of the path`);
  const expression = new RegExp(`^${expressionOf(pattern, last)}$`, 'su');
  return { folder, matches: (name) => name.startsWith('.') === last.startsWith('.') && expression.test(name) };
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
const escapedInside = (text: string): string => text.replace(/[\\^[\]-]/g, '\\$&');

function expressionOf(pattern: string, last: string): string {
  let expression = '';
  for (let rest = last; rest !== ''; ) {
    const bracket = /^\[([!^]?)(\]?[^\]]*)\]/s.exec(rest);
    const [first = ''] = rest;
    if (bracket !== null) {
      expression += `[${bracket[1] === '' ? '' : '^'}${rangesOf(bracket[2] as string)}]`;
      rest = rest.slice(bracket[0].length);
      continue;
    }
    if (first === '[') throw new UsageError(`${pattern}: "[" without its "]"`);
    if (first === '\\' && rest.length > 1) {
      const [, plain = ''] = rest;
      expression += escaped(plain);
      rest = rest.slice(1 + plain.length);
      continue;
    }
    expression += first === '*' ? '.*' : first === '?' ? '.' : escaped(first);
    rest = rest.slice(first.length);
  }
  return expression;
}

/** The inside of a bracket: ranges stay ranges, everything else is plain; one that descends means nothing. */
function rangesOf(inside: string): string {
  return inside.replace(/(.)-(.)|(.)/gsu, (_, from?: string, to?: string, one?: string) => {
    if (from === undefined || to === undefined) return escapedInside(one ?? '');
    return from <= to ? `${escapedInside(from)}-${escapedInside(to)}` : '';
  });
}
