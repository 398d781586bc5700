import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compressedKernel } from '../../lab/kernel-image.ts';

function bzImage(payload: Buffer): Buffer {
  const image = Buffer.alloc(2 * 512 + 16 + payload.length + 100);
  image.writeUInt8(1, 0x1f1);
  image.writeUInt32LE(16, 0x248);
  image.writeUInt32LE(payload.length, 0x24c);
  payload.copy(image, 2 * 512 + 16);
  return image;
}

test('compressedKernel() cuts out the payload without the size at its end', () => {
  const xz = Buffer.from('fd377a585a000001', 'hex');
  const found = compressedKernel(bzImage(Buffer.concat([xz, Buffer.from('aabbccdd', 'hex')])));
  assert.equal(found?.unpack, 'xz');
  assert.deepEqual(found?.data, xz);
  assert.equal(compressedKernel(bzImage(Buffer.from('28b52ffd0405060700000000', 'hex')))?.unpack, 'zstd');
});

test('compressedKernel() leaves alone what it does not know', () => {
  assert.equal(compressedKernel(bzImage(Buffer.from('1f8b0800000000000000', 'hex'))), undefined);
});
