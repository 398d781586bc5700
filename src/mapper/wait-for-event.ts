import { ERRNO } from '../kernel/errno.ts';
import type { DeviceInfo } from './device-info.ts';
import { type DeviceRef, refText } from './device-ref.ts';
import { DmError } from './errors.ts';
import type { EventStream } from './event-stream.ts';

/** Waits for a device's next event; see `DeviceMapper.waitForEvent`. Ends the stream. */
export async function waitForEvent(
  events: EventStream,
  infoOf: (ref: DeviceRef) => Promise<DeviceInfo>,
  ref: DeviceRef,
  eventNr: number,
): Promise<DeviceInfo> {
  await using stream = events;
  // The stream was there first: what happens between this look and its first event is told.
  const first = await infoOf(ref);
  if (first.eventNr !== eventNr) return first;
  const { major, minor } = first.number;
  for await (const { kind, device } of stream) {
    if (device.number.major !== major || device.number.minor !== minor) continue;
    if (kind === 'removed') break;
    const info = await infoOf(first.number);
    if (info.eventNr !== eventNr) return info;
  }
  throw new DmError({ op: 'DM_DEV_STATUS', errno: ERRNO.ENXIO, device: refText(ref), reason: 'it was removed' });
}
