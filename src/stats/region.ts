import { DmParseError } from '../mapper/errors.ts';
import { type Nanoseconds, nanoseconds, type Sectors, sectors } from '../mapper/units.ts';
import { message, quoted } from './words.ts';

const NS_PER_MS = 1_000_000n;

/** How a region is cut into areas: into areas of so many sectors, or into so many areas. */
export type Step = { readonly sectors: Sectors } | { readonly areas: number };

/** A region to be created. */
export interface RegionSpec {
  /** Undefined: the whole device as it is now. */
  readonly range?: { readonly start: Sectors; readonly length: Sectors } | undefined;
  /** Default: one area. */
  readonly step?: Step | undefined;
  /** Count times in nanoseconds; else in milliseconds, of the kernel's tick. */
  readonly precise?: boolean | undefined;
  /** Upper bounds of the latency histogram's bins, ascending. Bounds that are no whole milliseconds make it precise. */
  readonly bounds?: readonly Nanoseconds[] | undefined;
  /** Who the region belongs to; empty for nobody. */
  readonly programId: string;
  /** Kept by the kernel for the region's life; empty for none. */
  readonly aux?: string | undefined;
}

/** A region as `@stats_list` tells it. */
export interface Region {
  readonly id: number;
  readonly start: Sectors;
  /** The true length: the last area may be shorter than `step`. */
  readonly length: Sectors;
  /** An area's length. */
  readonly step: Sectors;
  readonly programId: string;
  /** The raw aux data: a group's tag, user data, or empty. */
  readonly aux: string;
  readonly precise: boolean;
  readonly bounds: readonly Nanoseconds[];
}

/** How many areas a region has. */
export function areaCount(region: Pick<Region, 'length' | 'step'>): number {
  return Number((region.length + region.step - 1n) / region.step);
}

/** Whether a region with these bounds must count in nanoseconds. */
export function needsPrecise(spec: Pick<RegionSpec, 'precise' | 'bounds'>): boolean {
  return spec.precise === true || (spec.bounds ?? []).some((bound) => bound % NS_PER_MS !== 0n);
}

/** A region's options as the kernel reads and prints them. */
export function optionWords({ precise, bounds = [] }: Pick<RegionSpec, 'precise' | 'bounds'>): string[] {
  const isPrecise = needsPrecise({ precise, bounds });
  const words = isPrecise ? ['precise_timestamps'] : [];
  const unit = isPrecise ? 1n : NS_PER_MS;
  if (bounds.length > 0) words.push(`histogram:${bounds.map((bound) => bound / unit).join(',')}`);
  return words;
}

/** The message that creates a region. Source: Documentation/admin-guide/device-mapper/statistics.rst. */
export function createMessage(spec: RegionSpec): Uint8Array {
  const range = spec.range === undefined ? '-' : `${spec.range.start}+${spec.range.length}`;
  const step = spec.step ?? { areas: 1 };
  const options = optionWords(spec);
  return message(
    '@stats_create',
    range,
    'areas' in step ? `/${step.areas}` : `${step.sectors}`,
    // The count always: without it a program id of digits would be taken for one.
    `${options.length}`,
    ...options,
    quoted(spec.programId === '' ? '-' : spec.programId),
    quoted(spec.aux === undefined || spec.aux === '' ? '-' : spec.aux),
  );
}

const LINE = /^(\d+): (\d+)\+(\d+) (\d+) (.*)$/s;
const TAIL = /^(.*?)( precise_timestamps)?(?: histogram:(\d+(?:,\d+)*))?$/s;

/** Parses one line of `@stats_list`. @throws DmParseError */
export function parseListLine(line: string): Region {
  const match = LINE.exec(line);
  if (match === null) throw new DmParseError('not a line of @stats_list', line, 1);
  const [, id, start, length, step, rest = ''] = match;
  const tail = TAIL.exec(rest);
  const [, words = '', precise, bounds] = tail ?? [];
  // A program id may hold blanks too, but who tells? A group's tag does; else the first blank ends it.
  const tag = words.indexOf(' DMS_GROUP=');
  const cut = tag >= 0 ? tag : words.indexOf(' ');
  if (cut < 0) throw new DmParseError('no aux data in a line of @stats_list', line, line.length);
  if (step === '0') throw new DmParseError('a step of 0 sectors', line, line.length - rest.length);
  const isPrecise = precise !== undefined;
  const word = (text: string): string => (text === '-' ? '' : text);
  return {
    id: Number(id),
    start: sectors(BigInt(start as string)),
    length: sectors(BigInt(length as string)),
    step: sectors(BigInt(step as string)),
    programId: word(words.slice(0, cut)),
    aux: word(words.slice(cut + 1)),
    precise: isPrecise,
    bounds: (bounds === undefined ? [] : bounds.split(',')).map((bound) =>
      nanoseconds(BigInt(bound) * (isPrecise ? 1n : NS_PER_MS)),
    ),
  };
}
