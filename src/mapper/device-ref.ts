import type { DeviceNumber } from '../kernel/dm-ioctl.ts';

/** How a device is named to the kernel: by exactly one of these. */
export type DeviceRef = { readonly name: string } | { readonly uuid: string } | DeviceNumber;

/** A device's reference as people write it. */
export function refText(ref: DeviceRef): string {
  if ('name' in ref) return ref.name;
  return 'uuid' in ref ? ref.uuid : `${ref.major}:${ref.minor}`;
}

/** A device's number in a table's text, such as `8:0`. */
export function numberIn(text: string): DeviceNumber | undefined {
  const [, major, minor] = /^(\d+):(\d+)$/.exec(text) ?? [];
  return major === undefined || minor === undefined ? undefined : { major: Number(major), minor: Number(minor) };
}
