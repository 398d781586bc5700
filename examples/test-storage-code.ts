// Tests code that stores something, on a thin device, its snapshot, and a disk that fails: without root or Linux.
import assert from 'node:assert/strict';
import { DeviceMapper, sectors } from 'devicemapper';
import { flakey, linear, type Target, thin, thinPool } from 'devicemapper/targets';
import { SimulatedKernel } from 'devicemapper/testing';

const kernel = new SimulatedKernel();
for (const path of ['/dev/metadata', '/dev/data', '/dev/log']) kernel.addDisk({ sectors: 2 ** 16, path });
using dm = new DeviceMapper(kernel.openControl());

async function make(name: string, length: number, target: Target): Promise<void> {
  await dm.create(name);
  await dm.load({ name }, [target.tableLine(sectors(0n), sectors(length))]);
  await dm.resume({ name });
}

// The code under test: a record is written first, and then that it is there.
async function store(device: string, text: string): Promise<void> {
  const record = Buffer.alloc(512);
  record.write(text);
  await kernel.write(device, 1, record);
  await kernel.write(device, 0, Buffer.alloc(512, 'stored'));
}
async function stored(device: string): Promise<string | undefined> {
  const [mark, record] = [await kernel.read(device, 0, 1), await kernel.read(device, 1, 1)];
  if (mark[0] === 0) return undefined;
  return Buffer.from(record.subarray(0, record.indexOf(0))).toString();
}

const pool = thinPool({ metadata: '/dev/metadata', data: '/dev/data', blockSize: 128, lowWaterMark: 0n });
await make('pool', 2 ** 16, pool);
await dm.message({ name: 'pool' }, thinPool.messages.create_thin({ id: 0 }));
await make('volume', 2048, thin({ pool: '/dev/dm-0', id: 0 }));
await store('volume', 'first');

// A snapshot of a device that is in use: suspended for the moment of the message.
{
  await using _guard = await dm.suspended({ name: 'volume' });
  await dm.message({ name: 'pool' }, thinPool.messages.create_snap({ id: 1, origin: 0 }));
}
await make('before', 2048, thin({ pool: '/dev/dm-0', id: 1 }));
await store('volume', 'second');
assert.deepEqual([await stored('volume'), await stored('before')], ['second', 'first']);

// A disk that works for a second, then fails: what is half written does not count as stored.
await make('log', 64, linear({ device: '/dev/log', offset: sectors(0n) }));
await dm.load({ name: 'log' }, [
  flakey({ device: '/dev/log', offset: sectors(0n), up: 1, down: 60 }).tableLine(sectors(0n), sectors(64n)),
]);
await dm.resume({ name: 'log' });
await kernel.clock.advance(1000);
await assert.rejects(store('log', 'lost'), { code: 'EIO' });
await kernel.clock.advance(60_000);
assert.equal(await stored('log'), undefined);
console.log('two versions kept apart, nothing half written');
