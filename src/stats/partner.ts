/**
 * The other device of a group that moves from one to another. No step of the kernel's changes the lists of two devices,
 * so both tags name the other device as long as both may be there, and of two tags of one line the higher number counts,
 * as on one device: the moment at which the new one is written is that of the move.
 */
import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { numberIn, refText } from '../mapper/device-ref.ts';

const PARTNER = /\|partner=(\d+:\d+)$/;

/** User data with the other device behind it. */
export function joinPartner(userData: string, partner: DeviceNumber | undefined): string {
  return partner === undefined ? userData : `${userData}|partner=${refText(partner)}`;
}

/** Takes apart what `joinPartner` joined. Text that only looks like it stays user data. */
export function splitPartner(text: string): { readonly userData: string; readonly partner?: DeviceNumber } {
  const match = PARTNER.exec(text);
  const partner = numberIn(match?.[1] ?? '');
  return match === null || partner === undefined
    ? { userData: text }
    : { userData: text.slice(0, match.index), partner };
}
