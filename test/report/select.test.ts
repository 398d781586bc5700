import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { UsageError } from '../../src/mapper/errors.ts';
import { parseSelection, SELECTION_HELP } from '../../src/report/select.ts';
import { FRUITS, type Fruit } from './support.ts';

const KIB = 1024n;
const fruit = (facts: Partial<Fruit>): Fruit => ({ name: '', count: 0n, price: 0, bytes: 0n, tags: [], ...facts });
const selects = (text: string, facts: Partial<Fruit>): boolean => parseSelection(text, FRUITS).selects(fruit(facts));

// From lvmreport(7) and the help of dmsetup --select, and what dmstats 1.02.185 selects.
const CASES: readonly (readonly [text: string, facts: Partial<Fruit>, selected: boolean])[] = [
  ['', {}, true],
  ['all', {}, true],
  ['count=3', { count: 3n }, true],
  ['count=3.0', { count: 3n }, true],
  ['count=03', { count: 3n }, true],
  ['count>3', { count: 3n }, false],
  ['count>=3', { count: 3n }, true],
  ['count!=3', { count: undefined }, true],
  ['count=0', { count: undefined }, false],
  ['count<=9007199254740993', { count: 9007199254740994n }, false],
  ['count>2.5', { count: 3n }, true],
  ['price>.5', { price: 0.75 }, true],
  ['price>=0.5%', { price: 0.5 }, true],
  ['bytes=1k', { bytes: KIB }, true],
  ['bytes=1K', { bytes: 1000n }, true],
  ['bytes=2s', { bytes: KIB }, true],
  ['bytes=1', { bytes: KIB * KIB }, true],
  ['bytes=1.5k', { bytes: 1536n }, true],
  ['bytes>1.0001k', { bytes: 1025n }, true],
  ['bytes<1e', { bytes: 2n ** 60n }, false],
  ['name=apple', { name: 'apple' }, true],
  ['name="an apple"', { name: 'an apple' }, true],
  ['name=', { name: '' }, true],
  ['name!=apple', { name: 'pear' }, true],
  ["name=it's", { name: "it's" }, true],
  ['name=a(b)c', { name: 'a(b)c' }, true],
  ['(name=a)', { name: 'a' }, true],
  ['name=~^a.*e$', { name: 'apple' }, true],
  ['name=~ppl', { name: 'apple' }, true],
  ['name=~a|b', { name: 'xbx' }, true],
  ['name=~"a b"', { name: 'xa bx' }, true],
  ['name!~ppl', { name: 'apple' }, false],
  ['NAME = apple && Count = 1', { name: 'apple', count: 1n }, true],
  ['fruit_name=apple', { name: 'apple' }, true],
  ['count=1 || count=2 && name=x', { count: 1n }, true],
  ['count=1 && count=2 || name=x', { name: 'x' }, true],
  ['count=1 # count=2 , name=x', { count: 2n }, false],
  ['!(count=1,name=x)', { count: 1n, name: 'y' }, true],
  ['!(!(count=1))', { count: 1n }, true],
  ['!count=1', { count: 2n }, true],
  ['tags=a', { tags: ['b', 'a'] }, true],
  ['tags="a,b"', { tags: ['a', 'b'] }, true],
  ['tags=""', { tags: [] }, true],
  ['tags=[a,b]', { tags: ['b', 'a'] }, true],
  ['tags=[a]', { tags: ['b', 'a'] }, false],
  ['tags={a}', { tags: ['b', 'a'] }, true],
  ['tags={a && c}', { tags: ['b', 'a'] }, false],
  ['tags={c||a}', { tags: ['b', 'a'] }, true],
  ['tags=["a b"#c]', { tags: ['a b'] }, true],
  ['tags=[]', { tags: [] }, true],
  ['tags!={a}', { tags: ['b'] }, true],
  ['tags=~^b', { tags: ['a', 'b'] }, true],
  ['name={apple||pear}', { name: 'pear' }, true],
];
for (const [text, facts, selected] of CASES) {
  test(`parseSelection() of ${JSON.stringify(text)} ${selected ? 'selects' : 'leaves out'} what it should`, () => {
    assert.equal(selects(text, facts), selected);
  });
}

