// The cases of the crate's LinearDev, and those in which it fails.
import assert from 'node:assert/strict';
import test from 'node:test';
import { deviceExists, LinearDevice, tableOf } from '../../src/devices/index.ts';
import { sectors } from '../../src/mapper/units.ts';
import { error, linear } from '../../src/targets/index.ts';
import { failEach, failNthCall, failNthIoctl, faked, line, seen, simulated } from './support.ts';

const DISK = { major: 8, minor: 0 };
const at = (offset: bigint) => linear({ device: DISK, offset: sectors(offset) });
const desired = (name = 'vol') => ({ name, uuid: `${name}-uuid`, table: tableOf([at(0n), 8], [error(), 4]) });

test('LinearDevice.setup() makes a device once, and takes it then', async () => {
  const { kernel, dm, options } = simulated();
  const first = await LinearDevice.setup(dm, desired(), options);
  const before = seen(kernel);
  const second = await LinearDevice.setup(dm, desired(), options);
  assert.deepEqual(seen(kernel), before);
  assert.deepEqual(second.number, first.number);
  assert.equal(await second.size(), 12n);
  assert.deepEqual(await second.table(), [line(8, 'linear', '8:0 0'), line(4, 'error', '', 8)]);
});

test('LinearDevice.setup() refuses a device of the name that is another', async () => {
  const { kernel, dm, options } = simulated();
  await LinearDevice.setup(dm, desired(), options);
  const before = seen(kernel);
  const other = { ...desired(), table: tableOf([at(8n), 8]) };
  await assert.rejects(LinearDevice.setup(dm, other, options), { name: 'UsageError', message: /its table is another/ });
  await assert.rejects(LinearDevice.setup(dm, { ...desired(), uuid: 'x' }, options), /its uuid is "vol-uuid"/);
  await assert.rejects(LinearDevice.create(dm, desired(), options), /There is a device vol already/);
  assert.deepEqual(seen(kernel), before);
});

test('LinearDevice.create() and teardown() ask the kernel for no more than it takes', async () => {
  const { kernel, dm, options } = simulated();
  const asked: string[] = [];
  kernel.onIoctl = ({ command }) => void asked.push(command);
  const device = await LinearDevice.create(dm, desired(), options);
  assert.deepEqual(asked.splice(0), ['DM_DEV_CREATE', 'DM_TABLE_LOAD', 'DM_DEV_SUSPEND']);
  await device.teardown();
  assert.deepEqual(asked, ['DM_DEV_REMOVE']);
});

test('LinearDevice.create() tells a name that is taken from a uuid', async () => {
  const { kernel, dm, options } = simulated();
  await LinearDevice.create(dm, desired(), options);
  const before = seen(kernel);
  await assert.rejects(LinearDevice.create(dm, desired(), options), { name: 'UsageError' });
  const other = { ...desired('other'), uuid: 'vol-uuid' };
  await assert.rejects(LinearDevice.create(dm, other, options), { code: 'EBUSY', reason: /name or the uuid is taken/ });
  assert.deepEqual(seen(kernel), before);
});

test('LinearDevice.setup() refuses an empty table, and leaves nothing', async () => {
  const { kernel, dm, options } = simulated();
  await assert.rejects(LinearDevice.setup(dm, { name: 'vol', table: [] }, options), /The table is empty/);
  assert.deepEqual(kernel.devices, []);
});

test('LinearDevice.setup() takes the same segment for two devices, and twice in one', async () => {
  const { dm, options } = simulated();
  await LinearDevice.setup(dm, desired('one'), options);
  await LinearDevice.setup(dm, desired('two'), options);
  const twice = await LinearDevice.setup(dm, { name: 'twice', table: tableOf([at(0n), 8], [at(0n), 8]) }, options);
  assert.equal(await twice.size(), 16n);
  assert.equal((await dm.dependencies({ name: 'twice' })).length, 1);
});

test('LinearDevice works beside a foreign device whose name is no text', async () => {
  const { kernel, dm, options } = simulated();
  kernel.addDevice('caf\udce9', { sectors: 8 });
  await using device = await LinearDevice.setup(dm, desired(), options);
  assert.equal(await deviceExists(dm, device.name), true);
});

test('deviceExists() says whether there is a device of the name', async () => {
  const { dm, options } = simulated();
  assert.equal(await deviceExists(dm, 'vol'), false);
  await LinearDevice.setup(dm, desired(), options);
  assert.equal(await deviceExists(dm, 'vol'), true);
});

