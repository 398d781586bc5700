import assert from 'node:assert/strict';
import test from 'node:test';
import { DM_FLAGS } from '../../src/kernel/dm-ioctl.ts';
import { ERRNO } from '../../src/kernel/errno.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { sectors } from '../../src/mapper/units.ts';
import { SimulatedKernel } from '../../src/simulator/index.ts';
import { FakeNode } from './recording-node.ts';

const ref = { name: 'vol' };

function volume() {
  const kernel = new SimulatedKernel();
  kernel.addDevice('vol', { sectors: 64 });
  return { kernel, dm: new DeviceMapper(kernel.openControl()), device: kernel.device('vol') };
}

test('suspended() resumes after what lies between has ended or thrown', async () => {
  const { dm, device } = volume();
  {
    await using guard = await dm.suspended(ref, { noflush: true });
    assert.equal(device.suspended, true);
    assert.deepEqual(guard.number, device.number);
  }
  assert.equal(device.suspended, false);
  const work = async (): Promise<never> => {
    await using _ = await dm.suspended(ref);
    throw new Error('stop');
  };
  await assert.rejects(work(), { message: 'stop' });
  assert.equal(device.suspended, false);
});

test('suspended() resumes once, also when told to early', async () => {
  const { dm, device } = volume();
  const guard = await dm.suspended(ref);
  await Promise.all([guard.resume(), guard.resume()]);
  await dm.suspend(ref);
  await guard[Symbol.asyncDispose]();
  assert.equal(device.suspended, true, 'another’s suspend is not its business');
});

test('suspended() makes a table live that was loaded meanwhile, and rolls a refused one back', async () => {
  const { kernel, dm, device } = volume();
  const disk = kernel.addDisk({ sectors: 32 });
  const swap = async (length: number): Promise<void> => {
    await using _ = await dm.suspended(ref);
    const params = `${disk.number.major}:${disk.number.minor} 0`;
    await dm.load(ref, [{ start: sectors(0), length: sectors(length), type: 'linear', params }]);
  };
  await swap(16);
  assert.deepEqual([device.suspended, device.sizeSectors], [false, 16n]);
  await assert.rejects(swap(33), { op: 'DM_DEV_SUSPEND', code: 'EINVAL' });
  assert.deepEqual([device.suspended, device.sizeSectors], [false, 16n]);
});

test('suspended() does not begin what was cancelled, and undoes what was cancelled meanwhile', async () => {
  const { kernel, dm, device } = volume();
  await assert.rejects(dm.suspended(ref, { signal: AbortSignal.abort() }), { name: 'AbortError' });
  const stop = new AbortController();
  kernel.onIoctl = ({ command }) => {
    if (command === 'DM_DEV_SUSPEND') stop.abort();
    return undefined;
  };
  await assert.rejects(dm.suspended(ref, { signal: stop.signal }), { name: 'AbortError' });
  assert.equal(device.suspended, false);
});

test('suspended() refuses a device that nothing could resume', async () => {
  const { kernel, dm } = volume();
  await dm.create('bare');
  await assert.rejects(dm.suspended({ name: 'bare' }), { code: 'EINVAL', reason: /no live table/ });
  assert.equal(kernel.device('bare').suspended, false);
});

test('suspended() says when the device stays suspended, and can be told again', async () => {
  let refuse = true;
  const node = new FakeNode((command, _, header) => {
    if (command === 'DM_DEV_STATUS') header.flags |= DM_FLAGS.ACTIVE_PRESENT;
    const resumes = command === 'DM_DEV_SUSPEND' && (header.flags & DM_FLAGS.SUSPEND) === 0;
    return resumes && refuse ? ERRNO.EIO : undefined;
  });
  const guard = await new DeviceMapper(node).suspended({ major: 254, minor: 1 });
  await assert.rejects(guard.resume(), { code: 'EIO', remedy: /still suspended/, device: '254:1' });
  refuse = false;
  await guard.resume();
  const before = node.requests.length;
  await guard.resume();
  assert.equal(node.requests.length, before);
});
