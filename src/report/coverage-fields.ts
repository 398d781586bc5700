import { SECTOR_BYTES } from '../mapper/units.ts';
import { COUNTER_NAMES, type Counters } from '../stats/counters.ts';
import { volumeOf } from '../stats/error-bound.ts';
import type { Group } from '../stats/group.ts';
import type { Field } from './field.ts';
import { numberField, withParts } from './field-builders.ts';
import { carefulPercentText, PERCENT_1, percent } from './number.ts';
import type { StatsRow } from './rows.ts';

type StatsField = Field<StatsRow>;

// Only groups have a past.
const ofGroup = <Value>({ type, group }: StatsRow, value: (group: Group) => Value): Value | undefined =>
  type === 'group' && group !== undefined ? value(group) : undefined;

const missedOf = (row: StatsRow): bigint | undefined => row.coverage?.missed ?? ofGroup(row, ({ missed }) => missed);
const errorOf = (row: StatsRow) => row.coverage?.error ?? ofGroup(row, ({ error }) => error);

const bytesOf = (sectors: bigint | undefined): bigint | null => (sectors === undefined ? null : sectors * SECTOR_BYTES);

const GROUPS_ONLY = 'null unless the row is a group\u2019s';

const sectors = (
  value: (row: StatsRow) => bigint | undefined,
  id: string,
  heading: string,
  help: string,
): StatsField => ({
  ...numberField('coverage', value, id, heading, 6, help),
  unit: 'sectors',
  metric: 'counter',
  json: [{ name: `${id}_bytes`, type: `integer, bytes; ${GROUPS_ONLY}`, value: (row) => bytesOf(value(row)) }],
});

/** What a group carries, under the names that the counters' own fields have. */
function carriedJson(carried: Counters): Record<string, bigint | readonly bigint[]> {
  const entries = COUNTER_NAMES.filter((name) => name !== 'inFlight').map((name): [string, bigint] => {
    const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const isSectors = name.endsWith('Sectors');
    return [
      isSectors ? snake.replace(/sectors$/, 'bytes') : snake,
      isSectors ? carried[name] * SECTOR_BYTES : carried[name],
    ];
  });
  return { ...Object.fromEntries(entries), histogram: carried.histogram };
}

/** How much of a file's I/O was seen, and what its group carries from regions that are no more. */
export const COVERAGE_FIELDS: readonly StatsField[] = [
  {
    ...numberField<StatsRow>(
      'coverage',
      () => undefined,
      'coverage',
      'Cover%',
      6,
      'The share of a group\u2019s sectors that was counted (%).',
    ),
    unit: 'percent',
    metric: 'gauge',
    value: ({ coverage }) => coverage && percent(coverage.ratio, 1) / PERCENT_1,
    text: ({ coverage }) => (coverage === undefined ? '-' : carefulPercentText(percent(coverage.ratio, 1))),
    json: [
      {
        name: 'coverage_ratio',
        type: `number, 0 to 1; ${GROUPS_ONLY} in a report`,
        value: ({ coverage }) => coverage?.ratio ?? null,
      },
    ],
  },
  sectors(missedOf, 'missed', 'Missed', 'Sectors that a group\u2019s file got and whose first I/O nothing counted.'),
  sectors(
    (row) => errorOf(row)?.sectors,
    'error',
    'Error',
    'Sectors that may be missing or doubled in what a group carries.',
  ),
  withParts(
    numberField<StatsRow>(
      'coverage',
      (row) => errorOf(row)?.ios,
      'error_ios',
      'ErrIOs',
      6,
      'I/Os that may be missing or doubled in what a group carries.',
    ),
    {
      metric: 'counter',
      json: [{ name: 'error_ios', type: `integer; ${GROUPS_ONLY}`, value: (row) => errorOf(row)?.ios ?? null }],
    },
  ),
  {
    ...numberField<StatsRow>(
      'coverage',
      (row) => ofGroup(row, ({ carried }) => (carried === undefined ? 0n : volumeOf(carried).sectors)),
      'carried',
      'Carried',
      7,
      'Sectors read and written that a group carries from regions that are no more.',
    ),
    unit: 'sectors',
    json: [
      {
        name: 'carried',
        type: 'object of counters (times in nanoseconds), or null where nothing is carried',
        value: (row) => ofGroup(row, ({ carried }) => carried && carriedJson(carried)) ?? null,
      },
    ],
  },
  {
    ...numberField<StatsRow>(
      'coverage',
      () => undefined,
      'foreign',
      'Foreign%',
      8,
      'The share of other files\u2019 sectors in what a group\u2019s regions counted (%): 0 unless extents share regions.',
    ),
    unit: 'percent',
    metric: 'gauge',
    value: ({ coverage }) => coverage && percent(coverage.foreignRatio, 1) / PERCENT_1,
    text: ({ coverage }) => (coverage === undefined ? '-' : carefulPercentText(percent(coverage.foreignRatio, 1))),
    json: [
      {
        name: 'foreign_ratio',
        type: `number, 0 to 1; ${GROUPS_ONLY} in a report`,
        value: ({ coverage }) => coverage?.foreignRatio ?? null,
      },
      {
        name: 'foreign_bytes',
        type: `integer, bytes; ${GROUPS_ONLY} in a report`,
        value: ({ coverage }) => bytesOf(coverage?.foreign),
      },
    ],
  },
];
