import { encodedLength } from '../kernel/byte-text.ts';
import type { DeviceRef } from './device-ref.ts';
import { UsageError } from './errors.ts';

/** Bytes of a name that the kernel keeps (include/uapi/linux/dm-ioctl.h, `DM_NAME_LEN` less the NUL). */
export const MAX_NAME_BYTES = 127;
/** Bytes of a uuid that the kernel keeps (`DM_UUID_LEN` less the NUL). */
export const MAX_UUID_BYTES = 128;
/** Bytes of a target's type (`DM_MAX_TYPE_NAME` less the NUL). */
export const MAX_TYPE_BYTES = 15;

const RESERVED_FROM_MINOR = 48;
const RESERVED: readonly string[] = ['.', '..', 'control'];

/**
 * Refuses what the kernel would cut without a word, so that a request is never about another device than was meant.
 *
 * @throws UsageError for NUL bytes, more than `limit` bytes, and text that stands for no bytes
 */
export function checkFits(what: string, text: string, limit: number): void {
  const refusal = (fault: string): UsageError => new UsageError(`The ${what} ${JSON.stringify(text)} ${fault}`);
  if (text.includes('\0')) throw refusal('holds a NUL byte: the kernel would end it there');
  let length: number;
  try {
    length = encodedLength(text);
  } catch {
    throw refusal('holds a lone surrogate that stands for no byte');
  }
  if (length > limit) throw refusal(`is ${length} bytes long: the kernel takes at most ${limit}`);
}

/**
 * Checks a name that a device is to get: 1 to 127 bytes, any but NUL and `/`; from interface 4.48 on (Linux 6.12 and
 * some before it) not `.`, `..` or `control`, which older kernels take.
 *
 * @throws UsageError that says what is wrong
 */
export function checkNewName(name: string, interfaceMinor: number): void {
  if (name === '') throw new UsageError('The name is empty: a device needs one of 1 to 127 bytes');
  checkFits('name', name, MAX_NAME_BYTES);
  const refusal = (fault: string): UsageError => new UsageError(`The name ${JSON.stringify(name)} ${fault}`);
  if (name.includes('/')) throw refusal('holds a "/": the kernel takes any other character');
  if (interfaceMinor >= RESERVED_FROM_MINOR && RESERVED.includes(name)) {
    throw refusal('has a meaning in /dev/mapper: this kernel takes no device of that name');
  }
}

/**
 * Checks a uuid that a device is to get: 1 to 128 bytes, any but NUL.
 *
 * @throws UsageError that says what is wrong
 */
export function checkNewUuid(uuid: string): void {
  if (uuid === '') throw new UsageError('The uuid is empty: it takes 1 to 128 bytes');
  checkFits('uuid', uuid, MAX_UUID_BYTES);
}

/**
 * Checks a reference to a device: the kernel would look up a cut name, and say that there is no device to an empty one.
 *
 * @throws UsageError that says what is wrong
 */
export function checkRef(ref: DeviceRef): void {
  if ('name' in ref) {
    if (ref.name === '') throw new UsageError('The name of the device is empty');
    checkFits('name', ref.name, MAX_NAME_BYTES);
  } else if ('uuid' in ref) {
    if (ref.uuid === '') throw new UsageError('The uuid of the device is empty');
    checkFits('uuid', ref.uuid, MAX_UUID_BYTES);
  } else {
    const { major, minor } = ref;
    const isIn = (value: number, bits: number): boolean => Number.isInteger(value) && value >= 0 && value < 2 ** bits;
    if (!isIn(major, 12) || !isIn(minor, 20)) {
      throw new UsageError(`There is no device number ${major}:${minor}: the kernel has 12 bits of major, 20 of minor`);
    }
  }
}
