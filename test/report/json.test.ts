import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { jsonText } from '../../src/report/json.ts';

const LIMIT = 2n ** 53n;
for (const [value, text] of [
  [LIMIT - 1n, '9007199254740991'],
  [LIMIT, '"9007199254740992"'],
  [-(LIMIT - 1n), '-9007199254740991'],
  [-LIMIT, '"-9007199254740992"'],
  [2n ** 64n - 1n, '"18446744073709551615"'],
] as const) {
  test(`jsonText() writes ${value} so that no reader rounds it`, () => {
    assert.equal(jsonText(value), text);
  });
}

test('jsonText() writes nothing that drives a terminal or ends a line, and nothing is lost', () => {
  const text = 'a\u001b[31m\n\u007f\u009b\u2028\u202e"é';
  const json = jsonText({ text });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
  assert.doesNotMatch(json, /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/);
  assert.deepEqual(JSON.parse(json), { text });
});

test('jsonText() is read back as it was', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'binary' }), fc.oneof(fc.string({ unit: 'binary' }), fc.integer())),
      (value) => {
        assert.deepEqual(JSON.parse(jsonText(value)), JSON.parse(JSON.stringify(value)));
      },
    ),
  );
});

test('jsonText() writes what is no number as null', () => {
  assert.equal(jsonText([Number.NaN, Number.POSITIVE_INFINITY]), '[null,null]');
});
