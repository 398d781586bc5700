import { ERRNO } from '../kernel/errno.ts';
import type { DeviceMapper } from '../mapper/device-mapper.ts';
import { type DeviceRef, refText } from '../mapper/device-ref.ts';
import { DmError } from '../mapper/errors.ts';
import type { StandingMessage } from '../mapper/standing-message.ts';
import { type AreaCounters, parseAreas, timeUnit } from './counters.ts';
import { PrintReader } from './print-reader.ts';
import { areaCount, type Region } from './region.ts';

/** Why an answer is not about the region that was asked for: an id is reused at once. */
export function otherRegion(id: number, ref: DeviceRef): DmError {
  const reason = `region ${id} is another one by now`;
  return new DmError({ op: '@stats_print', errno: ERRNO.ENOENT, device: refText(ref), reason });
}

/**
 * Prints one region again and again. Most regions of most devices are idle from one time to the next, and an answer of
 * the same bytes is not read again.
 */
export class RegionPrinter {
  readonly region: Region;
  readonly #ref: DeviceRef;
  readonly #message: StandingMessage;
  readonly #unit: bigint;
  readonly #areaCount: number;
  /** How every answer about the region begins. */
  readonly #beginning: Uint8Array;
  #last = new Uint8Array(0);
  #lastLength = -1;
  #areas: readonly AreaCounters[] = [];

  constructor(dm: DeviceMapper, ref: DeviceRef, region: Region) {
    this.region = region;
    this.#ref = ref;
    this.#message = dm.standingMessage(ref, `@stats_print ${region.id}`);
    this.#unit = timeUnit(region);
    this.#areaCount = areaCount(region);
    this.#beginning = Buffer.from(`${region.start}+${region.step} `, 'latin1');
  }

  /**
   * The region's counters, area by area: the same array as long as they stay the same.
   *
   * @throws DmError ENOENT also when the region's id is another region's by now
   */
  print(): readonly AreaCounters[] {
    return this.#message.send(this.#read);
  }

  readonly #read = (bytes: Uint8Array, start: number, end: number): readonly AreaCounters[] => {
    if (end - start === this.#lastLength && areSame(bytes, start, this.#last, this.#lastLength)) return this.#areas;
    // A shorter answer ends in a NUL, which no beginning holds.
    const isAbout = areSame(bytes, start, this.#beginning, this.#beginning.length);
    const areas = isAbout ? parseAreas(new PrintReader(bytes, this.#unit, start, end), this.region) : [];
    if (areas.length !== this.#areaCount) throw otherRegion(this.region.id, this.#ref);
    this.#keep(bytes, start, end - start);
    this.#areas = areas;
    return areas;
  };

  #keep(bytes: Uint8Array, start: number, length: number): void {
    // Counters grow by a digit now and then.
    if (this.#last.length < length) this.#last = new Uint8Array(length + 16);
    this.#lastLength = length;
    const last = this.#last;
    for (let at = 0; at < length; at++) last[at] = bytes[start + at] ?? 0;
  }
}

/** By hand: a call of Node's for a line of fifty bytes takes longer. */
function areSame(bytes: Uint8Array, start: number, other: Uint8Array, length: number): boolean {
  for (let at = 0; at < length; at++) if (bytes[start + at] !== other[at]) return false;
  return true;
}
