import assert from 'node:assert/strict';
import test from 'node:test';
import { letters, sectors, world } from './content-world.ts';
import { status, tableText } from './status.ts';
import { type Line, probe } from './support.ts';

const POOL = '1:5 1:6 128 60 1 error_if_no_space';

test('a pool tells low water once, runs full, and is well again when a device goes, as in the captures', async () => {
  const { kernel, node, make, tell, events } = world();
  make('pool', [0n, 8192n, 'thin-pool', POOL]);
  tell('pool', 'create_thin 0');
  make('th', [0n, 65_536n, 'thin', '254:0 0']);
  for (let block = 0; block < 8; block++) await kernel.write('th', block * 128, sectors('x', 128));
  assert.equal(events('pool'), 1);
  assert.match(status(node, 'pool'), /^0 \S+ 8\/64 - rw no_discard_passdown error_if_no_space - 256 $/);
  for (let block = 8; block < 64; block++) await kernel.write('th', block * 128, sectors('x', 1));
  await assert.rejects(kernel.write('th', 64 * 128, sectors('x', 1)), { code: 'ENOSPC' });
  assert.equal(events('pool'), 2);
  assert.match(status(node, 'pool'), /^0 \S+ 64\/64 - out_of_data_space no_discard_passdown error_if_no_space - 256 $/);
  probe(node, 'DM_DEV_REMOVE', { name: 'th' });
  assert.deepEqual([tell('pool', 'delete 0'), events('pool')], ['ok', 3]);
  assert.match(status(node, 'pool'), /^0 \S+ 0\/64 - rw /);
});

test('I/O that waits for space goes on when the pool grows, and fails after a minute', async () => {
  const { kernel, clock, node, make, load, resume, tell, events } = world();
  make('pool', [0n, 128n, 'thin-pool', '1:5 1:6 128 0']);
  tell('pool', 'create_thin 0');
  make('th', [0n, 1024n, 'thin', '254:0 0']);
  await kernel.write('th', 0, sectors('a', 1));
  const waiting = kernel.write('th', 128, sectors('b', 1));
  assert.match(status(node, 'pool'), / out_of_data_space .* queue_if_no_space /);
  load('pool', [0n, 256n, 'thin-pool', '1:5 1:6 128 0']);
  resume('pool');
  await waiting;
  assert.equal(letters(await kernel.read('th', 127, 3)), '.b.');
  const failing = assert.rejects(kernel.write('th', 256, sectors('c', 1)), { code: 'ENOSPC' });
  const before = events('pool');
  await clock.advance(60_000);
  await failing;
  assert.equal(events('pool'), before + 1);
});

test('thin snapshots share blocks until one of them is written', async () => {
  const { kernel, node, make, tell } = world();
  make('pool', [0n, 8192n, 'thin-pool', '1:5 1:6 128 0']);
  tell('pool', 'create_thin 0');
  make('one', [0n, 1024n, 'thin', '254:0 0']);
  await kernel.write('one', 0, sectors('a', 256));
  tell('pool', 'create_snap 1 0');
  make('two', [0n, 1024n, 'thin', '254:0 1']);
  assert.match(status(node, 'pool'), / 2\/64 /);
  await kernel.write('two', 1, sectors('b', 1));
  assert.match(status(node, 'pool'), / 3\/64 /);
  assert.equal(letters(await kernel.read('two', 0, 3)), 'aba');
  assert.equal(letters(await kernel.read('one', 0, 3)), 'aaa');
  assert.deepEqual([status(node, 'one'), status(node, 'two')], ['256 255', '256 255']);
  make('ext', [0n, 256n, 'thin', '254:0 1 1:0']);
});

test('a thin device reads what was not written from its external origin, and zeros beyond that', async () => {
  const { kernel, disks, make, tell } = world();
  make('half', [0n, 64n, 'linear', '1:0 0']);
  disks[0]?.write(0, sectors('o', 64));
  make('pool', [0n, 8192n, 'thin-pool', '1:5 1:6 128 0']);
  tell('pool', 'create_thin 0');
  make('th', [0n, 256n, 'thin', '254:1 0 254:0']);
  assert.equal(letters(await kernel.read('th', 62, 4)), 'oo..');
  await kernel.write('th', 63, sectors('w', 1));
  assert.equal(letters(await kernel.read('th', 62, 4)), 'ow..');
});

