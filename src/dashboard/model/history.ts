import type { Files, Layout, WireCoverage, WireFile, WireSample } from '../wire.ts';
import { type ListedRegion, objectsOf, type ShownObject, type ShownRegion } from './objects.ts';

/** A sample with the layout that it was taken in. */
export interface Frame {
  /** The sample's. */
  readonly time: number;
  readonly sample: WireSample;
  /** By key. */
  readonly objects: ReadonlyMap<string, ShownObject>;
}

/** How far back the page can show. */
const MAX_MS = 3_600_000;
/** Numbers that are kept; beyond it the oldest samples go: many busy regions are kept for less than an hour. */
const MAX_NUMBERS = 16_000_000;

/** The samples of the last hour, or of as much of it as fits. */
export class History {
  #frames: { readonly frame: Frame; readonly size: number }[] = [];
  #size = 0;
  #objects: ReadonlyMap<string, ShownObject> = new Map();
  #files: ReadonlyMap<string, WireFile> = new Map();
  /** What was counted and missed since groups were made. */
  coverage: WireCoverage = { devices: [] };
  readonly #maxNumbers: number;

  constructor(maxNumbers = MAX_NUMBERS) {
    this.#maxNumbers = maxNumbers;
  }

  /** The objects of the newest layout, by key. */
  get objects(): ReadonlyMap<string, ShownObject> {
    return this.#objects;
  }

  get newest(): Frame | undefined {
    return this.#frames.at(-1)?.frame;
  }

  /** Takes the layout of the samples to come. */
  setLayout(layout: Layout): void {
    // What stays as it is stays the same object: all that was computed of it is still right.
    this.#objects = new Map(
      objectsOf(layout).map((object) => {
        const before = this.#objects.get(object.key);
        return [object.key, before !== undefined && isSameObject(before, object) ? before : object];
      }),
    );
  }

  /** Takes where files lie. */
  setFiles({ files }: Files): void {
    this.#files = new Map(
      files.map((file) => {
        const key = `${file.device}/${file.groupId}`;
        const before = this.#files.get(key);
        return [key, before !== undefined && JSON.stringify(before) === JSON.stringify(file) ? before : file];
      }),
    );
  }

  /** Where the file of a group lies, if that is known. */
  fileOf({ kind, deviceNumber, id }: ShownObject): WireFile | undefined {
    return kind === 'group' ? this.#files.get(`${deviceNumber}/${id}`) : undefined;
  }

  add(sample: WireSample): void {
    const size = sizeOf(sample);
    this.#frames.push({ frame: { time: sample.time, sample, objects: this.#objects }, size });
    this.#size += size;
    const oldest = sample.time - MAX_MS;
    let gone = 0;
    while (gone < this.#frames.length - 1) {
      const first = this.#frames[gone];
      if (first === undefined || (first.frame.sample.time >= oldest && this.#size <= this.#maxNumbers)) break;
      this.#size -= first.size;
      gone++;
    }
    if (gone > 0) this.#frames = this.#frames.slice(gone);
  }

  /** The samples after `from` up to and with `to`, milliseconds since 1970. */
  between(from: number, to: number): Frame[] {
    return this.#frames.map(({ frame }) => frame).filter(({ sample: { time } }) => time > from && time <= to);
  }
}

function isSameObject(a: ShownObject, b: ShownObject): boolean {
  if (a.deviceIndex !== b.deviceIndex || a.id !== b.id || a.device !== b.device) return false;
  if (a.bounds.join() !== b.bounds.join()) return false;
  return isSameList(a.regions, b.regions) && isSameList(a.listed, b.listed);
}

function isSameList(a: readonly (ShownRegion | ListedRegion)[], b: typeof a): boolean {
  if (a.length !== b.length) return false;
  return a.every((region, index) => {
    const other = b[index];
    return (
      region.id === other?.id &&
      region.start === other.start &&
      region.length === other.length &&
      region.step === other.step
    );
  });
}

function sizeOf({ devices }: WireSample): number {
  let size = 1;
  for (const { regions, groups, areas, unseen } of devices) {
    size += 4 * Object.keys(unseen).length;
    for (const counts of Object.values(regions)) size += counts.length;
    for (const counts of Object.values(groups)) size += counts.length;
    for (const list of Object.values(areas)) size += 3 * list.length;
  }
  return size;
}
