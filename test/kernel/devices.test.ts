// Linear devices, swaps and graphs on the kernel: the crate's cases, and failures that leave nothing behind.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import {
  activate,
  applySwap,
  type DesiredDevice,
  deactivate,
  LinearDevice,
  prepareSwap,
  SwapError,
  swapTable,
  tableOf,
} from '../../src/devices/index.ts';
import type { TableLine } from '../../src/mapper/table-line.ts';
import { sectors } from '../../src/mapper/units.ts';
import { error, flakey, linear } from '../../src/targets/index.ts';
import { DISK, DISK_SECTORS, line, MIB, nodeOf, onDisk, place, steadyReads } from './devices-support.ts';
import { eventually, sh } from './support.ts';

test('an empty table is refused, for a new device and for one that is there', async (t) => {
  const { dm, options, name } = place(t);
  await assert.rejects(LinearDevice.create(dm, { name: name('a'), table: [] }, options), /table is empty/);
  const device = await LinearDevice.create(dm, { name: name('a'), table: tableOf([onDisk(0), 8]) }, options);
  await assert.rejects(device.setTable([]), /table is empty/);
  assert.equal(await device.size(), 8n);
});

test('rename() moves a device and its node, on the kernel', async (t) => {
  const { dm, options, name } = place(t);
  const device = await LinearDevice.create(dm, { name: name('a'), table: tableOf([onDisk(0), 8]) }, options);
  const folder = options.nodes === false ? '' : (options.nodes?.folder ?? '');
  assert.equal(existsSync(`${folder}/${name('a')}`), true);
  await device.rename(name('a'));
  await device.rename(name('b'));
  assert.deepEqual(
    (await dm.list({ namePrefix: name('') })).map((one) => one.name),
    [name('b')],
  );
  assert.deepEqual([existsSync(`${folder}/${name('a')}`), existsSync(`${folder}/${name('b')}`)], [false, true]);
  await device.teardown();
  assert.equal(existsSync(`${folder}/${name('b')}`), false);
});

test('segments: one, the same one twice, five; read back as they were written', async (t) => {
  const { dm, options, name } = place(t);
  const one = await LinearDevice.setup(dm, { name: name('one'), table: tableOf([onDisk(0), 8]) }, options);
  assert.equal(sh(`blockdev --getsz ${nodeOf(one)}`).trim(), '8');
  const twice = await LinearDevice.setup(
    dm,
    { name: name('twice'), table: tableOf([onDisk(0), 8], [onDisk(0), 8]) },
    options,
  );
  assert.equal(await twice.size(), 16n);
  assert.equal((await dm.dependencies(twice.number)).length, 1);
  const table = tableOf(...[4, 3, 2, 1, 0].map((at) => [onDisk(at * 8), 8] as const));
  const five = await LinearDevice.setup(dm, { name: name('five'), table }, options);
  assert.deepEqual(
    (await five.table()).map(({ params }) => params.split(' ')[1]),
    ['32', '24', '16', '8', '0'],
  );
});

test('setup() takes a device with the same table, whatever its words, and no other', async (t) => {
  const { dm, options, name } = place(t);
  const features = ['drop_writes'] as const;
  const table = tableOf(
    [onDisk(0), 8],
    [flakey({ device: DISK, offset: sectors(8), up: 5, down: 1 }), 8],
    [flakey({ device: DISK, offset: sectors(8), up: 5, down: 1, features }), 8],
    [error(), 8],
  );
  const first = await LinearDevice.setup(dm, { name: name('a'), table }, options);
  const again = await LinearDevice.setup(dm, { name: name('a'), table }, options);
  assert.deepEqual(again.number, first.number);
  const other = { name: name('a'), table: tableOf([onDisk(8), 32]) };
  await assert.rejects(LinearDevice.setup(dm, other, options), /its table is another/);
  await LinearDevice.setup(dm, { name: name('b'), table }, options);
});

test('suspend() and resume(), twice each', async (t) => {
  const { dm, options, name } = place(t);
  const device = await LinearDevice.create(dm, { name: name('a'), table: tableOf([onDisk(0), 8]) }, options);
  for (let round = 0; round < 2; round++) {
    await device.suspend({ noflush: true });
    await device.suspend();
    assert.equal((await device.info()).suspended, true);
    await device.resume();
    await device.resume();
    assert.equal((await device.info()).suspended, false);
  }
});

