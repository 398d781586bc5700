import { DM_FLAGS, decodeDeviceNumber } from '../kernel/dm-ioctl.ts';
import { ERRNO } from '../kernel/errno.ts';
import { statusAnswer } from './answers.ts';
import type { SimulatedDevice } from './device.ts';
import { askedTable, findDevice, writeState } from './device-state.ts';
import { Refusal } from './errors.ts';
import type { SimulatedKernel } from './kernel.ts';
import type { Request } from './request.ts';
import type { Table } from './table.ts';
import { cookieWords, type UeventWords } from './uevent.ts';
import { scanGeometry } from './words.ts';
import type { Work } from './work.ts';

const LONGEST_NAME = 127;
const LONGEST_UUID = 128;

/** `DM_DEV_CREATE`. */
export function createDevice(kernel: SimulatedKernel, request: Request): void {
  const forced = request.has(DM_FLAGS.PERSISTENT_DEV);
  const minor = forced ? decodeDeviceNumber(request.header.dev).minor : undefined;
  const device = kernel.create(request.name, request.uuid, minor);
  request.flag(DM_FLAGS.INACTIVE_PRESENT, false);
  writeState(kernel, request, device);
}

/** `DM_DEV_REMOVE`; one that is open is refused, or only marked. */
export function removeDevice(kernel: SimulatedKernel, request: Request): void {
  const device = findDevice(kernel, request);
  if (kernel.isBusy(device)) {
    if (!request.has(DM_FLAGS.DEFERRED_REMOVE)) throw new Refusal(ERRNO.EBUSY);
    device.deferredRemove = true;
    return;
  }
  request.flag(DM_FLAGS.DEFERRED_REMOVE, false);
  if (device.diskAdded) request.flag(DM_FLAGS.UEVENT_GENERATED);
  kernel.remove(device, request.header.eventNr);
}

/** `DM_REMOVE_ALL`: removes what is not open, and again what that lets go; says nothing, not even what is left. */
export function removeAllDevices(kernel: SimulatedKernel, request: Request): void {
  const deferred = request.has(DM_FLAGS.DEFERRED_REMOVE);
  for (;;) {
    const { byNames } = kernel.registry;
    const device = byNames.find((candidate) => !kernel.isBusy(candidate));
    if (deferred) for (const open of byNames) open.deferredRemove ||= kernel.isBusy(open);
    if (device === undefined) break;
    kernel.remove(device, undefined);
  }
  request.silent();
}

/** A uevent that carries the request's cookie, if the device has a disk to send it. */
function sendChange(kernel: SimulatedKernel, request: Request, device: SimulatedDevice, more: UeventWords = {}): void {
  if (!device.diskAdded) return;
  kernel.sendChange(device.number, { ...cookieWords(request.header.eventNr), ...more });
  request.flag(DM_FLAGS.UEVENT_GENERATED);
}

/** `DM_DEV_RENAME`: another name, or the first uuid. */
export function renameDevice(kernel: SimulatedKernel, request: Request): void {
  const { registry } = kernel;
  const setsUuid = request.has(DM_FLAGS.UUID);
  const text = request.payloadText(request.payloadStart);
  if (text === '' || text.length > (setsUuid ? LONGEST_UUID : LONGEST_NAME)) throw new Refusal(ERRNO.EINVAL);
  if (!setsUuid) registry.checkName(text);
  if ((setsUuid ? registry.byUuid(text) : registry.byName(text)) !== undefined) throw new Refusal(ERRNO.EBUSY);
  // By its name only.
  const device = registry.byName(request.name);
  if (device === undefined) throw new Refusal(ERRNO.ENXIO);
  if (setsUuid && device.uuid !== '') throw new Refusal(ERRNO.EINVAL);
  if (setsUuid) device.uuid = text;
  else device.name = text;
  kernel.tableEvent(device);
  sendChange(kernel, request, device);
  writeState(kernel, request, device);
}

/** Makes the inactive table the live one, of a device that is suspended for it. @returns whether the size changed */
function* swapTables(kernel: SimulatedKernel, request: Request, device: SimulatedDevice, table: Table): Work<boolean> {
  device.inactive = undefined;
  device.dying = table;
  request.flag(DM_FLAGS.INACTIVE_PRESENT, false);
  const size = device.sizeSectors;
  try {
    if (!device.suspended) yield* device.suspend();
    // The old table stays, and the device stays suspended with it.
    if (!table.fits) throw new Refusal(ERRNO.EINVAL);
    device.swap(table);
  } finally {
    device.dying = undefined;
    // Put back when the device would not be suspended.
    if (!device.suspended) device.inactive ??= table;
    // Whichever of the two goes, it lets go of its devices.
    kernel.removeDeferred();
  }
  kernel.globalEvents.raise();
  if (device.readOnly !== table.readOnly) {
    device.readOnly = table.readOnly;
    kernel.sendChange(device.number, { DISK_RO: table.readOnly ? '1' : '0' });
  }
  return size !== 0n && size !== device.sizeSectors;
}

/** `DM_DEV_SUSPEND`, in both directions; may wait for I/O in flight. */
export function* suspendOrResume(kernel: SimulatedKernel, request: Request): Work {
  const device = findDevice(kernel, request);
  if (request.has(DM_FLAGS.SUSPEND)) {
    if (!device.suspended) yield* device.suspend();
    writeState(kernel, request, device);
    return;
  }
  const table = device.inactive;
  const resized = table !== undefined && (yield* swapTables(kernel, request, device, table));
  if (device.suspended) {
    if (device.live === undefined) throw new Refusal(ERRNO.EINVAL);
    device.resume();
    sendChange(kernel, request, device, resized ? { RESIZE: '1' } : {});
  }
  writeState(kernel, request, device);
}

/** `DM_DEV_STATUS`. */
export function deviceStatus(kernel: SimulatedKernel, request: Request): void {
  writeState(kernel, request, findDevice(kernel, request));
}

/** `DM_DEV_WAIT`: waits until the device's event number is another one than the request's. */
export function* waitForEvent(kernel: SimulatedKernel, request: Request): Work {
  const device = findDevice(kernel, request);
  const { eventNr } = request.header;
  while (device.events.value === eventNr) yield (wake) => void device.events.next(wake);
  writeState(kernel, request, device);
  const table = askedTable(device, request);
  if (table !== undefined) statusAnswer(table, request);
}

const MAX_CYLINDERS = 65535n;
const MAX_HEADS = 255n;

/** `DM_DEV_SET_GEOMETRY`: four numbers as text; says nothing. */
export function setGeometry(kernel: SimulatedKernel, request: Request): void {
  const device = findDevice(kernel, request);
  const numbers = scanGeometry(request.payloadText(request.payloadStart));
  if (numbers === undefined) throw new Refusal(ERRNO.EINVAL);
  const [cylinders, heads, sectors, start] = numbers;
  if (cylinders > MAX_CYLINDERS || heads > MAX_HEADS || sectors > MAX_HEADS) throw new Refusal(ERRNO.EINVAL);
  if (start > cylinders * heads * sectors) throw new Refusal(ERRNO.EINVAL);
  device.geometry = { cylinders, heads, sectors, start };
  request.silent();
}
