import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { DmParseError } from '../../src/mapper/errors.ts';
import { targetNamed, targetTypes } from '../../src/targets/index.ts';
import { splitWords } from '../../src/targets/words.ts';
import { capturedLoads } from './support.ts';

/** All words that the captures and the grammars know: nonsense made of them comes near to sense. */
const vocabulary = [
  ...new Set([
    ...capturedLoads('6.12').flatMap(({ params, states }) => [params, ...states.map(({ text }) => text)]),
    ...targetTypes.flatMap(({ form, statusForm }) => [form, statusForm]),
    'toString constructor __proto__ 1e9 0x1 -1 +1 1:2 1:2:3 99999999999999999999 4294967297 1/2 1/ / - : a: :a \\',
    '4294967295 4294967296 18446744073709551615 +4 4096:0 1.5 J s p V4 internal_hash:crc32c:00 %s é',
  ]),
].flatMap((text) => text.split(' '));

const nonsense = fc
  .array(fc.oneof(fc.constantFrom(...vocabulary), fc.nat(9).map(String), fc.string()), { maxLength: 14 })
  .map((words) => words.join(' '));

const grammars = [...targetTypes.map(({ type }) => type), 'unknown'].map(targetNamed);

test('parse() throws nothing but DmParseError, and what it reads it prints so that it reads the same', () => {
  fc.assert(
    fc.property(fc.constantFrom(...grammars), nonsense, (grammar, text) => {
      const first = attempt(() => grammar.parse(text));
      if (first === undefined) return;
      const printed = first.params({ showKeys: true });
      const second = grammar.parse(printed);
      assert.deepEqual(second.values, first.values);
      assert.deepEqual(second.rest, first.rest);
      assert.equal(second.params({ showKeys: true }), printed);
    }),
    { numRuns: 4000 },
  );
});

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof DmParseError) return undefined;
    throw error;
  }
}

test('problems(), status() and hideKeys() take any text, and parse() fails only where problems() has one', () => {
  fc.assert(
    fc.property(fc.constantFrom(...grammars), nonsense, (grammar, text) => {
      const problems = grammar.problems(text, { kernel: '6.12', length: 1024n, readOnly: false });
      for (const { column } of problems) assert.ok(column >= 1 && column <= text.length + 1, `${text}: ${column}`);
      assert.equal(grammar.status(text).raw, text);
      assert.equal(grammar.hideKeys(text).length, text.length);
      if (attempt(() => grammar.parse(text)) === undefined) assert.notDeepEqual(grammar.problems(text), []);
    }),
    { numRuns: 4000 },
  );
});

test('parse() keeps a word that it does not know wherever a group or the end of the line has room for it', () => {
  const accepted = capturedLoads('6.12').filter(({ errno }) => errno === undefined);
  const known = new Set(targetTypes.map(({ type }) => type));
  const lines = accepted.filter(({ type }) => known.has(type));
  fc.assert(
    fc.property(fc.constantFrom(...lines), fc.stringMatching(/^x[a-z]{3,8}$/), ({ type, params }, word) => {
      const grammar = targetNamed(type);
      const longer = `${params} ${word}`.trim();
      // A word may complete something optional, such as a device or a count: then it is not unknown.
      const target = attempt(() => grammar.parse(longer));
      if (target !== undefined) assert.equal(target.params({ showKeys: true }), longer);
    }),
  );
  const params = '8:0 0 5 6 2 frobnicate drop_writes';
  assert.equal(targetNamed('flakey').parse(params).params(), params);
});

test('parse() and params() are each other’s inverse on the lines of the captures with other numbers and devices', () => {
  const lines = capturedLoads('6.12').filter(({ errno, type }) => errno === undefined && type !== 'error');
  const known = new Set(targetTypes.map(({ type }) => type));
  const device = fc.oneof(
    fc.tuple(fc.nat(4095), fc.nat(1_048_575)).map(([major, minor]) => `${major}:${minor}`),
    fc.stringMatching(/^\/dev\/[a-z]{1,8}$/),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...lines.filter(({ type }) => known.has(type))),
      fc.array(device, { minLength: 9, maxLength: 9 }),
      ({ type, params }, devices) => {
        let next = 0;
        const changed = params.replace(/\/dev\/\S+/g, () => devices[next++ % devices.length] ?? '');
        assert.equal(targetNamed(type).parse(changed).params({ showKeys: true }), changed);
        assert.equal(splitWords(changed).length, changed.split(' ').filter((word) => word !== '').length);
      },
    ),
    { numRuns: 500 },
  );
});
