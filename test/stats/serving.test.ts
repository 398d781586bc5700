import assert from 'node:assert/strict';
import test from 'node:test';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { SimulatedKernel } from '../../src/simulator/kernel.ts';
import { DeviceStats } from '../../src/stats/device-stats.ts';
import { servingRegions } from '../../src/stats/serving.ts';

test('servingRegions() tells what look-ahead and packed regions are for', async () => {
  const kernel = new SimulatedKernel();
  kernel.addDevice('t0', { sectors: 20480 });
  const say = (text: string): unknown => kernel.message('t0', `@stats_create ${text}`);
  say('0+8 /1 0 dmstats DMS_GROUP="a":0#-|packed=w1:1-2');
  // Two areas of 8 sectors, the second one the file's: bit 1, as base64 Ag.
  say('100+16 8 0 dmstats-packed w1,areas=Ag');
  say('100+16 /1 0 dmstats-packed w1,whole');
  say('200+16 8 0 dmstats-packed w2,areas=Ag');
  say('200+16 /1 0 dmstats-packed w2,whole');
  say('300+16 8 0 dmfilemapd-ahead group=0,w3');
  say('400+16 8 0 dmfilemapd-ahead group=7,w3');
  say('500+16 8 0 dmfilemapd-ahead of-whom?');
  say('600+16 8 0 dmstats w1,areas=Ag');
  const listing = await new DeviceStats(new DeviceMapper(kernel.openControl()), { name: 't0' }).list();
  assert.deepEqual(
    [...servingRegions(listing)],
    [
      [1, { role: 'packed', groupId: 0 }],
      [2, { role: 'companion', groupId: 0 }],
      [3, { role: 'packed', groupId: undefined }],
      [4, { role: 'companion', groupId: undefined }],
      [5, { role: 'look-ahead', groupId: 0 }],
      [6, { role: 'look-ahead', groupId: undefined }],
      [7, { role: 'look-ahead', groupId: undefined }],
    ],
  );
});
