import { type Bin, bins } from '../stats/counters.ts';
import { formatTime } from '../stats/histogram-bounds.ts';
import { percentileBin } from '../stats/percentile.ts';
import type { Field, JsonEntry } from './field.ts';
import { wordsOf } from './field-builders.ts';
import type { StatsRow } from './rows.ts';

const NS_PER_MS = 1e6;
const PERCENTILES = [50, 95, 99] as const;

function binOf({ region, counters }: StatsRow, percent: number): Bin | undefined {
  return counters === undefined ? undefined : percentileBin(bins(region.bounds, counters.histogram), percent);
}

const milliseconds = (time: bigint | undefined): number | undefined =>
  time === undefined ? undefined : Number(time) / NS_PER_MS;

function rangeText({ lower, upper }: Bin, timeSuffix: boolean): string {
  const time = (value: bigint): string => (timeSuffix ? formatTime(value) : `${value}`);
  return upper === undefined ? `>${time(lower)}` : `${time(lower)}-${time(upper)}`;
}

function percentileFields(percent: number): Field<StatsRow>[] {
  const id = `p${percent}`;
  const entry: JsonEntry<StatsRow> = {
    name: `${id}_ns`,
    type: '{"lower", "upper"} of its bin, nanoseconds; null without a histogram or I/O',
    value: (row) => {
      const bin = binOf(row, percent);
      return bin === undefined ? null : { lower: bin.lower, upper: bin.upper ?? null };
    },
  };
  const base = {
    group: 'latency',
    align: 'right',
    kind: 'number',
    unit: 'milliseconds',
    metric: 'gauge',
    madeOf: 'counts',
    json: [entry],
  } as const;
  return [
    {
      ...base,
      ...wordsOf([
        id,
        `P${percent}`,
        12,
        `The bin that ${percent}% of I/Os are in or below; compares as its lower bound (ms).`,
      ]),
      value: (row) => milliseconds(binOf(row, percent)?.lower),
      text: (row, { timeSuffix }) => {
        const bin = binOf(row, percent);
        return bin === undefined ? '-' : rangeText(bin, timeSuffix);
      },
    },
    {
      ...base,
      ...wordsOf([`${id}_upper`, `P${percent}Max`, 6, `The upper bound of that bin (ms); - for the last one.`]),
      value: (row) => milliseconds(binOf(row, percent)?.upper),
      text: (row) => {
        const upper = milliseconds(binOf(row, percent)?.upper);
        return upper === undefined ? '-' : `${upper}`;
      },
    },
  ];
}

/** Percentiles of the durations of I/Os, as exactly as the histogram's bins tell them. */
export const LATENCY_FIELDS: readonly Field<StatsRow>[] = PERCENTILES.flatMap(percentileFields);
