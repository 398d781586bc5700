/**
 * Program device-mapper: devices, tables, messages. Statistics are in `devicemapper/stats`, files in
 * `devicemapper/filemap` and `devicemapper/filemapd`, the in-process device-mapper in `devicemapper/testing`.
 *
 * @packageDocumentation
 */
export type { DeviceNumber } from './kernel/dm-ioctl.ts';
export * from './mapper/control-node.ts';
export type { Renaming } from './mapper/device-calls.ts';
export type { ChangedDevice, DeviceInfo } from './mapper/device-info.ts';
export * from './mapper/device-mapper.ts';
export * from './mapper/device-ref.ts';
export * from './mapper/errors.ts';
export type { DeviceEvent } from './mapper/event-diff.ts';
export type { EventStream } from './mapper/event-stream.ts';
export { findHolders } from './mapper/holders/find.ts';
export * from './mapper/holders/holder.ts';
export * from './mapper/holders/remove.ts';
export type { DmVersion, ListedDevice, ListFilter, TargetVersion } from './mapper/listing.ts';
export * from './mapper/mangle.ts';
export type { MessageOptions } from './mapper/message.ts';
export { checkNewName, checkNewUuid, MAX_NAME_BYTES, MAX_UUID_BYTES } from './mapper/names.ts';
export * from './mapper/node-folder.ts';
export * from './mapper/nodes.ts';
export type * from './mapper/options.ts';
export type { SuspendGuard } from './mapper/suspend-guard.ts';
export * from './mapper/table-line.ts';
export * from './mapper/udev/cookie.ts';
export * from './mapper/udev/cookies.ts';
export * from './mapper/udev/flags.ts';
export * from './mapper/udev/state.ts';
export type { CookieSemaphore, UdevWait } from './mapper/udev/wait.ts';
export * from './mapper/units.ts';
export { type Clock, systemClock } from './system/clock.ts';
export { SystemError } from './system/errors.ts';
export type { KernelLog } from './system/kernel-log.ts';
export { type Semaphores, systemSemaphores } from './system/semaphore.ts';
