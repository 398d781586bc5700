import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDaemonOf } from '../../scripts/demo/daemon.ts';
import { shellWord } from '../../scripts/demo/terminal.ts';
import { insist, UndoList } from '../../scripts/demo/undo.ts';

test('UndoList undoes everything, last made first, whatever fails, and only once', async () => {
  const done: string[] = [];
  const undo = new UndoList();
  undo.add('a', () => done.push('a'));
  undo.add('b', () => {
    throw new Error('busy');
  });
  undo.add('c', async () => done.push('c'));
  assert.deepEqual(await undo.run(), ['b: busy']);
  assert.deepEqual(done, ['c', 'a']);
  assert.deepEqual(await undo.run(), []);
});

test('insist() tries again until it works, and gives up with the last failure', async () => {
  let tries = 0;
  await insist(() => {
    if (++tries < 3) throw new Error('busy');
  });
  assert.equal(tries, 3);
  await assert.rejects(
    insist(() => Promise.reject(new Error('busy')), 0),
    /busy/,
  );
});

test('isDaemonOf() knows the daemon by its title and by its bundle, and nobody else', () => {
  assert.ok(isDaemonOf('dmfilemapd 3 0 /mnt/vm.img inode 1 0', '/mnt/vm.img'));
  assert.ok(isDaemonOf('/usr/bin/node\0/x/dist/bin/dmfilemapd.cjs\x003\x000\0/mnt/vm.img\0inode\0', '/mnt/vm.img'));
  assert.ok(!isDaemonOf('dmfilemapd 3 0 /mnt/vm.img.2 inode 1 0', '/mnt/vm.img'));
  assert.ok(!isDaemonOf('dmstats\0create\0--filemap\0/mnt/vm.img\0', '/mnt/vm.img'));
});

test('shellWord() quotes what a shell would not take as it is', () => {
  assert.equal(shellWord('/tmp/vm.img'), '/tmp/vm.img');
  assert.equal(shellWord("it's *"), "'it'\\''s *'");
});
