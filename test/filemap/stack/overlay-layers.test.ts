import assert from 'node:assert/strict';
import test from 'node:test';
import { overlayPlace } from '../../../src/filemap/stack/overlay-layers.ts';

const mountInfo = (root: string, point: string, options: string): string =>
  [
    '22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw',
    `41 22 0:38 ${root} ${point} rw,relatime shared:7 master:2 - overlay overlay rw,${options},xino=off`,
    '410 22 254:1 / /elsewhere rw,relatime - ext4 /dev/mapper/x rw',
    '',
  ].join('\n');

test('overlayPlace() names the layers, the topmost first, and the place in them', () => {
  const text = mountInfo('/', '/merged', 'lowerdir=/l2:/l1,upperdir=/u,workdir=/w');
  assert.deepEqual(overlayPlace(text, 41, '/merged/a/b'), { layers: ['/u', '/l2', '/l1'], path: '/a/b' });
});

test('overlayPlace() adds the folder that a bind mount of an overlay begins at', () => {
  const text = mountInfo('/var/lib', '/data', 'lowerdir=/l');
  assert.deepEqual(overlayPlace(text, 41, '/data/file'), { layers: ['/l'], path: '/var/lib/file' });
});

test('overlayPlace() knows an overlay that is the root of all', () => {
  assert.deepEqual(overlayPlace(mountInfo('/', '/', 'lowerdir=/l,upperdir=/u'), 41, '/etc/x'), {
    layers: ['/u', '/l'],
    path: '/etc/x',
  });
});

test('overlayPlace() undoes the escapes of the mount table and of the list of folders', () => {
  // mount -o 'lowerdir=/a\:b:/c d:/e\\f,upperdir=/u\,v' on 6.1: seq_show_option() writes `,`, `=`, blanks and `\` in octal.
  const options = 'lowerdir=/a\\134:b:/c\\040d:/e\\134\\134f,upperdir=/u\\134\\054v';
  const place = overlayPlace(mountInfo('/', '/m\\040n', options), 41, '/m n/x');
  assert.deepEqual(place, { layers: ['/u,v', '/a:b', '/c d', '/e\\f'], path: '/x' });
});

test('overlayPlace() reads names that are not ASCII, layers one by one, and layers of data', () => {
  const name = Buffer.from('/ü').toString('latin1');
  assert.deepEqual(overlayPlace(mountInfo('/', '/m', `lowerdir=${name}::/d1::/d2`), 41, '/m/x')?.layers, [
    '/ü',
    '/d1',
    '/d2',
  ]);
  const single = 'lowerdir+=/a:b,lowerdir+=/c,datadir+=/d';
  assert.deepEqual(overlayPlace(mountInfo('/', '/m', single), 41, '/m/x')?.layers, ['/a:b', '/c', '/d']);
});

test('overlayPlace() finds nothing for a mount that is not listed, or a path that is not below it', () => {
  const text = mountInfo('/', '/merged', 'lowerdir=/l');
  assert.equal(overlayPlace(text, 4, '/merged/a'), undefined);
  assert.equal(overlayPlace(text, 41, '/other/a'), undefined);
});
