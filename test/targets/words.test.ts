import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { UsageError } from '../../src/mapper/errors.ts';
import { quoteWord, splitWords } from '../../src/targets/words.ts';

const texts = (line: string): string[] => splitWords(line).map(({ text }) => text);

test('splitWords() cuts at the white space of C and tells the columns', () => {
  assert.deepEqual(splitWords(' 8:0\t\n16 '), [
    { text: '8:0', column: 2, end: 5 },
    { text: '16', column: 7, end: 9 },
  ]);
  assert.deepEqual(texts('a\vb\fc\rd'), ['a', 'b', 'c', 'd']);
  assert.deepEqual(texts(''), []);
});

test('splitWords() takes the byte behind a backslash as it is, and knows no quotes', () => {
  assert.deepEqual(texts(String.raw`/dev/a\ b c\\d "e f"`), ['/dev/a b', String.raw`c\d`, '"e', 'f"']);
  assert.deepEqual(texts('end\\'), ['end\\']);
});

test('quoteWord() writes what splitWords() reads back', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[!-~ \t\\]+$/), { minLength: 1 }), (words) => {
      assert.deepEqual(texts(words.map(quoteWord).join(' ')), words);
    }),
  );
});

test('quoteWord() refuses what the kernel would cut or cannot see', () => {
  // à is C3 A0 in UTF-8, and A0 is white space to the kernel.
  for (const word of ['', 'a\0b', '/dev/à']) assert.throws(() => quoteWord(word), UsageError, word);
  assert.equal(quoteWord('/dev/ä'), '/dev/ä');
});
