import { DM_FLAGS, encodeDeviceNumber } from '../kernel/dm-ioctl.ts';
import { ERRNO } from '../kernel/errno.ts';
import type { SimulatedDevice } from './device.ts';
import { Refusal } from './errors.ts';
import type { SimulatedKernel } from './kernel.ts';
import type { Request } from './request.ts';
import type { Table } from './table.ts';

/**
 * The device that a request is about: named by uuid, name or number, and by one of them only. Its name and uuid go
 * into the answer. @throws Refusal ENXIO
 */
export function findDevice({ registry }: SimulatedKernel, request: Request): SimulatedDevice {
  const { name, uuid, header } = request;
  let device: SimulatedDevice | undefined;
  if (uuid !== '') device = name === '' && header.dev === 0n ? registry.byUuid(uuid) : undefined;
  else if (name !== '') device = header.dev === 0n ? registry.byName(name) : undefined;
  else if (header.dev !== 0n) device = registry.byPackedNumber(header.dev);
  if (device === undefined) throw new Refusal(ERRNO.ENXIO);
  request.name = device.name;
  request.uuid = device.uuid;
  request.flag(DM_FLAGS.INACTIVE_PRESENT, device.inactive !== undefined);
  return device;
}

/** The table that a request asks about. */
export function askedTable(device: SimulatedDevice, request: Request): Table | undefined {
  return request.has(DM_FLAGS.QUERY_INACTIVE_TABLE) ? device.inactive : device.live;
}

/** The kernel's `__dev_status`: the device's state in the answer's header. */
export function writeState({ registry }: SimulatedKernel, request: Request, device: SimulatedDevice): void {
  const { header } = request;
  const table = askedTable(device, request);
  // Of the live table it is the disk that is read-only, of the other one the table.
  const readOnly = request.has(DM_FLAGS.QUERY_INACTIVE_TABLE) ? table?.readOnly : device.readOnly;
  request.flag(DM_FLAGS.SUSPEND, device.suspended);
  request.flag(DM_FLAGS.INTERNAL_SUSPEND, false);
  request.flag(DM_FLAGS.ACTIVE_PRESENT, device.live !== undefined);
  request.flag(DM_FLAGS.READONLY, table !== undefined && readOnly === true);
  // This one is only ever set: a caller's own bit comes back.
  if (device.deferredRemove) request.flag(DM_FLAGS.DEFERRED_REMOVE);
  header.dev = encodeDeviceNumber(device.number);
  header.openCount = registry.openCount(device);
  header.eventNr = device.events.value;
  header.targetCount = table?.targets.length ?? 0;
}
