import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  bytes,
  dataBlocks,
  dataBlocksToSectors,
  formatSize,
  IEC,
  metaBlocks,
  metaBlocksToSectors,
  parseSize,
  sectors,
  sectorsToDataBlocks,
  sectorsToMetaBlocks,
  toBytes,
  toSectors,
} from '../../src/mapper/units.ts';

test('units refuse what is no whole number of 64 bits and cannot be mixed', () => {
  for (const make of [sectors, bytes, dataBlocks, metaBlocks]) {
    assert.throws(() => make(-1), RangeError);
    assert.throws(() => make(2 ** 53), RangeError);
    assert.throws(() => make(2n ** 64n), RangeError);
    assert.throws(() => make(1.5), RangeError);
    assert.equal(make(2n ** 64n - 1n), 2n ** 64n - 1n);
  }
  assert.equal(toBytes(sectors(3)), 1536n);
  assert.equal(toSectors(bytes(1535)), 2n);
  // @ts-expect-error a number of bytes is no number of sectors
  toBytes(bytes(512));
  // @ts-expect-error a pool's blocks are of its own size
  metaBlocksToSectors(dataBlocks(1));
});

test('blocks become sectors and back, in whole blocks', () => {
  assert.equal(metaBlocksToSectors(metaBlocks(3)), 24n);
  assert.equal(sectorsToMetaBlocks(sectors(31)), 3n);
  assert.equal(dataBlocksToSectors(dataBlocks(5), sectors(128)), 640n);
  assert.equal(sectorsToDataBlocks(sectors(639), sectors(128)), 4n);
  assert.throws(() => metaBlocksToSectors(metaBlocks(2n ** 61n)), RangeError);
  assert.throws(() => dataBlocksToSectors(dataBlocks(2n ** 60n), sectors(128)), RangeError);
  assert.throws(() => sectorsToDataBlocks(sectors(1), sectors(0)), RangeError);
  assert.throws(() => toBytes(sectors(2n ** 55n)), RangeError);
});

test('IEC has the binary units', () => {
  assert.deepEqual(Object.values(IEC), [
    1024n,
    1_048_576n,
    1_073_741_824n,
    1_099_511_627_776n,
    1_125_899_906_842_624n,
    1_152_921_504_606_846_976n,
  ]);
});

test('parseSize() reads exact sizes only', () => {
  assert.equal(parseSize('10 GiB'), 10_737_418_240n);
  assert.equal(parseSize('2048s'), 1_048_576n);
  assert.equal(parseSize(' 512B '), 512n);
  assert.equal(parseSize('0 B'), 0n);
  for (const text of ['', '10', '1.5 GiB', '-1 B', '1 GB', '1 gib', 'GiB', '1 GiB x']) {
    assert.throws(() => parseSize(text), { name: 'UsageError', message: /one of KiB, MiB, .*, s, B/ }, text);
  }
  assert.throws(() => parseSize('16 EiB'), { name: 'UsageError', message: /more than 2\^64-1 bytes/ });
});

test('formatSize() writes what parseSize() reads back', () => {
  assert.equal(formatSize(bytes(1536 * 2 ** 20)), '1536 MiB');
  assert.equal(formatSize(bytes(2n ** 60n)), '1 EiB');
  assert.equal(formatSize(bytes(1000)), '1000 B');
  assert.equal(formatSize(bytes(0)), '0 B');
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.nat(6), (value, shift) => {
      const size = bytes((value >> BigInt(10 * shift)) << BigInt(10 * shift));
      assert.equal(parseSize(formatSize(size)), size);
    }),
  );
});
