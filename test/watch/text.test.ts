import assert from 'node:assert/strict';
import test from 'node:test';
import { shortCount, shortSize, shortTime } from '../../src/watch/short.ts';
import { cut, cutStart, fit, printable, widthOf } from '../../src/watch/text.ts';

test('printable() lets nothing through that drives a terminal', () => {
  assert.equal(printable('a\u001b[2Jb\u009b\n'), 'a\\x1b[2Jb\\x9b\\x0a');
  // A byte that is no UTF-8, as names of the kernel carry it.
  assert.equal(printable('x\udcffy'), 'x\ufffdy');
  assert.equal(printable('Größe 日本'), 'Größe 日本');
});

// East Asian wide characters take two columns, combining ones none (Unicode UAX #11).
for (const [text, width] of [
  ['abc', 3],
  ['日本', 4],
  ['e\u0301', 1],
] as const) {
  test(`widthOf() of ${JSON.stringify(text)} is ${width}`, () => assert.equal(widthOf(text), width));
}

test('cut() and cutStart() keep to the width and break no character', () => {
  assert.equal(cut('日本語', 5), '日本');
  assert.equal(cut('abc', 2), 'ab');
  assert.equal(cutStart('/srv/images/vm.img', 8, '…'), '…/vm.img');
  assert.equal(cutStart('/srv/日本語', 5, '<'), '<本語');
  assert.equal(cutStart('/srv/日本語', 4, '<'), '<語');
  assert.equal(cutStart('vm.img', 6, '…'), 'vm.img');
  assert.equal(cutStart('vm.img', 0, '…'), '');
});

test('fit() fills up by columns, not by characters', () => {
  assert.equal(fit('日', 4), '日  ');
  assert.equal(fit('12', 4, 'right'), '  12');
  assert.equal(fit('日本', 3), '日 ');
});

const SHORT: readonly (readonly [actual: string, expected: string])[] = [
  [shortCount(0), '0'],
  [shortCount(0.25), '0.25'],
  [shortCount(12.34), '12.3'],
  [shortCount(9999), '9999'],
  [shortCount(12_345), '12.3k'],
  [shortCount(2_500_000), '2.50M'],
  [shortSize(512), '512'],
  [shortSize(1536), '1.50K'],
  [shortSize(1023 * 1024), '1023K'],
  [shortSize(96 * 2 ** 20), '96M'],
  [shortTime(0), '0ns'],
  [shortTime(5e6), '5ms'],
  [shortTime(350_400), '350us'],
  [shortTime(1.25e9), '1.25s'],
];
for (const [actual, expected] of SHORT) test(`short numbers: ${expected}`, () => assert.equal(actual, expected));