const REFUSED: readonly (readonly [text: string, message: RegExp])[] = [
  [' ', /column 2 of " ": expected a field name, found the end/],
  ['foo=1', /column 1 of "foo=1": expected a field; "-S help" lists them, found "foo=1"/],
  ['count', /column 6 .* expected a comparison operator/],
  ['count=', /expected a number, which count is compared with, found the end/],
  ['count==1', /column 7 .* expected a number/],
  ['count>-1', /expected a number/],
  ['count=0x1', /column 8 .* expected a logical operator .* found "x1"/],
  ['count=1 count=2', /expected a logical operator/],
  ['count=1&count=2', /expected a logical operator/],
  ['count=1 &&', /expected a field name, found the end/],
  ['(count=1', /expected a right parenthesis, found the end/],
  ['count=1)', /expected a logical operator/],
  ['count=~1', /=~ needs a field of text, and count is a number/],
  ['name<z', /< needs a number or a size, and name is text/],
  ['count since 1', /expected a comparison operator/],
  ['bytes=1mb', /column 9 .* expected a logical operator/],
  ['bytes=1x', /column 8 .* expected a unit/],
  ['bytes=m', /expected a size such as 1.5g/],
  ["name='a", /expected a closing '/],
  ['name=~a[', /expected a regular expression/],
  ['tags=[a', /expected \] or a separator/],
  ['tags=[', /expected \]/],
  ['tags=[a,b||c]', /expected the same separators/],
  ['selected=1', /expected a field other than/],
];
for (const [text, message] of REFUSED) {
  test(`parseSelection() refuses ${JSON.stringify(text)} and says where`, () => {
    assert.throws(
      () => parseSelection(text, FRUITS),
      (error) => error instanceof UsageError && message.test(error.message) && !error.message.includes('\n'),
    );
  });
}

test('parseSelection() tells which fields it looks at', () => {
  const { fields } = parseSelection('count=1 || !(name=~a, count=2)', FRUITS);
  assert.deepEqual([...fields].map(({ id }) => id).sort(), ['count', 'name']);
});

test('SELECTION_HELP names every operator', () => {
  for (const operator of ['&&', '||', ',', '#', '!', '=~', '!~', '!=', '>=', '<=', '[', '{']) {
    assert.ok(SELECTION_HELP.includes(operator), operator);
  }
});

// The same selections a second time, without the parser: a tree that is written as text and evaluated by hand.
type Tree =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Tree[] }
  | { readonly kind: 'not'; readonly part: Tree }
  | { readonly kind: 'leaf'; readonly text: string; readonly holds: (row: Fruit) => boolean };

const NAMES = ['apple', 'pear', 'fig', 'a b', 'x,y', ''];
const TAGS = ['red', 'green', 'old'];
const row: fc.Arbitrary<Fruit> = fc.record({
  name: fc.constantFrom(...NAMES),
  count: fc.option(fc.bigInt(0n, 6n), { nil: undefined }),
  price: fc.integer({ min: 0, max: 12 }).map((quarters) => quarters / 4),
  bytes: fc.bigInt(0n, 6n).map((halves) => halves * 512n),
  tags: fc.subarray(TAGS),
});

const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};
const operator = fc.constantFrom(...Object.keys(COMPARE));
const blanks = fc.constantFrom('', ' ', '  ');
const leaf = (text: string, holds: (row: Fruit) => boolean): Tree => ({ kind: 'leaf', text, holds });

