import assert from 'node:assert/strict';
import test from 'node:test';
import { openControlNode } from '../../src/mapper/control-node.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { DmError } from '../../src/mapper/errors.ts';
import { sectors } from '../../src/mapper/units.ts';
import { SimulatedKernel } from '../../src/simulator/index.ts';

function device(): { kernel: SimulatedKernel; dm: DeviceMapper } {
  const kernel = new SimulatedKernel();
  return { kernel, dm: new DeviceMapper(kernel.openControl()) };
}
const line = (disk: { number: { major: number; minor: number } }, start: number, length: number, offset: number) => ({
  start: sectors(start),
  length: sectors(length),
  type: 'linear',
  params: `${disk.number.major}:${disk.number.minor} ${offset}`,
});

test('DeviceMapper creates, loads, resumes, describes and removes a device of several targets', async () => {
  const { kernel, dm } = device();
  const disk = kernel.addDisk({ sectors: 4096 });
  await dm.create('vol', { uuid: 'TEST-vol' });
  await dm.load({ name: 'vol' }, [line(disk, 0, 1024, 0), line(disk, 1024, 512, 2048)]);
  assert.equal((await dm.info({ name: 'vol' })).inactive, true);
  const info = await dm.resume({ uuid: 'TEST-vol' });
  assert.deepEqual([info.name, info.active, info.targetCount, info.suspended], ['vol', true, 2, false]);
  const table = await dm.table({ name: 'vol' });
  assert.deepEqual(
    table.map(({ start, length, type, params }) => [start, length, type, params]),
    [
      [0n, 1024n, 'linear', `${disk.number.major}:${disk.number.minor} 0`],
      [1024n, 512n, 'linear', `${disk.number.major}:${disk.number.minor} 2048`],
    ],
  );
  assert.deepEqual(await dm.list(), [{ name: 'vol', uuid: 'TEST-vol', number: info.number, eventNr: 0 }]);
  await dm.remove(info.number);
  assert.deepEqual(await dm.list(), []);
});

test('DeviceMapper grows its buffer for a long list and a long table', async () => {
  const { kernel, dm } = device();
  for (let index = 0; index < 300; index++) await dm.create(`device-with-a-rather-long-name-${index}`);
  assert.equal((await dm.list()).length, 300);
  const disk = kernel.addDisk({ sectors: 4096 });
  await dm.create('many');
  await dm.load(
    { name: 'many' },
    Array.from({ length: 400 }, (_, index) => line(disk, index * 8, 8, index * 8)),
  );
  await dm.resume({ name: 'many' });
  assert.equal((await dm.table({ name: 'many' })).length, 400);
});

test('DeviceMapper tells which request failed, on what and why', async () => {
  const { kernel, dm } = device();
  await assert.rejects(dm.info({ name: 'nothing' }), (error) => {
    assert.ok(DmError.is(error, 'ENXIO'));
    assert.equal(error.message, 'DM_DEV_STATUS on nothing: no such device (ENXIO)');
    return true;
  });
  await dm.create('twice');
  await assert.rejects(dm.create('twice'), { op: 'DM_DEV_CREATE', code: 'EBUSY' });
  const nobody = kernel.openControl({ privileged: false });
  assert.throws(() => new DeviceMapper(nobody), /EACCES.*run as root/);
});

test('DeviceMapper does not begin what was cancelled', async () => {
  const { dm } = device();
  await dm.create('vol');
  await assert.rejects(dm.remove({ name: 'vol' }, { signal: AbortSignal.abort() }), { name: 'AbortError' });
  assert.equal((await dm.list()).length, 1);
});

test('DeviceMapper.message() reads an answer of any length', async () => {
  const { kernel, dm } = device();
  kernel.addDevice('vol', { sectors: 1 << 16 });
  for (let index = 0; index < 500; index++)
    await dm.message({ name: 'vol' }, '@stats_create - /1 0 somebody -', { mayWait: true });
  const list = await dm.message({ name: 'vol' }, '@stats_list');
  assert.equal(list?.trim().split('\n').length, 500);
  assert.equal(await dm.message({ name: 'vol' }, '@stats_delete 3'), undefined);
});

test('DeviceMapper in blocking mode lets signals and timers have their turn between its calls', async () => {
  const kernel = new SimulatedKernel();
  kernel.addDevice('vol', { sectors: 1 << 16 });
  const dm = new DeviceMapper(kernel.openControl(), { blocking: true });
  let turns = 0;
  let next = setImmediate(function turn() {
    turns++;
    next = setImmediate(turn);
  });
  for (let index = 0; index < 400; index++) {
    await dm.message({ name: 'vol' }, '@stats_create - /1 0 somebody -', { mayWait: true });
  }
  clearImmediate(next);
  assert.ok(turns >= 20, `${turns} turns`);
});

test('openControlNode() says what is missing and what to do', () => {
  assert.throws(
    () => openControlNode('/nowhere/mapper/control'),
    (error) => {
      assert.ok(DmError.is(error, 'ENOENT'));
      assert.match(
        error.message,
        /^open on \/nowhere\/mapper\/control: (no such node|this kernel has no device-mapper)/,
      );
      assert.match(error.message, /modprobe dm_mod|dmsetup mknodes/);
      return true;
    },
  );
});