test('a pool that shrinks is refused by the resume, with the new table live and the device suspended', () => {
  const { kernel, node, make, load, resume } = world();
  make('pool', [0n, 8192n, 'thin-pool', '1:5 1:6 128 0']);
  assert.match(load('pool', [0n, 4096n, 'thin-pool', '1:5 1:6 128 0']), /^rc=0/);
  assert.equal(resume('pool'), 'EINVAL');
  assert.deepEqual([kernel.device('pool').sizeSectors, kernel.device('pool').suspended], [4096n, true]);
  assert.match(status(node, 'pool'), / 0\/64 /);
  load('pool', [0n, 8192n, 'thin-pool', '1:5 1:6 128 0']);
  assert.match(resume('pool'), /^rc=0/);
});

test('thin devices outlive their pool on its metadata, and go with it when that is overwritten', () => {
  const { disks, make, node, tell, load } = world();
  const pool: Line = [0n, 8192n, 'thin-pool', '1:5 1:6 128 0'];
  make('pool', pool);
  tell('pool', 'create_thin 7');
  probe(node, 'DM_DEV_REMOVE', { name: 'pool' });
  make('pool', pool);
  assert.equal(tell('pool', 'create_thin 7'), 'EEXIST');
  probe(node, 'DM_DEV_REMOVE', { name: 'pool' });
  disks[5]?.write(0, sectors('x', 1));
  probe(node, 'DM_DEV_CREATE', { name: 'pool' });
  assert.equal(load('pool', pool), 'ENOTBLK');
  disks[5]?.write(0, new Uint8Array(512));
  assert.match(load('pool', pool), /^rc=0/);
});

test('a pool answers messages, and counts its blocks of metadata, as in the captures', async () => {
  const { kernel, node, make, tell, load, resume, suspend, events } = world(131_072);
  const pool = (features: string, length = 65_536n): Line => [0n, length, 'thin-pool', `1:5 1:6 128 ${features}`];
  const state = (): string => status(node, 'pool');
  make('pool', pool('10'));
  const rest = 'no_discard_passdown queue_if_no_space - 1024 ';
  assert.equal(state(), `0 1648/16384 0/512 - rw ${rest}`);
  const told = (...texts: string[]): string[] => texts.map((text) => tell('pool', text));
  assert.deepEqual(told('create_thin 0', 'create_thin 0', 'create_snap 1 0', 'set_transaction_id 0 1'), [
    'ok',
    'EEXIST',
    'ok',
    'ok',
  ]);
  assert.deepEqual(
    told('set_transaction_id 0 1', 'nonsense', 'delete 55', 'create_snap 2 55', 'create_thin 16777216'),
    ['EINVAL', 'EINVAL', 'ENODATA', 'ENODATA', 'EINVAL'],
  );
  assert.deepEqual(told('reserve_metadata_snap', 'reserve_metadata_snap'), ['ok', 'EBUSY']);
  assert.equal(state(), `1 1650/16384 0/512 23 rw ${rest}`);
  make('th', [0n, 2048n, 'thin', '254:0 0']);
  assert.equal(status(node, 'th'), '0 -');
  await kernel.write('th', 0, sectors('x', 256));
  assert.equal(status(node, 'th'), '256 255');
  assert.equal(state(), `1 1653/16384 2/512 23 rw ${rest}`);
  assert.deepEqual(told('delete 0'), ['EBUSY']);
  probe(node, 'DM_DEV_CREATE', { name: 't2' });
  const thin = (id: string): string => load('t2', [0n, 2048n, 'thin', `254:0 ${id}`]);
  assert.deepEqual([thin('55'), thin('16777216')], ['ENODATA', 'EINVAL']);
  suspend('pool');
  assert.equal(thin('0'), 'EINVAL');
  assert.deepEqual(told('create_thin 5'), ['ok']);
  assert.equal(state(), `1 1654/16384 2/512 23 rw ${rest}`);
  load('pool', pool('20 1 read_only'));
  resume('pool');
  assert.deepEqual([state(), events('pool')], [`1 1654/16384 2/512 23 ro ${rest}`, 1]);
  assert.equal(tableText(node, 'pool'), '1:5 1:6 128 20 1 read_only ');
  assert.deepEqual(told('create_thin 6'), ['EOPNOTSUPP']);
  assert.equal(load('pool', [0n, 65_536n, 'thin-pool', '1:4 1:6 128 0']), 'EINVAL');
  load('pool', pool('20', 32_768n));
  assert.deepEqual([resume('pool'), events('pool')], ['EINVAL', 2]);
  assert.equal(state(), `1 1654/16384 2/512 23 rw ${rest}`);
  load('pool', pool('0'));
  assert.match(resume('pool'), /^rc=0/);
  assert.equal(load('pool', [0n, 8n, 'linear', '1:0 0']), 'EINVAL');
  probe(node, 'DM_DEV_CREATE', { name: 'pool2' });
  assert.equal(load('pool2', [0n, 65_536n, 'thin-pool', '1:5 1:7 128 0']), 'EBUSY');
});
