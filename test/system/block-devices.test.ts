import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { sysBlockDevices } from '../../src/system/block-devices.ts';

/** A sysfs with dm-0 on vda and vdb, and dm-10 and dm-2 on dm-0. */
function makeSysfs(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'sysfs-'));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'dev/block'), { recursive: true });
  for (const [name, number] of [
    ['vda', '254:0'],
    ['vdb', '254:16'],
    ['dm-0', '253:0'],
    ['dm-2', '253:2'],
    ['dm-10', '253:10'],
  ] as const) {
    const folder = join(root, 'devices', name);
    for (const part of ['queue', 'holders']) mkdirSync(join(folder, part), { recursive: true });
    writeFileSync(join(folder, 'dev'), `${number}\n`);
    writeFileSync(join(folder, 'queue/read_ahead_kb'), '128\n');
    symlinkSync(join('../../devices', name), join(root, 'dev/block', number));
  }
  for (const [upper, lower] of [
    ['dm-0', 'vdb'],
    ['dm-0', 'vda'],
    ['dm-10', 'dm-0'],
    ['dm-2', 'dm-0'],
  ] as const) {
    symlinkSync(join('../..', upper), join(root, 'devices', lower, 'holders', upper));
  }
  return root;
}

test('sysBlockDevices() tells names, read-ahead and relations, by number', (t) => {
  const blocks = sysBlockDevices(makeSysfs(t));
  assert.equal(blocks.name('253:10'), 'dm-10');
  assert.equal(blocks.readAheadSectors('253:0'), 256);
  assert.deepEqual(blocks.holders('253:0'), ['253:2', '253:10']);
  assert.deepEqual(blocks.holders('253:10'), []);
});

test('sysBlockDevices() knows nothing of a device that there is none of', (t) => {
  const blocks = sysBlockDevices(makeSysfs(t));
  assert.equal(blocks.name('1:1'), undefined);
  assert.equal(blocks.readAheadSectors('1:1'), undefined);
  assert.deepEqual(blocks.holders('1:1'), []);
});
