/** Requests about a device as a whole, and how their answers are read. */
import { encodeText } from '../kernel/byte-text.ts';
import { type DeviceNumber, DM_FLAGS, decodeDeviceNumber, ERRNO, encodeDeviceNumber } from '../kernel/index.ts';
import { type ChangedDevice, type DeviceInfo, deviceInfo, sentUevent } from './device-info.ts';
import type { DeviceRef } from './device-ref.ts';
import { UsageError } from './errors.ts';
import { encodeGeometry } from './geometry.ts';
import { checkNewName, checkNewUuid } from './names.ts';
import type {
  CreateOptions,
  Geometry,
  Removal,
  RemoveAllOptions,
  RemoveOptions,
  SuspendOptions,
  TableSlot,
} from './options.ts';
import type { Call, Header } from './request.ts';

const MINOR_LIMIT = 2 ** 20;

const readInfo = ({ header }: { readonly header: Header }): DeviceInfo => deviceInfo(header);

/** `DM_DEV_STATUS`. */
export function statusCall(ref: DeviceRef, { inactive = false }: TableSlot = {}): Call<DeviceInfo> {
  const flags = inactive ? DM_FLAGS.QUERY_INACTIVE_TABLE : 0;
  return { command: 'DM_DEV_STATUS', ref, flags, read: readInfo };
}

/** `DM_DEV_CREATE`. @throws UsageError for a name, uuid or minor number that no device can have */
export function createCall(name: string, { uuid = '', minor }: CreateOptions, kernelMinor: number): Call<DeviceInfo> {
  checkNewName(name, kernelMinor);
  if (uuid !== '') checkNewUuid(uuid);
  if (minor !== undefined && !(Number.isInteger(minor) && minor >= 0 && minor < MINOR_LIMIT)) {
    throw new UsageError(`The minor number ${minor} cannot be: it takes a whole number from 0 to ${MINOR_LIMIT - 1}`);
  }
  return {
    command: 'DM_DEV_CREATE',
    ref: { name },
    flags: minor === undefined ? 0 : DM_FLAGS.PERSISTENT_DEV,
    prepare(header) {
      header.uuid = uuid;
      // The major number is device-mapper's own; the kernel does not look at this one.
      if (minor !== undefined) header.dev = encodeDeviceNumber({ major: 0, minor });
    },
    reasons: {
      [ERRNO.EBUSY]: 'the name or the uuid is taken',
      [ERRNO.ENXIO]: minor === undefined ? 'no minor number is free' : `the minor number ${minor} is taken`,
    },
    read: readInfo,
  };
}

/** `DM_DEV_REMOVE`. */
export function removeCall(ref: DeviceRef, { deferred = false, cookie = 0 }: RemoveOptions): Call<Removal> {
  return {
    command: 'DM_DEV_REMOVE',
    ref,
    flags: deferred ? DM_FLAGS.DEFERRED_REMOVE : 0,
    prepare(header) {
      header.eventNr = cookie;
    },
    read: ({ header }) => ({
      // Here alone the caller's bit may be believed: the kernel takes it away when the device is gone at once.
      deferred: (header.flags & DM_FLAGS.DEFERRED_REMOVE) !== 0,
      uevent: sentUevent(header),
    }),
  };
}

/** `DM_REMOVE_ALL`, which tells nothing. */
export function removeAllCall({ deferred = false }: RemoveAllOptions): Call<void> {
  return { command: 'DM_REMOVE_ALL', flags: deferred ? DM_FLAGS.DEFERRED_REMOVE : 0, read: () => undefined };
}

/** What `DM_DEV_RENAME` says: its answer has the old name and no uuid. */
export interface Renaming {
  readonly number: DeviceNumber;
  /** One more than before when the device has a live table. */
  readonly eventNr: number;
  /** Whether the kernel sent a uevent: never for a device that had no table. */
  readonly uevent: boolean;
}

/** `DM_DEV_RENAME`, which knows a device by its name only. @throws UsageError for a name that none can have */
export function renameCall(name: string, newName: string, cookie: number, kernelMinor: number): Call<Renaming> {
  checkNewName(newName, kernelMinor);
  return renaming(name, newName, 0, cookie, { [ERRNO.EBUSY]: `the name ${JSON.stringify(newName)} is taken` });
}

/** `DM_DEV_RENAME` with `DM_UUID_FLAG`. @throws UsageError for a uuid that none can have */
export function setUuidCall(name: string, uuid: string, cookie: number): Call<Renaming> {
  checkNewUuid(uuid);
  return renaming(name, uuid, DM_FLAGS.UUID, cookie, {
    [ERRNO.EBUSY]: `the uuid ${JSON.stringify(uuid)} is taken`,
    [ERRNO.EINVAL]: 'it has a uuid already, which stays',
  });
}

function renaming(
  name: string,
  text: string,
  flags: number,
  cookie: number,
  reasons: Readonly<Record<number, string>>,
): Call<Renaming> {
  return {
    command: 'DM_DEV_RENAME',
    ref: { name },
    flags,
    payload: encodeText(`${text}\0`),
    prepare(header) {
      header.eventNr = cookie;
    },
    reasons,
    read: ({ header }) => ({
      number: decodeDeviceNumber(header.dev),
      eventNr: header.eventNr,
      uevent: sentUevent(header),
    }),
  };
}

const flushFlags = ({ noflush = false, skipLockfs = false }: SuspendOptions): number =>
  (noflush ? DM_FLAGS.NOFLUSH : 0) | (skipLockfs ? DM_FLAGS.SKIP_LOCKFS : 0);

/** `DM_DEV_SUSPEND` with its flag set. */
export function suspendCall(ref: DeviceRef, options: SuspendOptions): Call<DeviceInfo> {
  return { command: 'DM_DEV_SUSPEND', ref, flags: DM_FLAGS.SUSPEND | flushFlags(options), read: readInfo };
}

/** `DM_DEV_SUSPEND` without its flag. */
export function resumeCall(ref: DeviceRef, options: SuspendOptions, cookie: number): Call<ChangedDevice> {
  return {
    command: 'DM_DEV_SUSPEND',
    ref,
    flags: flushFlags(options),
    prepare(header) {
      header.eventNr = cookie;
    },
    read: ({ header }) => ({ ...deviceInfo(header), uevent: sentUevent(header) }),
  };
}

/** `DM_DEV_SET_GEOMETRY`. @throws UsageError for an impossible geometry */
export function geometryCall(ref: DeviceRef, geometry: Geometry): Call<void> {
  return { command: 'DM_DEV_SET_GEOMETRY', ref, payload: encodeGeometry(geometry), read: () => undefined };
}
