// Tests code that uses statistics regions without root, a device or Linux: the simulator answers as the kernel does.
import assert from 'node:assert/strict';
import { DeviceMapper } from 'devicemapper';
import { createFilemap } from 'devicemapper/filemap';
import { DeviceStats } from 'devicemapper/stats';
import { SimulatedFileSystem, SimulatedKernel } from 'devicemapper/testing';

const kernel = new SimulatedKernel();
const { number } = kernel.addDevice('vg-data', { sectors: 2 ** 20 });
const files = new SimulatedFileSystem(kernel, number);
files.create('/vm.img');
files.write('/vm.img', 0, 65_536, { durationNs: 0 });

using dm = new DeviceMapper(kernel.openControl());
using file = files.open('/vm.img');
const { regionIds } = await createFilemap(dm, file, { programId: 'example', alias: 'vm.img' });

files.read('/vm.img', 0, 8192, { durationNs: 0 });

const stats = new DeviceStats(dm, number);
const { regions } = await stats.list();
const counted = await Promise.all(regions.map((region) => stats.counters(region)));
assert.equal(regionIds.length, regions.length);
assert.equal(
  counted.reduce((sum, { readSectors }) => sum + readSectors, 0n),
  16n,
);
console.log('8 KiB read, 16 sectors counted');
