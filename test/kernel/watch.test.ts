/** The live view of a real group under I/O, on a terminal of 80x24. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import test from 'node:test';
import { createFilemap } from '../../src/filemap/filemap.ts';
import { openFile } from '../../src/filemap/open-file.ts';
import { nanoseconds } from '../../src/mapper/units.ts';
import { onTerminal, Screen, skip } from '../watch/terminal-support.ts';
import { cleanUp, countsOfGroup, directRead, directWrite, mountVolume, sh } from './support.ts';

const ALIAS = 'web \u009b31m.img';
const SECONDS = 120;

test('dmstats watch shows a file and its device under I/O, and clears nothing', { skip }, async (t) => {
  const volume = await mountVolume(t, 'ext4', 64);
  const path = join(volume.folder, 'data');
  directWrite(path);
  sh('sync');
  using file = openFile(path);
  const bounds = [100, 1_000, 10_000].map((us) => nanoseconds(us * 1_000));
  const map = await createFilemap(volume.dm, file, { programId: 'p', alias: ALIAS, precise: true, bounds });
  directRead(path, { count: 4 });
  const reader = spawn('sh', ['-c', `while :; do dd if='${path}' of=/dev/null bs=64k iflag=direct 2>/dev/null; done`]);
  const ended = new Promise((resolve) => reader.on('exit', resolve));
  cleanUp(t, async () => {
    reader.kill('SIGKILL');
    await ended;
  });
  const { written, ...end } = onTerminal(
    ['dmstats', 'watch', volume.name, '--sort', 'bytes'],
    [
      ...['wait=web \\x9b31m.img', 'key=/web\\r', 'wait=latency of', 'wait=latency of', 'key=p', 'wait=PAUSED'],
      ...['key=\\x1b', 'wait=D ', 'key=q'],
    ],
    SECONDS,
  );
  assert.deepEqual(end, { ended: '0', modesAreBack: true, stops: [] });
  assert.deepEqual([...new Screen().write(written).modes], []);
  const { lines } = new Screen().write(written.slice(0, written.lastIndexOf('\u001b[0m\u001b[?25h')));
  t.diagnostic(lines.join('\n'));
  assert.equal(lines.length, 24);
  // What was read of the file was read of its device, and nothing was written.
  const rates = (start: string): string[] =>
    lines
      .find((line) => line.startsWith(start))
      ?.slice(start.length)
      .trim()
      .split(/ +/) ?? [];
  const [reads, writes] = rates('G web \\x9b31m.img');
  assert.ok(Number(reads) > 0, reads);
  assert.equal(writes, '0');
  assert.ok(Number(rates(`D ${volume.name}`)[0]) > 0);
  // What was there before the view came is there still.
  assert.ok((await countsOfGroup(volume.stats, map.groupId ?? -1)).reads > 4n);
});
