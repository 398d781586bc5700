import assert from 'node:assert/strict';
import test from 'node:test';
import { SharedMapper } from '../../../src/filemapd/service/shared-mapper.ts';
import { SimulatedKernel } from '../../../src/simulator/index.ts';
import { DeviceStats } from '../../../src/stats/device-stats.ts';

const linesOf = (list: Uint8Array): number => Buffer.from(list).toString().split('\n').length - 1;

test('SharedMapper lists a device once in 50 ms, and anew after this process has changed a region', async () => {
  const kernel = new SimulatedKernel();
  const { number } = kernel.addDevice('vol', { sectors: 2 ** 16 });
  let now = 0;
  const stats = new DeviceStats(new SharedMapper(kernel.openControl(), () => now), number);
  const lines = async (): Promise<number> => linesOf(await stats.listBytes());
  assert.equal(await lines(), 0);
  const id = await stats.createRegion({ programId: 'ours' });
  assert.equal(await lines(), 1);
  await stats.setAux(id, 'word');
  assert.match(Buffer.from(await stats.listBytes()).toString(), / ours word\n$/);
  kernel.message('vol', '@stats_create - /1 0 other -');
  assert.equal(await lines(), 1);
  now += 50;
  assert.equal(await lines(), 2);
  await stats.deleteRegion(id);
  assert.equal(await lines(), 1);
});
