import { THIN_ID_MAX } from '../targets/thin-pool.ts';

declare const thin: unique symbol;

/** The number of a thin device in its pool: 0 to 2^24-1. */
export type ThinDevId = number & { readonly [thin]: true };

/** A thin device's number; RangeError when it is negative, fractional or beyond 24 bits (dm-thin.c, `MAX_DEV_ID`). */
export function thinDevId(value: number): ThinDevId {
  if (!Number.isInteger(value) || value < 0 || value > THIN_ID_MAX) {
    throw new RangeError(`${value} is no thin device's number: it takes a whole number from 0 to ${THIN_ID_MAX}`);
  }
  return value as ThinDevId;
}
