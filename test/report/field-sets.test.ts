import assert from 'node:assert/strict';
import test from 'node:test';
import { UsageError } from '../../src/mapper/errors.ts';
import { columnOf, FIELD_SETS, fieldHelp, parseFields } from '../../src/report/field-sets.ts';
import { FIELDS } from '../../src/report/fields.ts';

const headings = (set: string): string =>
  parseFields(set)
    .map((field) => columnOf(field).heading)
    .join(' ');

// The headings that dmstats prints, in its order.
const HEADINGS: readonly (readonly [keyof typeof FIELD_SETS, string])[] = [
  ['list', 'Name GrpID RgID ObjType RgStart RgSize #Areas ArSize ProgID'],
  ['listVerbose', 'Name GrpID RgID ObjType RgStart RgSize #Areas ArID ArStart ArSize ProgID'],
  ['listHistogram', 'Name GrpID RgID ObjType RgStart RgSize #Areas ArSize #Bins Histogram Bounds'],
  ['listHistogramVerbose', 'Name GrpID RgID ObjType RgStart RgSize #Areas ArID ArStart ArSize #Bins Histogram Bounds'],
  [
    'report',
    'Name GrpID RgID ObjType ArID ArStart ArSize RMrg/s WMrg/s R/s W/s RSz/s WSz/s AvgRqSz QSize Util% AWait RdAWait WrAWait',
  ],
  [
    'reportRaw',
    'Name GrpID RgID ObjType ArID ArStart ArSize #Reads #RdMrgs #RdSectors AccRdTime RdTicks #Writes #WrMrgs #WrSectors AccWrTime WrTicks #InProg IoTicks QueueTicks',
  ],
  ['reportHistogram', 'Name GrpID RgID ObjType RgStart RgSize #Areas ArSize Util% AWait Histogram Counts'],
  ['reportHistogramRelative', 'Name GrpID RgID ObjType RgStart RgSize #Areas ArSize Util% AWait Histogram%'],
];
for (const [set, text] of HEADINGS) {
  test(`FIELD_SETS.${set} has the columns of dmstats`, () => {
    assert.equal(headings(FIELD_SETS[set]), text);
  });
}

test('parseFields() ignores case, underscores and the prefix of the set', () => {
  const ids = parseFields('statsname,REGION_ID,stats_reads_per_sec,RegionProgramId').map(({ id }) => id);
  assert.deepEqual(ids, ['stats_name', 'region_id', 'reads_per_sec', 'program_id']);
});

test('parseFields() knows the sets', () => {
  assert.equal(parseFields('all').length, FIELDS.length);
  assert.equal(parseFields('stats_all').length + parseFields('region_all').length, FIELDS.length);
});

test('parseFields() names a field that is none', () => {
  assert.throws(
    () => parseFields('region_id,foo'),
    (error) => error instanceof UsageError && error.message.startsWith('Unrecognised field: foo'),
  );
});

test('fieldHelp() lists every field', () => {
  assert.equal(fieldHelp().split('\n').length - 1, FIELDS.length);
});
