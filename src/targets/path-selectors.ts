/** What a path selector of multipath takes and prints back. */
interface PathSelector {
  /** The largest number that each argument of the selector can be; undefined where it looks at none of them. */
  readonly selector: readonly number[] | undefined;
  /** The largest number that each argument of a path can be. */
  readonly path: readonly number[];
  /** What is printed in place of arguments that are not given. */
  readonly defaults: { readonly selector: readonly string[]; readonly path: readonly string[] };
  /** What is printed for a path's first argument, whatever it was. */
  readonly first: string;
}

const ANY = 2 ** 32 - 1;

/**
 * The selectors whose arguments are numbers (drivers/md/dm-ps-*.c). A path's first argument was once how often it is
 * used before the next one: it is read and then not used.
 */
const SELECTORS = new Map<string, PathSelector>([
  ['round-robin', { selector: undefined, path: [ANY], defaults: { selector: [], path: ['1'] }, first: '1' }],
  ['queue-length', { selector: undefined, path: [ANY], defaults: { selector: [], path: ['1'] }, first: '1' }],
  ['service-time', { selector: undefined, path: [ANY, 100], defaults: { selector: [], path: ['1', '1'] }, first: '1' }],
  [
    'historical-service-time',
    { selector: [1023, ANY], path: [ANY], defaults: { selector: ['972', '0'], path: ['0'] }, first: '0' },
  ],
]);

function fault(words: readonly string[], limits: readonly number[], whose: string): string | undefined {
  if (words.length > limits.length) return `${whose} takes at most ${limits.length} arguments, not ${words.length}`;
  const index = words.findIndex((word, place) => !/^\d+$/.test(word) || BigInt(word) > (limits[place] ?? 0));
  return index < 0
    ? undefined
    : `${whose} takes a number from 0 to ${limits[index]} as argument ${index + 1}, not ${JSON.stringify(words[index])}`;
}

/** What a selector would refuse in its arguments or in a path's; undefined too for a selector that is not known. */
export function selectorFault(
  name: string,
  selectorWords: readonly string[],
  paths: ReadonlyArray<readonly string[]>,
): string | undefined {
  const selector = SELECTORS.get(name);
  if (selector === undefined) return undefined;
  const own = selector.selector === undefined ? undefined : fault(selectorWords, selector.selector, name);
  return own ?? paths.map((words) => fault(words, selector.path, `a path of ${name}`)).find((found) => found);
}

/** A selector's arguments as the kernel prints them back. */
export function selectorArguments(name: string, given: readonly string[]): readonly string[] {
  const selector = SELECTORS.get(name);
  return selector === undefined ? given : selector.defaults.selector.map((word, index) => given[index] ?? word);
}

/** A path's arguments as the kernel prints them back. */
export function pathArguments(name: string, given: readonly string[]): readonly string[] {
  const selector = SELECTORS.get(name);
  if (selector === undefined) return given;
  return [selector.first, ...selector.defaults.path.slice(1).map((word, index) => given[index + 1] ?? word)];
}