test('setTable() and extend() tell the size that the kernel has, also when it refuses', async () => {
  const { kernel, dm, options } = simulated();
  const device = await LinearDevice.setup(dm, desired(), options);
  await device.extend([[at(100n), 20]]);
  assert.equal(await device.size(), 32n);
  assert.deepEqual((await device.table()).at(-1), line(20, 'linear', '8:0 100', 12));
  await assert.rejects(
    device.extend([[at(990n), 20]]),
    /ends at sector 1010 of its device 8:0, which has 1000 sectors/,
  );
  await assert.rejects(device.extend([[at(990n), 20]], { check: false }), { code: 'EINVAL', state: 'runs-old' });
  assert.equal(await device.size(), 32n);
  assert.equal(kernel.device('vol').suspended, false);
  await assert.rejects(device.setTable([]), /The table is empty/);
  const plan = await device.planTable({ table: [line(8, 'zero')] });
  assert.match(plan.toString(), /load\n {4}0 8 zero\n/);
  assert.equal(await device.size(), 32n);
});

test('suspend(), suspended() and resume() hold I/O back and let it go', async () => {
  const { kernel, dm, options } = simulated();
  const device = await LinearDevice.setup(dm, desired(), options);
  await device.suspend();
  assert.equal((await device.info()).suspended, true);
  await device.resume();
  assert.equal(kernel.device('vol').suspended, false);
  {
    await using _ = await device.suspended({ noflush: true });
    assert.equal(kernel.device('vol').suspended, true);
  }
  assert.equal(kernel.device('vol').suspended, false);
});

test('rename() moves a device and its node; its own name is nothing to do', async () => {
  const { dm, options, nodes } = faked();
  const device = await LinearDevice.setup(dm, desired(), options);
  await device.rename('vol');
  await device.rename('new');
  assert.equal(device.name, 'new');
  assert.deepEqual(nodes, ['+vol', '-vol', '+new']);
  await LinearDevice.setup(dm, desired(), options);
  await assert.rejects(device.rename('vol'), { code: 'EBUSY' });
  assert.equal(device.name, 'new');
  await device.teardown();
  assert.deepEqual([...dm.devices.keys()], ['vol']);
});

test('disposal removes a device unless it is kept, and does not mind that it is gone', async () => {
  const { kernel, dm, options } = simulated();
  {
    await using _one = await LinearDevice.setup(dm, desired('one'), options);
    await using two = await LinearDevice.setup(dm, desired('two'), options);
    two.keep();
    await using three = await LinearDevice.setup(dm, desired('three'), options);
    await three.teardown();
  }
  assert.deepEqual(
    kernel.devices.map(({ name }) => name),
    ['two'],
  );
});

test('LinearDevice.open() takes a device that is there', async () => {
  const { kernel, dm, options } = simulated();
  const { number } = kernel.addDevice('vol', { sectors: 64, uuid: 'U' });
  for (const ref of [{ name: 'vol' }, { uuid: 'U' }, number]) {
    const device = await LinearDevice.open(dm, ref, options);
    assert.deepEqual([device.name, device.number, await device.size()], ['vol', number, 64n]);
  }
  await assert.rejects(LinearDevice.open(dm, { name: 'none' }, options), { code: 'ENXIO' });
});

test('extend() fails at any ioctl without a trace', async () => {
  await failEach(
    async () => {
      const place = simulated();
      return {
        ...place,
        device: await LinearDevice.setup(place.dm, desired(), place.options),
        before: seen(place.kernel),
      };
    },
    failNthIoctl,
    ({ device }) => device.extend([[at(100n), 20]]),
    ({ kernel, before }, failure, n) => {
      assert.ok(failure instanceof Error, `call ${n}`);
      assert.deepEqual(seen(kernel), before, `call ${n}`);
    },
  );
});

test('rename() and teardown() fail at any call, and work when asked again', async () => {
  await failEach(
    async () => {
      const place = faked();
      return { ...place, device: await LinearDevice.setup(place.dm, desired(), place.options) };
    },
    failNthCall,
    async ({ device }) => {
      await device.rename('new');
      await device.teardown();
    },
    async ({ dm, device }, failure, n) => {
      assert.ok(failure instanceof Error, `call ${n}`);
      dm.fail = () => undefined;
      await device.rename('new');
      await device.teardown();
      assert.equal(dm.devices.size, 0, `call ${n}`);
    },
  );
});

test('a table of 512 segments is read back as it was written', async () => {
  const { dm, options } = simulated();
  const table = tableOf(...Array.from({ length: 512 }, (_, index) => [at(BigInt(511 - index)), 1] as const));
  const device = await LinearDevice.setup(dm, { name: 'vol', table }, options);
  assert.deepEqual(await device.table(), table);
});
