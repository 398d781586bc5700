import type { ListedDevice } from './listing.ts';

/**
 * What happened to a device between two looks at the list. `renamed` tells a new name or uuid. `changed` tells a new
 * event number; a rename of a device with a live table gives it one, so both come. A rename without one looks like
 * another device that took the number, and is told so: `removed`, then `created`.
 */
export type DeviceEvent =
  | { readonly kind: 'created' | 'removed'; readonly device: ListedDevice }
  | { readonly kind: 'renamed' | 'changed'; readonly device: ListedDevice; readonly previous: ListedDevice };

/** Devices by number, packed into one. */
export type DeviceTable = ReadonlyMap<number, ListedDevice>;

/** The list's devices by number, which no two share and none changes. */
export function deviceTable(devices: readonly ListedDevice[]): DeviceTable {
  return new Map(devices.map((device) => [device.number.major * 2 ** 20 + device.number.minor, device]));
}

/**
 * Whether a number still means the device that it meant: a free number is given again, and the list does not say so.
 * An event number only grows, a uuid stays, and a new name or uuid of a device with a live table is an event.
 */
function isSame(before: ListedDevice, after: ListedDevice): boolean {
  const grown = (after.eventNr - before.eventNr) | 0;
  if (grown < 0 || (before.uuid !== '' && before.uuid !== after.uuid)) return false;
  const isNamedAlike = before.name === after.name && before.uuid === after.uuid;
  return isNamedAlike || grown > 0 || (before.uuid !== '' && before.uuid === after.uuid);
}

/** What happened between two looks: removals first and creations last, so that a name is free before it is taken. */
export function diffDevices(before: DeviceTable, after: DeviceTable): DeviceEvent[] {
  const removed: DeviceEvent[] = [];
  const altered: DeviceEvent[] = [];
  const created: DeviceEvent[] = [];
  for (const [number, previous] of before) {
    const device = after.get(number);
    if (device === undefined || !isSame(previous, device)) {
      removed.push({ kind: 'removed', device: previous });
      continue;
    }
    if (device.name !== previous.name || device.uuid !== previous.uuid) {
      altered.push({ kind: 'renamed', device, previous });
    }
    if (device.eventNr !== previous.eventNr) altered.push({ kind: 'changed', device, previous });
  }
  for (const [number, device] of after) {
    const previous = before.get(number);
    if (previous === undefined || !isSame(previous, device)) created.push({ kind: 'created', device });
  }
  return [...removed, ...altered, ...created];
}
