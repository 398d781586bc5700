import { type DeviceNumber, DM_FLAGS, decodeDeviceNumber } from '../kernel/index.ts';
import type { Header } from './request.ts';

/** What the kernel says of a device (`DM_DEV_STATUS`). */
export interface DeviceInfo {
  readonly name: string;
  /** Empty when it has none. */
  readonly uuid: string;
  readonly number: DeviceNumber;
  /** How many have it open: mounts, programs, and the tables of other devices, inactive ones too. */
  readonly openCount: number;
  /** Counts its events: 32 bits, wraps. */
  readonly eventNr: number;
  readonly targetCount: number;
  readonly suspended: boolean;
  /** Whether the kernel itself has suspended it for a moment, as for new statistics. */
  readonly internallySuspended: boolean;
  readonly readOnly: boolean;
  /** Whether it has a live table. */
  readonly active: boolean;
  /** Whether a table waits to be resumed. */
  readonly inactive: boolean;
  /** Whether it goes when its last user closes it. */
  readonly deferredRemove: boolean;
}

/** A device after a change of which the kernel may tell udev. */
export interface ChangedDevice extends DeviceInfo {
  /** Whether the kernel sent a uevent, which carries the call's `cookie`. */
  readonly uevent: boolean;
}

/**
 * Reads a device's state from an answer's header. Only for requests that were sent without `DEFERRED_REMOVE`: the kernel
 * sets that bit and never clears it, so a caller's own would come back (drivers/md/dm-ioctl.c, `__dev_status`).
 */
export function deviceInfo(header: Header): DeviceInfo {
  const has = (flag: number): boolean => (header.flags & flag) !== 0;
  return {
    name: header.name,
    uuid: header.uuid,
    number: decodeDeviceNumber(header.dev),
    openCount: header.openCount,
    eventNr: header.eventNr,
    targetCount: header.targetCount,
    suspended: has(DM_FLAGS.SUSPEND),
    internallySuspended: has(DM_FLAGS.INTERNAL_SUSPEND),
    readOnly: has(DM_FLAGS.READONLY),
    active: has(DM_FLAGS.ACTIVE_PRESENT),
    inactive: has(DM_FLAGS.INACTIVE_PRESENT),
    deferredRemove: has(DM_FLAGS.DEFERRED_REMOVE),
  };
}

/** Whether the kernel told udev; it clears the caller's own bit first, so this one can be believed. */
export const sentUevent = (header: Header): boolean => (header.flags & DM_FLAGS.UEVENT_GENERATED) !== 0;
