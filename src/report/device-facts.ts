import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import type { DeviceInfo } from '../mapper/device-info.ts';

/** Another device that stands above or below one. */
export interface RelatedDevice {
  readonly number: DeviceNumber;
  /** The kernel's name for the block device, such as `dm-3` or `vda1`. */
  readonly blockName: string | undefined;
  /** Its device-mapper name; undefined for other devices. */
  readonly name: string | undefined;
}

/** What the reports say of a device: one object for all rows that are about it. */
export interface DeviceFacts {
  /** As people know it, without the mangling of names for udev. */
  readonly name: string;
  readonly mangledName: string;
  readonly unmangledName: string;
  readonly uuid: string;
  readonly mangledUuid: string;
  readonly unmangledUuid: string;
  readonly info: DeviceInfo;
  readonly blockName: string | undefined;
  readonly readAheadSectors: number | undefined;
  /** The devices that its tables use. */
  readonly uses: readonly RelatedDevice[];
  /** The mapped devices that use it. */
  readonly usedBy: readonly RelatedDevice[];
}
