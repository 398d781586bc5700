import assert from 'node:assert/strict';
import test from 'node:test';
import { UsageError } from '../../src/mapper/errors.ts';
import { FIELD_SETS, STATS_FIELDS } from '../../src/report/stats-fields.ts';

const headings = (list: string, base: readonly string[] = []): string =>
  STATS_FIELDS.parse(list, base)
    .map((field) => field.heading)
    .join(' ');

// The headings that dmstats 1.02.185 prints, in its order.
const HEADINGS: readonly (readonly [list: string, headings: string])[] = [
  [FIELD_SETS.list, 'Name GrpID RgID ObjType RgStart RgSize #Areas ArSize ProgID'],
  [FIELD_SETS.listVerbose, 'Name GrpID RgID ObjType RgStart RgSize #Areas ArID ArStart ArSize ProgID'],
  [FIELD_SETS.listHistogram, 'Name GrpID RgID ObjType RgStart RgSize #Areas ArSize #Bins Histogram Bounds'],
  [
    FIELD_SETS.listHistogramVerbose,
    'Name GrpID RgID ObjType RgStart RgSize #Areas ArID ArStart ArSize #Bins Histogram Bounds',
  ],
  [
    FIELD_SETS.report,
    'Name GrpID RgID ObjType ArID ArStart ArSize RMrg/s WMrg/s R/s W/s RSz/s WSz/s AvgRqSz QSize Util% AWait RdAWait WrAWait',
  ],
  [
    FIELD_SETS.reportRaw,
    'Name GrpID RgID ObjType ArID ArStart ArSize #Reads #RdMrgs #RdSectors AccRdTime RdTicks #Writes #WrMrgs #WrSectors AccWrTime WrTicks #InProg IoTicks QueueTicks',
  ],
  [FIELD_SETS.reportHistogram, 'Name GrpID RgID ObjType RgStart RgSize #Areas ArSize Util% AWait Histogram Counts'],
  [FIELD_SETS.reportHistogramRelative, 'Name GrpID RgID ObjType RgStart RgSize #Areas ArSize Util% AWait Histogram%'],
  ['name_all', 'Name MangledName UnmangledName UUID MangledUUID UnmangledUUID RAhead'],
  ['info_all', 'BlkDevName Stat Tables Suspended Read-only DevNo Maj Min Open Targ Event'],
  ['deps_all', '#Devs DevNosUsed BlkDevNamesUsed'],
  ['tree_all', 'DevNamesUsed #Refs RefNames RefDevNos'],
  ['splitname_all', 'Subsys VG LV LVLayer'],
  [
    'region_all',
    'RgID RgStart RgSize ArID ArStart ArSize ArOff #Areas GrpID ProgID UserData Precise #Bins Histogram Bounds Histogram Ranges Name ObjType',
  ],
  [
    'stats_all',
    '#Reads #RdMrgs #RdSectors AccRdTime #Writes #WrMrgs #WrSectors AccWrTime #InProg IoTicks QueueTicks RdTicks WrTicks RMrg/s WMrg/s R/s W/s RSz/s WSz/s AvgRqSz QSize AWait RdAWait WrAWait Throughput SvcTm Util% Histogram Counts Histogram Counts Histogram Counts Histogram% Histogram% Histogram% IntervalNs Interval',
  ],
  ['selected', 'Selected'],
  ['stats_name,name,id,start,len', 'Name Name RgID RgStart RgSize'],
];
for (const [list, text] of HEADINGS) {
  test(`STATS_FIELDS.parse() of "${list}" has the columns of dmstats`, () => {
    assert.equal(headings(list), text);
  });
}

test('STATS_FIELDS.parse() takes "all" for the groups of the report and of the fields before it', () => {
  assert.equal(headings('all', ['region']), headings('region_all'));
  assert.equal(headings('all', ['stats', 'region']), `${headings('stats_all')} ${headings('region_all')}`);
  assert.equal(headings('vg_name,all', ['region']), `VG ${headings('splitname_all')} ${headings('region_all')}`);
});

test('STATS_FIELDS.parse() ignores case, underscores and the prefix of the group', () => {
  const ids = STATS_FIELDS.parse('statsname,REGION_ID,stats_reads_per_sec,RegionProgramId, areaid', []);
  assert.deepEqual(
    ids.map(({ id }) => id),
    ['stats_name', 'region_id', 'reads_per_sec', 'program_id', 'area_id'],
  );
});

for (const [list, wrong] of [
  ['region_id,foo', 'foo'],
  ['region_id,', 'a name is missing'],
  ['-region_id', '-region_id'],
  ['area_all', 'area_all'],
] as const) {
  test(`STATS_FIELDS.parse() refuses "${list}"`, () => {
    assert.throws(
      () => STATS_FIELDS.parse(list, ['region']),
      (error) => error instanceof UsageError && error.message.startsWith(`Unrecognised field: ${wrong}; "dmstats help`),
    );
  });
}

test('STATS_FIELDS.parseSort() takes several keys, upwards and downwards, each once', () => {
  const keys = STATS_FIELDS.parseSort('-region_start,+id,region_start');
  assert.deepEqual(
    keys.map(({ field, descending }) => [field.id, descending]),
    [
      ['region_start', true],
      ['region_id', false],
    ],
  );
  assert.deepEqual(STATS_FIELDS.parseSort(''), []);
});

for (const list of ['foo', 'region_id,', 'all']) {
  test(`STATS_FIELDS.parseSort() refuses "${list}"`, () => {
    assert.throws(() => STATS_FIELDS.parseSort(list), UsageError);
  });
}

test('STATS_FIELDS.help() lists every field, with its type for selections', () => {
  const plain = STATS_FIELDS.help();
  const typed = STATS_FIELDS.help({ types: true });
  for (const { id } of STATS_FIELDS.fields) {
    assert.match(plain, new RegExp(`^  ${id} `, 'm'));
    assert.match(typed, new RegExp(`^  ${id} .*\\[(number|size|string|string list)\\]$`, 'm'));
  }
  assert.match(plain, /^ {2}region_all /m);
});

test('STATS_FIELDS have each name once, and each record name one meaning', () => {
  const ids = STATS_FIELDS.fields.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  const types = new Map<string, string>();
  for (const { name, type } of STATS_FIELDS.fields.flatMap(({ json }) => json)) {
    assert.equal(types.get(name) ?? type, type, name);
    types.set(name, type);
  }
});
