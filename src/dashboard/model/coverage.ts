import { carefulPercentText, percent } from '../../report/number.ts';
import { coverageRatio } from '../../stats/coverage-ratio.ts';
import type { WireCoverage, WireUnseen } from '../wire.ts';
import { sizeText } from './format.ts';
import type { Frame } from './history.ts';
import { countsOf, type ShownObject } from './objects.ts';
import { sectorsOf } from './rates.ts';

const SECTOR = 512;

/** How much of a group's I/O was seen: `Coverage` of devicemapper/stats in numbers. Sectors, but for `errorIos`. */
export interface Seen {
  readonly counted: number;
  readonly missed: number;
  readonly errorSectors: number;
  readonly errorIos: number;
  /** Other files' sectors in the regions that the file's extents share. */
  readonly foreign: number;
}

/** Since the group was made; undefined where that is not told. */
export function seenAtAll({ deviceIndex, kind, id }: ShownObject, coverage: WireCoverage): Seen | undefined {
  const known = kind === 'group' ? coverage.devices[deviceIndex]?.[id] : undefined;
  if (known === undefined) return undefined;
  const [counted, ...unseen] = known;
  return { counted: Number(counted), ...unseenOf(unseen) };
}

/** In the samples. */
export function seenIn({ key }: ShownObject, frames: readonly Frame[]): Seen {
  const sum = { counted: 0, missed: 0, errorSectors: 0, errorIos: 0, foreign: 0 };
  for (const { sample, objects } of frames) {
    const object = objects.get(key);
    if (object === undefined) continue;
    sum.counted += sectorsOf(countsOf(object, sample));
    const unseen = object.kind === 'group' ? sample.devices[object.deviceIndex]?.unseen[object.id] : undefined;
    if (unseen === undefined) continue;
    const { missed, errorSectors, errorIos, foreign } = unseenOf(unseen);
    sum.missed += missed;
    sum.errorSectors += errorSectors;
    sum.errorIos += errorIos;
    sum.foreign += foreign;
  }
  return sum;
}

function unseenOf([missed, errorSectors, errorIos, foreign]: WireUnseen): Omit<Seen, 'counted'> {
  return {
    missed: Number(missed),
    errorSectors: Number(errorSectors),
    errorIos: Number(errorIos),
    foreign: Number(foreign),
  };
}

/** The counted share as `dmstats report -o coverage` has it. */
export function coverageText({ counted, missed }: Seen): string {
  return carefulPercentText(percent(coverageRatio(BigInt(counted), BigInt(missed)), 1));
}

/** All of it as a line: `99.98 % counted, 24 KiB missed, error up to 4 KiB and 1 I/O`. */
export function seenText(seen: Seen): string {
  const { counted, missed, errorSectors, errorIos, foreign } = seen;
  const ios = `${errorIos} I/O${errorIos === 1 ? '' : 's'}`;
  const error =
    errorSectors + errorIos === 0 ? 'exact' : `wrong by ${sizeText(errorSectors * SECTOR)} and ${ios} at most`;
  const share =
    foreign === 0
      ? ''
      : `, ${carefulPercentText(percent(foreign, foreign + counted))} % of what was seen is other files’`;
  return `${coverageText(seen)} % counted (${sizeText(counted * SECTOR)}), ${sizeText(missed * SECTOR)} missed, ${error}${share}`;
}
