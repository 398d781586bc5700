import { UsageError } from './errors.ts';
import type { Geometry } from './options.ts';

/** The payload of `DM_DEV_SET_GEOMETRY`. @throws UsageError for what the kernel would refuse with a bare EINVAL */
export function encodeGeometry({ cylinders, heads, sectorsPerTrack, start }: Geometry): Uint8Array {
  const check = (what: string, value: number, most: number): void => {
    if (!Number.isInteger(value) || value < 0 || value > most) {
      throw new UsageError(`A geometry of ${value} ${what}: it takes a whole number from 0 to ${most}`);
    }
  };
  check('cylinders', cylinders, 65_535);
  check('heads', heads, 255);
  check('sectors a track', sectorsPerTrack, 255);
  const size = cylinders * heads * sectorsPerTrack;
  if (start > BigInt(size)) throw new UsageError(`A geometry of ${size} sectors cannot start at sector ${start}`);
  return Buffer.from(`${cylinders} ${heads} ${sectorsPerTrack} ${start}\0`);
}
