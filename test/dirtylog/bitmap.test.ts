import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Bitmap, populationOf } from '../../src/dirtylog/bitmap.ts';

test('populationOf() counts the ones of a word', () => {
  for (const [word, count] of [
    [0, 0],
    [1, 1],
    [0x80000000, 1],
    [0xffffffff, 32],
    [0x55555555, 16],
  ] as const) {
    assert.equal(populationOf(word), count);
  }
});

test('Bitmap does what a Set does, with the next member found and the members counted', () => {
  const step = fc.tuple(fc.constantFrom('add', 'delete', 'word'), fc.nat(40_000), fc.nat());
  fc.assert(
    fc.property(
      fc.constantFrom(1, 31, 32, 33, 1024, 1025, 40_000),
      fc.array(step, { maxLength: 60 }),
      (size, steps) => {
        const bitmap = new Bitmap(size);
        const truth = new Set<number>();
        for (const [what, at, value] of steps) {
          const member = at % size;
          if (what === 'add') {
            assert.equal(bitmap.add(member), !truth.has(member));
            truth.add(member);
          } else if (what === 'delete') {
            assert.equal(bitmap.delete(member), truth.delete(member));
          } else {
            const index = member >>> 5;
            bitmap.setWord(index, value);
            for (let bit = 0; bit < 32; bit++) {
              const one = 32 * index + bit;
              if (one < size && ((value >>> bit) & 1) === 1) truth.add(one);
              else truth.delete(one);
            }
          }
          assert.equal(bitmap.count, truth.size);
          const after = [...truth].filter((one) => one >= member);
          assert.equal(bitmap.next(member), after.length === 0 ? -1 : Math.min(...after));
          assert.equal(bitmap.has(member), truth.has(member));
        }
      },
    ),
    { numRuns: 200, seed: 1 },
  );
});

test('Bitmap.next() finds the last of 10^8 regions', () => {
  const bitmap = new Bitmap(100_000_000);
  bitmap.add(99_999_999);
  assert.equal(bitmap.next(0), 99_999_999);
  assert.equal(bitmap.next(100_000_000), -1);
  bitmap.delete(99_999_999);
  assert.equal(bitmap.next(0), -1);
});

test('Bitmap.copyWords() copies what word() says, across pages, over what was there, and zeros beyond the last', () => {
  // Three pages of 4096 words, the second of which was never set.
  const bitmap = new Bitmap(32 * 12_000);
  for (const index of [0, 4095, 8192, 11_999]) bitmap.setWord(index, 0x80000000 + index);
  for (const [index, length] of [
    [0, 768],
    [4000, 5000],
    [11_990, 100],
    [20_000, 3],
  ] as const) {
    const words = new Int32Array(length).fill(7);
    bitmap.copyWords(index, words);
    assert.deepEqual(
      [...words],
      [...words.keys()].map((at) => bitmap.word(index + at)),
    );
  }
});
