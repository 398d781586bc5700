/**
 * Program device-mapper: devices, tables, messages. Statistics are in `devicemapper/stats`, files in
 * `devicemapper/filemap` and `devicemapper/filemapd`, the in-process device-mapper in `devicemapper/testing`.
 *
 * @packageDocumentation
 */
export type { DeviceNumber } from './kernel/dm-ioctl.ts';
export * from './mapper/control-node.ts';
export * from './mapper/device-mapper.ts';
export * from './mapper/errors.ts';
export * from './mapper/units.ts';
export { SystemError } from './system/errors.ts';
