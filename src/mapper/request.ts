import {
  DM_FLAGS,
  DM_VERSION_WANTED,
  type DmCommand,
  DmIoctl,
  encodeDeviceNumber,
  type View,
} from '../kernel/index.ts';
import type { DeviceRef } from './device-ref.ts';
import { checkRef } from './names.ts';

/** The accessors of `struct dm_ioctl`. */
export type Header = View<typeof DmIoctl>;

/** What the kernel answered, in the request's own buffer. */
export interface Answer {
  readonly header: Header;
  readonly bytes: Uint8Array;
}

/** One request and how its answer is read. */
export interface Call<T> {
  readonly command: DmCommand;
  readonly ref?: DeviceRef | undefined;
  /** Bits of `DM_FLAGS`. */
  readonly flags?: number;
  readonly payload?: Uint8Array;
  /** Room for the kernel's answer, in bytes. */
  readonly room?: number;
  /** A buffer of an earlier request, to be used again if it has the right size. */
  readonly buffer?: Uint8Array | undefined;
  readonly prepare?: (header: Header) => void;
  /** Keys are in it: the kernel wipes its copies (`DM_SECURE_DATA_FLAG`), and buffer and payload are wiped here. */
  readonly secure?: boolean | undefined;
  /** Why the kernel refuses, where an errno has one meaning for this request. */
  readonly reasons?: Readonly<Record<number, string>>;
  /** Must copy what it keeps of the bytes when the call is `secure`. */
  read(answer: Answer): T;
}

/** Rounds up to the 8 bytes to which the kernel aligns records. */
export const alignUp8 = (size: number): number => Math.ceil(size / 8) * 8;

/** The bytes of a request. @throws UsageError for a reference that the kernel would cut */
export function requestBytes<T>(call: Call<T>): Uint8Array {
  const { ref, payload, room = 0 } = call;
  if (ref !== undefined) checkRef(ref);
  const payloadSize = alignUp8(payload?.length ?? 0);
  const size = DmIoctl.size + Math.max(payloadSize, room);
  const isFit = call.buffer?.length === size;
  const bytes = isFit ? call.buffer.fill(0, 0, DmIoctl.size + payloadSize) : new Uint8Array(size);
  const header = DmIoctl.at(bytes);
  header.version = DM_VERSION_WANTED;
  header.dataSize = bytes.length;
  header.dataStart = DmIoctl.size;
  header.flags = (call.flags ?? 0) | (call.secure === true ? DM_FLAGS.SECURE_DATA : 0);
  if (ref !== undefined) {
    if ('name' in ref) header.name = ref.name;
    else if ('uuid' in ref) header.uuid = ref.uuid;
    else header.dev = encodeDeviceNumber(ref);
  }
  call.prepare?.(header);
  if (payload !== undefined) bytes.set(payload, DmIoctl.size);
  return bytes;
}

/** Whether the kernel's answer did not fit (`DM_BUFFER_FULL_FLAG`). */
export const isFull = ({ header }: Answer): boolean => (header.flags & DM_FLAGS.BUFFER_FULL) !== 0;
