import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { startFilemapd } from '../../src/filemapd/start.ts';

for (const [what, open, message] of [
  ['a folder', () => openSync('/', 'r'), /^Cannot map file: what is open as fd \d+ is not a regular file$/],
  ['a device', () => openSync('/dev/null', 'r'), /^Cannot map file: what is open as fd \d+ is not a regular file$/],
  ['a number that is no descriptor', () => 1_000_000, /^fstat failed for fd 1000000: no open file; open it/],
] as const) {
  test(`startFilemapd() refuses ${what} before it starts anything`, async () => {
    const fd = open();
    try {
      await assert.rejects(startFilemapd({ fd, groupId: 0, path: '/x', mode: 'inode' }), {
        name: 'UsageError',
        message,
      });
    } finally {
      if (fd < 1_000_000) closeSync(fd);
    }
  });
}
