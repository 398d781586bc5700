import { SECTOR_BYTES } from '../mapper/units.ts';
import { histogram } from './counter-fields.ts';
import type { Field, JsonEntry } from './field.ts';
import { type FieldWords, numberField, textField, withParts, wordsOf } from './field-builders.ts';
import type { StatsRow } from './rows.ts';
import { sizeText } from './size.ts';

type StatsField = Field<StatsRow>;

const size = (value: (row: StatsRow) => bigint, ...words: FieldWords): StatsField => ({
  ...wordsOf(words),
  group: 'region',
  align: 'right',
  kind: 'size',
  unit: 'bytes',
  metric: 'label',
  value: (row) => value(row) * SECTOR_BYTES,
  text: (row, { units }) => sizeText(value(row), units),
  json: [{ name: `${words[0]}_bytes`, type: 'integer, bytes', value: (row) => value(row) * SECTOR_BYTES }],
});

const boundsEntry: JsonEntry<StatsRow> = {
  name: 'hist_bounds_ns',
  type: 'array of integers, nanoseconds: the upper bounds of all bins but the last',
  value: ({ region }) => region.bounds,
};

function binCount({ type, region }: StatsRow): number {
  return type === 'group' || region.bounds.length === 0 ? 0 : region.bounds.length + 1;
}

// A group has no id of a region, but those of its members.
const regionId = ({ type, region }: StatsRow): number | undefined => (type === 'group' ? undefined : region.id);

const FIELDS: readonly StatsField[] = [
  withParts(numberField<StatsRow>('region', regionId, 'region_id', 'RgID', 4, "The region's id; a group's regions."), {
    text: (row) => row.regionIds,
    json: [
      { name: 'region_id', type: 'integer, or null for a group', value: (row) => regionId(row) ?? null },
      {
        name: 'region_ids',
        type: 'array of integers: the region, or the members of the group',
        value: ({ type, region, group }) => (type === 'group' ? (group?.members ?? []) : [region.id]),
      },
    ],
  }),
  size((row) => row.region.start, 'region_start', 'RgStart', 7, 'Where the region starts on the device.'),
  size((row) => row.length, 'region_len', 'RgSize', 6, "The region's length."),
  numberField('region', (row) => row.areaId, 'area_id', 'ArID', 4, "The area's id in its region."),
  size((row) => row.areaStart, 'area_start', 'ArStart', 7, 'Where the area starts on the device.'),
  size((row) => row.areaLength, 'area_len', 'ArSize', 6, "The area's length."),
  size((row) => row.areaOffset, 'area_offset', 'ArOff', 5, 'Where the area starts in its region.'),
  numberField('region', (row) => row.areaCount, 'area_count', '#Areas', 6, 'How many areas the region has.'),
  numberField('region', (row) => row.group?.id, 'group_id', 'GrpID', 5, 'The group that the region is in.'),
  textField('region', (row) => row.region.programId, 'program_id', 'ProgID', 6, 'The program that the region is of.'),
  textField('region', (row) => row.userData, 'user_data', 'UserData', 8, 'What the program keeps with the region.'),
  withParts(
    numberField<StatsRow>(
      'region',
      (row) => (row.region.precise ? 1 : 0),
      'precise',
      'Precise',
      7,
      '1 when times are counted in nanoseconds.',
    ),
    { align: 'left', json: [{ name: 'precise', type: 'boolean', value: (row) => row.region.precise }] },
  ),
  withParts(numberField('region', binCount, 'hist_bins', '#Bins', 9, 'How many bins the histogram has.'), {
    align: 'left',
  }),
  histogram('region', 'none', 'lower', [boundsEntry], 'hist_bounds', 'Histogram Bounds', 16, 'The bins’ lower bounds.'),
  histogram('region', 'none', 'range', [boundsEntry], 'hist_ranges', 'Histogram Ranges', 16, 'The bins’ ranges.'),
  withParts(
    textField<StatsRow>(
      'region',
      (row) => row.name,
      'stats_name',
      'Name',
      16,
      "The group's alias, or the device's name.",
    ),
    {
      json: [
        { name: 'device', type: "string: the device's name", value: (row) => row.device },
        { name: 'stats_name', type: 'string', value: (row) => row.name },
      ],
    },
  ),
  textField('region', (row) => row.type, 'obj_type', 'ObjType', 7, 'Whether the row is of an area, region or group.'),
];

/** The fields that a list is enough for, in libdevmapper's order. */
export const REGION_FIELDS: readonly StatsField[] = FIELDS.map((field) => ({ ...field, madeOf: 'place' }));
