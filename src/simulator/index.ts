/**
 * An in-process device-mapper that speaks the kernel's ioctl bytes, with its statistics, a file system on it, and
 * time, I/O and faults in the hands of the test. Nothing here needs Linux, a device or root.
 *
 * All 18 ioctls answer as Linux does, compared byte by byte with real kernels (test/differential); docs/testing.md says
 * which targets do what. `SimulatedKernel.onUevent` hears what udev would be told.
 *
 * @example
 * const kernel = new SimulatedKernel();
 * const { number } = kernel.addDevice('vg-data', { sectors: 2 ** 20 });
 * using dm = new DeviceMapper(kernel.openControl());
 * await dm.message({ name: 'vg-data' }, '@stats_create - /1');
 * const fs = new SimulatedFileSystem(kernel, number, { seed: 1 });
 * fs.create('/srv/disk.img');
 * fs.write('/srv/disk.img', 0, 65536);
 * console.log(await dm.message({ name: 'vg-data' }, '@stats_print 0'));
 */
export type { BlockDevice } from './block-device.ts';
export { SimulatedDisk } from './block-device.ts';
export { SimulatedClock } from './clock.ts';
export type { ContentOptions } from './content.ts';
export { SimulatedControlNode } from './control-node.ts';
export { type Geometry, SimulatedDevice } from './device.ts';
export { SimulatorError } from './errors.ts';
export type { FaultRule, IoctlCall } from './faults.ts';
export type { WriteMode, WriteOptions } from './file-data.ts';
export { type FileTarget, SimulatedFileSystem } from './file-system.ts';
export type { FileCall, FileSystemOptions } from './file-system-options.ts';
export { SimulatedFile, SimulatedFollowedFile } from './followed-file.ts';
export { SimulatedHandle } from './handle.ts';
export type { SimulatedInode } from './inode.ts';
export { type IoRequest, SimulatedIo } from './io.ts';
export { SimulatedKernel } from './kernel.ts';
export type { DiskOptions, KernelOptions } from './kernel-options.ts';
export { simulatedMachine } from './machine.ts';
export { SimulatedRandom } from './random.ts';
export type { KernelRelease } from './release.ts';
export type { Direction } from './stats-region.ts';
export { type TruthFilter, TruthLog, type TruthRecord, type TruthTotals } from './truth.ts';
export type { Uevent } from './uevent.ts';
export type { IoOptions } from './volume.ts';