const countLeaf = fc.tuple(operator, fc.integer({ min: 0, max: 6 }), blanks).map(([sign, value, gap]) =>
  leaf(`count${gap}${sign}${gap}${value}`, ({ count }) => {
    return count === undefined ? sign === '!=' : (COMPARE[sign]?.(Number(count), value) ?? false);
  }),
);
const priceLeaf = fc
  .tuple(operator, fc.integer({ min: 0, max: 12 }))
  .map(([sign, quarters]) =>
    leaf(`price${sign}${(quarters / 4).toFixed(2)}`, ({ price }) => COMPARE[sign]?.(price, quarters / 4) ?? false),
  );
const sizeLeaf = fc
  .tuple(operator, fc.integer({ min: 0, max: 6 }), fc.constantFrom('s', 'k', 'b'))
  .map(([sign, halves, unit]) => {
    const value = { s: `${halves}`, k: `${halves / 2}`, b: `${halves * 512}` }[unit];
    return leaf(`bytes${sign}${value}${unit}`, ({ bytes }) => COMPARE[sign]?.(Number(bytes), halves * 512) ?? false);
  });
const nameLeaf = fc
  .tuple(fc.constantFrom('=', '!='), fc.constantFrom(...NAMES), fc.constantFrom('"', "'"))
  .map(([sign, value, quote]) =>
    leaf(`name${sign}${quote}${value}${quote}`, ({ name }) => (name === value) === (sign === '=')),
  );
const regexLeaf = fc
  .tuple(fc.constantFrom('=~', '!~'), fc.constantFrom('p', 'ea', 'fig', 'q'))
  .map(([sign, part]) => leaf(`name${sign}${part}`, ({ name }) => name.includes(part) === (sign === '=~')));
const tagsLeaf = fc
  .tuple(fc.subarray(TAGS, { minLength: 1 }), fc.boolean(), fc.boolean(), fc.constantFrom('=', '!='))
  .map(([wanted, isStrict, isAny, sign]) => {
    const items = wanted.join(isAny ? '||' : ' && ');
    return leaf(`tags${sign}${isStrict ? `[${items}]` : `{${items}}`}`, ({ tags }) => {
      const common = wanted.filter((tag) => tags.includes(tag)).length;
      const isAlone = wanted.length === 1 || !isAny;
      const holds = isAlone ? common === wanted.length && (!isStrict || tags.length === wanted.length) : common > 0;
      return holds === (sign === '=');
    });
  });

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(countLeaf, priceLeaf, sizeLeaf, nameLeaf, regexLeaf, tagsLeaf),
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      parts: fc.array(tie('tree'), { minLength: 2, maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('not' as const), part: tie('tree') }),
  ),
}));

/** The tree as text, with no more parentheses than it needs, and each sign in one of its two forms. */
function write(node: Tree, isWord: boolean, inAnd = false): string {
  if (node.kind === 'leaf') return node.text;
  if (node.kind === 'not') return `!(${write(node.part, isWord)})`;
  const sign = node.kind === 'and' ? (isWord ? ' && ' : ',') : isWord ? ' || ' : '#';
  const text = node.parts.map((part) => write(part, isWord, node.kind === 'and')).join(sign);
  return node.kind === 'or' && inAnd ? `(${text})` : text;
}

function evaluate(node: Tree, fruit: Fruit): boolean {
  if (node.kind === 'leaf') return node.holds(fruit);
  if (node.kind === 'not') return !evaluate(node.part, fruit);
  const held = node.parts.filter((part) => evaluate(part, fruit)).length;
  return node.kind === 'and' ? held === node.parts.length : held > 0;
}

test('parseSelection() selects what an evaluator by hand selects', () => {
  fc.assert(
    fc.property(tree, fc.boolean(), fc.array(row, { minLength: 1, maxLength: 8 }), (node, isWord, rows) => {
      const { selects } = parseSelection(write(node, isWord), FRUITS);
      for (const fruit of rows) assert.equal(selects(fruit), evaluate(node, fruit), write(node, isWord));
    }),
    { numRuns: 2000 },
  );
});
