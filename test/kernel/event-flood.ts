// Another process for the test of events: makes, renames and removes many devices. Every tenth lives until all are
// made and half a second longer; then every second of these goes.
import { setTimeout } from 'node:timers/promises';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';

const [prefix = '', count = '0'] = process.argv.slice(2);
using dm = DeviceMapper.open(undefined, { blocking: true });
for (let index = 0; index < Number(count); index++) {
  await dm.create(`${prefix}new-${index}`);
  await dm.rename({ name: `${prefix}new-${index}` }, `${prefix}${index}`);
  if (index % 10 !== 0) await dm.remove({ name: `${prefix}${index}` });
}
await setTimeout(500);
for (let index = 0; index < Number(count); index += 20) await dm.remove({ name: `${prefix}${index}` });
