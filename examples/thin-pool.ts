// Makes a thin pool on two block devices, a thin device in it and a snapshot of that, and leaves them there.
// Run as root: node thin-pool.js /dev/sdb /dev/sdc. All that is on the two devices is lost.
import { writeFile } from 'node:fs/promises';
import { DeviceMapper, sectors } from 'devicemapper';
import { deviceSize, ThinDevice, ThinPool, tableOf, thinDevId } from 'devicemapper/devices';
import { linear } from 'devicemapper/targets';

const [metadata, data] = process.argv.slice(2);
if (metadata === undefined || data === undefined) throw new Error('usage: thin-pool METADATA_DEVICE DATA_DEVICE');

using dm = DeviceMapper.open();
// Zeros: a new pool, not the one that may have been here.
await writeFile(metadata, new Uint8Array(4096), { flag: 'r+' });
const whole = (device: string) => tableOf([linear({ device, offset: sectors(0) }), deviceSize(device)]);
const pool = await ThinPool.create(dm, {
  name: 'pool',
  metadata: { name: 'pool-meta', table: whole(metadata) },
  data: { name: 'pool-data', table: whole(data) },
  blockSize: 128,
});
const size = sectors(2n ** 31n);
const volume = await ThinDevice.create(dm, { name: 'volume', pool, id: thinDevId(0), size });
const snapshot = await volume.snapshot({ name: 'volume-snap', id: thinDevId(1) });
console.log(`the pool is ${await pool.state()}, ${snapshot.name} has ${await snapshot.size()} sectors`);