test('swapTable() brings a device back from an area beyond the end, under I/O, and says the kernel’s reason', async (t) => {
  const { dm, options, name } = place(t);
  const device = await LinearDevice.create(dm, { name: name('a'), table: tableOf([onDisk(0), MIB]) }, options);
  const reads = steadyReads(t, nodeOf(device));
  const table = tableOf([onDisk(DISK_SECTORS - 8), MIB]);
  await assert.rejects(device.setTable(table), { name: 'UsageError', message: /beyond|ends at sector/ });
  await assert.rejects(device.setTable(table, { check: false }), (failure) => {
    assert.ok(failure instanceof SwapError);
    assert.deepEqual([failure.code, failure.state], ['EINVAL', 'runs-old']);
    return true;
  });
  const { suspended, inactive } = await device.info();
  assert.deepEqual([suspended, inactive, await device.size()], [false, false, BigInt(MIB)]);
  const before = await reads.count();
  await eventually('reads go on', 20_000, async () => (await reads.count()) > before);
  assert.equal(reads.failed(), false);
});

test('swapTable() says that a crypt device without its key stays suspended, and takes a table with one', async (t) => {
  sh('modprobe dm-crypt');
  const { dm, options, name } = place(t);
  const table = (key: string): TableLine[] => [line(MIB, 'crypt', `aes-cbc-plain64 ${key} 0 ${DISK} 0`)];
  const key = '7f'.repeat(16);
  const device = await LinearDevice.create(dm, { name: name('a'), table: table(key), secure: true }, options);
  await device.suspend();
  await dm.message(device.number, 'key wipe');
  const beyond = [line(MIB, 'linear', `${DISK} ${DISK_SECTORS}`)];
  await assert.rejects(swapTable(dm, device.number, { table: beyond }, { ...options, check: false }), (failure) => {
    assert.ok(failure instanceof SwapError);
    assert.equal(failure.state, 'suspended-old', failure.message);
    return true;
  });
  const plan = await prepareSwap(dm, device.number, { table: table(key), secure: true }, options);
  assert.doesNotMatch(plan.toString(), /7f7f/);
  assert.match(plan.toString(), /there is no table to put back/);
  await applySwap(dm, plan, options);
  assert.equal((await device.info()).suspended, false);
  sh(`dd if=${nodeOf(device)} of=/dev/null bs=4k count=1 iflag=direct 2>&1`);
});

test('a graph of six devices is made at once, has nodes without udev, and is removed; a failure leaves nothing', async (t) => {
  const { dm, options, name } = place(t);
  const folder = options.nodes === false ? '' : (options.nodes?.folder ?? '');
  const on = (of: string, ...below: string[]): DesiredDevice => ({
    name: name(of),
    table: tableOf(
      ...(below.length === 0
        ? [[onDisk(0), 64] as const]
        : below.map((one) => [linear({ device: `/dev/mapper/${name(one)}`, offset: sectors(0) }), 32] as const)),
    ),
  });
  const tower = [on('f', 'd', 'e'), on('e', 'b', 'c'), on('d', 'b'), on('c', 'a'), on('b', 'a'), on('a')];
  {
    await using graph = await activate(dm, tower, options);
    assert.equal(graph.numbers.size, 6);
    for (const { name: each } of tower) assert.ok(existsSync(`${folder}/${each}`), each);
    const [top] = tower;
    sh(`dd if=${folder}/${top?.name} of=/dev/null bs=4k count=1 iflag=direct 2>&1`);
    await assert.rejects(deactivate(dm, [name('a')], { ...options, removeDeadlineMs: 50 }), {
      code: 'EBUSY',
      message: /held by: used by the device/,
    });
    await activate(dm, tower, options);
  }
  assert.deepEqual(await dm.list({ namePrefix: name('') }), []);
  for (const { name: each } of tower) assert.equal(existsSync(`${folder}/${each}`), false, each);
  const broken = [...tower, { name: name('g'), table: [line(64, 'linear', `/dev/mapper/${name('f')} 0 surplus`)] }];
  await assert.rejects(activate(dm, broken, options), { code: 'EINVAL', reason: /[Ii]nvalid argument count/ });
  assert.deepEqual(await dm.list({ namePrefix: name('') }), []);
});
