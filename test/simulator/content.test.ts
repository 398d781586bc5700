import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { SimulatedKernel } from '../../src/simulator/index.ts';
import { letters, sectors, world } from './content-world.ts';
import { status } from './status.ts';

test('write() and read() go through the live table, cut where targets end, and are counted once a device', async () => {
  const { kernel, disks, make } = world();
  make('d', [0n, 4n, 'linear', '1:0 100'], [4n, 8n, 'striped', '2 2 1:1 0 1:2 10'], [12n, 2n, 'zero', '']);
  kernel.message('d', '@stats_create - /1');
  await kernel.write('d', 2, Buffer.concat(['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => sectors(letter, 1))));
  const raw = (disk: number, sector: number, count: number): string => {
    const bytes = new Uint8Array(512 * count);
    disks[disk]?.read(sector, bytes);
    return letters(bytes);
  };
  // Two sectors on the first; of the stripes the first chunk is on the one disk, the second on the other.
  assert.deepEqual([raw(0, 101, 4), raw(1, 0, 4), raw(2, 10, 4)], ['.ab.', 'cd..', 'ef..']);
  assert.equal(letters(await kernel.read('d', 0, 14)), '..abcdef......');
  // Written in three pieces; read in one, in four chunks, and in one of zeros.
  // Each piece goes on where the one before ended: a merge.
  assert.match(kernel.message('d', '@stats_print 0') ?? '', /^0\+14 6 5 14 0 3 2 6 0 /);
  assert.deepEqual(
    disks.slice(0, 3).map(({ completed }) => completed),
    [
      { read: 1, write: 1 },
      { read: 2, write: 1 },
      { read: 2, write: 1 },
    ],
  );
});

test('write() fails with EIO at an error target and beyond the end', async () => {
  const { kernel, make } = world();
  make('d', [0n, 8n, 'linear', '1:0 0'], [8n, 8n, 'error', '']);
  await assert.rejects(kernel.write('d', 8, sectors('a', 1)), { code: 'EIO' });
  await assert.rejects(kernel.read('d', 15, 2), { code: 'EIO' });
  await assert.rejects(kernel.write('d', 0, new Uint8Array(100)), { name: 'SimulatorError' });
});

test('a suspended device, also one below, holds content until it is resumed', async () => {
  const { kernel, clock, make, suspend, resume } = world();
  make('low', [0n, 8n, 'linear', '1:0 0']);
  make('top', [0n, 8n, 'linear', '254:0 0']);
  suspend('low');
  const bytes = sectors('a', 1);
  let written = false;
  const writing = kernel.write('top', 0, bytes).then(() => {
    written = true;
  });
  bytes.fill(0);
  await clock.advance(1000);
  assert.equal(written, false);
  const stop = new AbortController();
  const reading = kernel.read('top', 0, 1, { signal: stop.signal });
  stop.abort();
  await assert.rejects(reading, { name: 'AbortError' });
  resume('low');
  await writing;
  assert.equal(letters(await kernel.read('low', 0, 1)), 'a');
});

test('delay keeps I/O for its time, counts it in the status, and lets it go when it is suspended', async () => {
  const { kernel, clock, node, make, suspend } = world();
  make('d', [0n, 8n, 'delay', '1:0 0 5 1:1 0 20']);
  const times: string[] = [];
  const note = (what: string) => (): void => void times.push(`${what} ${clock.now() - 1000}`);
  const reading = kernel.read('d', 0, 1).then(note('read'));
  const writing = kernel.write('d', 0, sectors('a', 1)).then(note('write'));
  assert.equal(status(node, 'd'), '1 1 0');
  await clock.advance(30);
  await Promise.all([reading, writing]);
  assert.deepEqual(times, ['read 5', 'write 20']);
  const flushed = kernel.write('d', 0, sectors('b', 1)).then(note('flushed'));
  suspend('d');
  await flushed;
  assert.deepEqual([times.at(-1), status(node, 'd')], ['flushed 30', '0 0 0']);
});

test('flakey works, fails and damages by the clock', async () => {
  const { kernel, clock, make } = world();
  make('d', [0n, 8n, 'flakey', '1:0 0 1 2']);
  make('w', [0n, 8n, 'flakey', '1:0 0 1 2 1 drop_writes']);
  make('r', [0n, 8n, 'flakey', '1:0 0 1 2 5 corrupt_bio_byte 3 r 90 0']);
  await kernel.write('d', 0, sectors('a', 1));
  await clock.advance(1000);
  await assert.rejects(kernel.read('d', 0, 1), { code: 'EIO' });
  await kernel.write('w', 0, sectors('b', 1));
  assert.equal(Buffer.from(await kernel.read('r', 0, 1)).toString('latin1', 0, 4), 'aaZa');
  await clock.advance(2000);
  assert.equal(letters(await kernel.read('d', 0, 1)), 'a');
});

test('snapshot keeps what its origin was, with its own changes, and says what it takes', async () => {
  const { kernel, node, make } = world();
  make('base', [0n, 64n, 'linear', '1:0 0']);
  await kernel.write('base', 0, sectors('a', 64));
  make('snap', [0n, 64n, 'snapshot', '254:0 1:7 P 8']);
  make('origin', [0n, 64n, 'snapshot-origin', '254:0']);
  assert.equal(status(node, 'snap'), '16/8192 16');
  await kernel.write('origin', 10, sectors('b', 1));
  await kernel.write('snap', 20, sectors('c', 2));
  assert.equal(letters(await kernel.read('origin', 8, 16)), 'aabaaaaaaaaaaaaa');
  assert.equal(letters(await kernel.read('snap', 8, 16)), 'aaaaaaaaaaaaccaa');
  // Two chunks of eight sectors.
  assert.equal(status(node, 'snap'), '32/8192 16');
  // A second write to the same chunk copies nothing.
  await kernel.write('origin', 11, sectors('d', 1));
  assert.equal(status(node, 'snap'), '32/8192 16');
});

test('a snapshot that is full is Invalid, or says Overflow where its table asks for that', async () => {
  const { kernel, node, make, events } = world();
  make('cow', [0n, 24n, 'linear', '1:6 0']);
  make('po', [0n, 24n, 'linear', '1:7 0']);
  make('snap', [0n, 64n, 'snapshot', '1:0 254:0 P 8']);
  make('over', [0n, 64n, 'snapshot', '1:0 254:1 PO 8']);
  for (const name of ['snap', 'over']) {
    await kernel.write(name, 0, sectors('a', 1));
    await assert.rejects(kernel.write(name, 8, sectors('a', 1)), { code: 'EIO' });
  }
  assert.deepEqual([status(node, 'snap'), status(node, 'over')], ['Invalid', 'Overflow']);
  assert.equal(events('snap'), 1);
  await assert.rejects(kernel.read('snap', 0, 1), { code: 'EIO' });
  assert.equal(letters(await kernel.read('over', 0, 1)), 'a');
});

test('a disk in a file keeps its content there, sparse', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'simulated-disk-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'disk.img');
  const kernel = new SimulatedKernel();
  using disk = kernel.addDisk({ sectors: 2 ** 20, file });
  disk.write(1000, sectors('f', 2));
  assert.equal(statSync(file).size, 2 ** 29);
  assert.ok(statSync(file).blocks < 100);
  assert.equal(letters(readFileSync(file).subarray(999 * 512, 1003 * 512)), '.ff.');
  const bytes = new Uint8Array(2048);
  disk.read(999, bytes);
  assert.equal(letters(bytes), '.ff.');
  assert.throws(() => disk.read(2 ** 20, bytes), RangeError);
});

test('crypt takes a key and forgets it while it is suspended, and is not resumed without, as in the captures', () => {
  const { make, tell, suspend, resume } = world();
  const [zeros, ones] = ['0'.repeat(64), '1'.repeat(64)];
  make('c1', [0n, 1024n, 'crypt', `aes-xts-plain64 ${zeros} 0 1:0 0`]);
  assert.equal(tell('c1', 'key wipe'), 'EINVAL');
  suspend('c1');
  assert.equal(tell('c1', 'key wipe'), 'ok');
  assert.equal(resume('c1'), 'EAGAIN');
  assert.equal(tell('c1', `key set ${ones.slice(2)}`), 'EINVAL');
  assert.equal(tell('c1', `key set ${ones}`), 'ok');
  assert.match(resume('c1'), /^rc=0/);
});

test('mirror becomes equal as the clock goes, not while it is suspended, and tells when it is', async () => {
  const { clock, node, make, suspend, resume, events } = world();
  make('m', [0n, 2048n, 'mirror', 'core 1 1024 2 1:0 0 1:1 0']);
  assert.equal(status(node, 'm'), '2 1:0 1:1 0/2 1 AA 1 core');
  // 100 MiB a second are 1024 sectors in 5 ms.
  await clock.advance(5);
  assert.equal(status(node, 'm'), '2 1:0 1:1 1/2 1 AA 1 core');
  suspend('m');
  await clock.advance(100);
  assert.deepEqual([status(node, 'm'), events('m')], ['2 1:0 1:1 1/2 1 AA 1 core', 0]);
  resume('m');
  await clock.advance(5);
  assert.deepEqual([status(node, 'm'), events('m')], ['2 1:0 1:1 2/2 1 AA 1 core', 1]);
});

test('cache takes and refuses the captured messages, and counts what goes past it', async () => {
  const { kernel, node, make, tell } = world();
  const messages = ['migration_threshold 8192', 'invalidate_cblocks 1', 'bogus 1', 'bogus'];
  make('c', [0n, 4096n, 'cache', '1:5 1:4 1:0 128 1 writethrough default 0']);
  assert.deepEqual(
    messages.map((text) => tell('c', text)),
    ['ok', 'EPERM', 'EINVAL', 'EINVAL'],
  );
  await kernel.write('c', 0, sectors('a', 1));
  assert.equal(letters(await kernel.read('c', 0, 2)), 'a.');
  assert.match(
    status(node, 'c'),
    / 128 0\/64 0 1 0 1 0 0 0 2 writethrough no_discard_passdown 2 migration_threshold 8192 /,
  );
  make('p', [0n, 4096n, 'cache', '1:6 1:3 1:1 128 1 passthrough smq 0']);
  assert.deepEqual(
    [...messages, 'invalidate_cblocks 64', 'invalidate_cblocks 0-64'].map((text) => tell('p', text)),
    ['ok', 'ok', 'EINVAL', 'EINVAL', 'EINVAL', 'ok'],
  );
});
