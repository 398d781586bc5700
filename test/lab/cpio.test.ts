import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpio, fileMode, folderMode } from '../../lab/cpio.ts';

test('cpio() writes headers of 110 bytes, names and data padded to 4', () => {
  const archive = cpio([
    { path: 'bin', mode: folderMode },
    { path: 'bin/sh', mode: fileMode, data: Buffer.from('12345') },
  ]);
  const text = archive.toString('latin1');
  assert.equal(archive.length % 4, 0);
  assert.equal(text.indexOf('070701'), 0);
  // 110 + 'bin\0' = 114, padded to 116
  assert.equal(text.indexOf('070701', 6), 116);
  assert.equal(text.slice(116 + 14, 116 + 22), fileMode.toString(16).padStart(8, '0'));
  assert.equal(text.slice(116 + 54, 116 + 62), '00000005');
  // 110 + 'bin/sh\0' = 117, padded to 120
  assert.equal(text.slice(116 + 120, 116 + 125), '12345');
  assert.match(text, /TRAILER!!!\0+$/);
});
