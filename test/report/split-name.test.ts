import assert from 'node:assert/strict';
import test from 'node:test';
import { splitName } from '../../src/report/split-name.ts';

// As dmsetup 1.02.185 shows them.
const NAMES: readonly (readonly [name: string, uuid: string, parts: readonly string[]])[] = [
  ['vg-lv--x-tpool', 'LVM-abc-tpool', ['LVM', 'vg', 'lv-x', 'tpool']],
  ['vgx-lvy', 'LVM-xx', ['LVM', 'vgx', 'lvy', '']],
  ['vgy-lv-one-two', 'LVM-yy', ['LVM', 'vgy', 'lv', 'one']],
  ['vg-lv', 'CRYPT-a b', ['CRYPT', '', '', '']],
  ['vg-lv', '', ['', '', '', '']],
  ['vg-lv', 'nodash', ['', '', '', '']],
];
for (const [name, uuid, parts] of NAMES) {
  test(`splitName() of ${name} with the uuid "${uuid}"`, () => {
    const { subsystem, volumeGroup, logicalVolume, layer } = splitName(name, uuid);
    assert.deepEqual([subsystem, volumeGroup, logicalVolume, layer], parts);
  });
}
