import assert from 'node:assert/strict';
import test from 'node:test';
import { fileMap, unplacedByRow, watchedOf } from '../../src/dashboard/model/file-map.ts';
import { binText, countText, nameText, sizeText, timeText } from '../../src/dashboard/model/format.ts';
import { fileGrid, latencyGrid, placeGrid } from '../../src/dashboard/model/heat.ts';
import { type Frame, History } from '../../src/dashboard/model/history.ts';
import { objectsOf, type ShownObject } from '../../src/dashboard/model/objects.ts';
import { p99Of, ratesOf } from '../../src/dashboard/model/rates.ts';
import type { Counts, Layout, WireFile, WireRegion, WireSample } from '../../src/dashboard/wire.ts';

const SECTOR = 512;
const region = (id: number, startSectors: number, sectors: number, rest: Partial<WireRegion> = {}): WireRegion => ({
  id,
  start: startSectors * SECTOR,
  length: sectors * SECTOR,
  step: sectors * SECTOR,
  program: 'p',
  bounds: [1e6, 2e6],
  ...rest,
});
/** A group of the regions 0 and 1, which lie on the device the other way round, and region 2 in none. */
const LAYOUT: Layout = {
  devices: [
    {
      name: 't0',
      number: '254:0',
      regions: [region(0, 1000, 30), region(1, 500, 10), region(2, 0, 8, { step: 2 * SECTOR, bounds: [] })],
      groups: [{ id: 0, alias: 'file', members: [0, 1] }],
      problems: [],
    },
  ],
};
// intervalNs, reads, writes, sectors read and written, their times, in flight, busy; then the bins.
const counts = (readSectors: number, ...bins: number[]): Counts => [
  5e8,
  4,
  1,
  readSectors,
  0,
  8e6,
  3e6,
  2,
  1e8,
  ...bins,
];
const sample = (
  time: number,
  regions: Record<string, Counts>,
  areas: Record<string, [number, number, number][]> = {},
): WireSample => ({
  time,
  devices: [{ regions, groups: { 0: counts(40, 3, 1, 1) }, unseen: {}, areas, cleared: [] }],
});

function frames(...samples: WireSample[]): {
  readonly frames: Frame[];
  readonly objects: ReadonlyMap<string, ShownObject>;
} {
  const history = new History();
  history.setLayout(LAYOUT);
  for (const one of samples) history.add(one);
  return { frames: history.between(0, Infinity), objects: history.objects };
}

test('objectsOf() gives groups, then regions that are in none, in the order of the device', () => {
  const [file, single, ...others] = objectsOf(LAYOUT);
  assert.deepEqual([file?.name, file?.kind, file?.bytes, file?.bounds], ['file', 'group', 40 * SECTOR, [1e6, 2e6]]);
  assert.deepEqual(
    file?.regions.map(({ id, before }) => [id, before / SECTOR]),
    [
      [1, 0],
      [0, 10],
    ],
  );
  assert.deepEqual([single?.name, single?.kind, others], ['region 2', 'region', []]);
  // Another leader, the same file.
  const [device] = LAYOUT.devices;
  assert.ok(device !== undefined);
  const moved = objectsOf({ devices: [{ ...device, groups: [{ id: 1, alias: 'file', members: [1] }] }] });
  assert.equal(moved[0]?.key, file?.key);
});

test('ratesOf() gives rates of a second and means, p99Of() its bin', () => {
  assert.deepEqual(ratesOf(counts(40, 3, 1, 1)), {
    reads: 8,
    writes: 2,
    readBytes: 80 * SECTOR,
    writtenBytes: 0,
    readNs: 2e6,
    writeNs: 3e6,
    inFlight: 2,
    busy: 0.2,
  });
  assert.deepEqual(p99Of(counts(40, 3, 1, 1), [1e6, 2e6]), { lower: 2e6, upper: undefined });
  assert.deepEqual(p99Of(counts(40, 5, 0, 0), [1e6, 2e6]), { lower: 0, upper: 1e6 });
  const nothing = ratesOf(undefined);
  assert.deepEqual([nothing.reads, nothing.readNs, p99Of(undefined, [1e6])], [0, undefined, undefined]);
});

test('latencyGrid() counts I/Os by time and bin', () => {
  const { frames: list, objects } = frames(sample(1000, {}), sample(1500, {}), sample(2000, {}));
  const file = objects.get('254:0/group/file');
  assert.ok(file !== undefined);
  const grid = latencyGrid(file);
  const heat = grid.gather(list, { from: 0, to: 2000 }, 2);
  assert.deepEqual(
    heat.cells.map((column) => [...column]),
    [
      [3, 1, 1],
      [6, 2, 2],
    ],
  );
  assert.equal(heat.max, 6);
  // A second later: the same samples are not counted again, and the first column has gone.
  const later = grid.gather([...list, ...frames(sample(3000, {})).frames], { from: 1000, to: 3000 }, 2);
  assert.deepEqual(
    later.cells.map((column) => [...column]),
    [
      [6, 2, 2],
      [3, 1, 1],
    ],
  );
  const wide = grid.gather(list, { from: 0, to: 4000 }, 1);
  assert.deepEqual([...(wide.cells[0] ?? [])], [9, 3, 3]);
  // In pieces: what time is left for, and the rest when it is asked again.
  const answers = [false, true];
  const slow = latencyGrid(file);
  const some = slow.gather(list, { from: 0, to: 4000 }, 1, () => answers.shift() ?? true);
  assert.deepEqual([[...(some.cells[0] ?? [])], some.isWhole], [[3, 1, 1], false]);
  const all = slow.gather(list, { from: 0, to: 4000 }, 1);
  assert.deepEqual([[...(all.cells[0] ?? [])], all.isWhole], [[9, 3, 3], true]);
});

test('placeGrid() spreads sectors over the places of regions and areas', () => {
  const { frames: list, objects } = frames(
    sample(
      1000,
      { 0: counts(30, 0), 1: counts(8, 0), 2: counts(6, 0) },
      {
        2: [
          [1, 2, 1],
          [3, 3, 0],
        ],
      },
    ),
  );
  const file = objects.get('254:0/group/file');
  const single = objects.get('254:0/region/2');
  assert.ok(file !== undefined && single !== undefined);
  // Region 1 is the first quarter, region 0 the rest: 8, then 30 over three rows.
  const [column = []] = placeGrid(file, 4).gather(list, { from: 0, to: 1000 }, 1).cells;
  assert.deepEqual([...column], [8, 10, 10, 10]);
  const [areas = []] = placeGrid(single, 4).gather(list, { from: 0, to: 1000 }, 1).cells;
  assert.deepEqual([...areas], [0, 3, 0, 3]);
  const [coarse = []] = placeGrid(single, 2).gather(list, { from: 0, to: 1000 }, 1).cells;
  assert.deepEqual([...coarse], [3, 3]);
});

/** The file of the group: 20 sectors in region 1 and behind it, 20 in region 0, then 5 in a region of nobody's. */
const FILE: WireFile = {
  path: '/srv/file',
  device: '254:0',
  groupId: 0,
  size: 50 * SECTOR,
  extents: [
    [0, 1005 * SECTOR, 10 * SECTOR],
    [10 * SECTOR, 1015 * SECTOR, 10 * SECTOR],
    [20 * SECTOR, 500 * SECTOR, 20 * SECTOR],
    [45 * SECTOR, 4000 * SECTOR, 5 * SECTOR],
  ],
  unplaced: [
    [40 * SECTOR, 3 * SECTOR],
    [43 * SECTOR, 1 * SECTOR],
    [50 * SECTOR, 2 * SECTOR],
  ],
};

test('fileMap() joins neighbours, and finds what regions hold of a file', () => {
  const { objects } = frames(sample(1000, {}));
  const { regions = [] } = objects.get('254:0/group/file') ?? {};
  const map = fileMap(FILE, regions);
  assert.equal(map.size, 52 * SECTOR);
  assert.deepEqual(
    map.extents.map(({ logical, physical, length, covered }) =>
      [logical, physical, length, covered].map((x) => x / SECTOR),
    ),
    [
      [0, 1005, 20, 20],
      [20, 500, 20, 10],
      [45, 4000, 5, 0],
    ],
  );
  const pieces = (id: number) =>
    [...map.pieces]
      .find(([region]) => region.id === id)?.[1]
      .map(({ from, logical, length }) => [from, logical, length].map((x) => x / SECTOR));
  assert.deepEqual([pieces(0), pieces(1)], [[[5, 0, 20]], [[0, 20, 10]]]);
  assert.deepEqual(map.unplaced, [
    { logical: 40 * SECTOR, length: 4 * SECTOR },
    { logical: 50 * SECTOR, length: 2 * SECTOR },
  ]);
  assert.deepEqual(watchedOf(map), { allocated: 51 * SECTOR, covered: 30 * SECTOR, unplaced: 6 * SECTOR });
});

test('unplacedByRow() measures what of each part of a file has no place', () => {
  const map = fileMap(FILE, []);
  // Of 52 sectors: 40 to 44 and 50 to 52.
  assert.deepEqual(
    [...unplacedByRow(map, 8)].map((bytes) => bytes / SECTOR),
    [0, 0, 0, 0, 0, 0, 4, 2],
  );
  assert.deepEqual(
    [...unplacedByRow(map, 26)].flatMap((bytes, row) => (bytes === 0 ? [] : [[row, bytes / SECTOR]])),
    [
      [20, 2],
      [21, 2],
      [25, 2],
    ],
  );
});

test('fileGrid() places sectors at the offsets of the file', () => {
  const { frames: list, objects } = frames(sample(1000, { 0: counts(30, 0), 1: counts(8, 0) }));
  const file = objects.get('254:0/group/file');
  assert.ok(file !== undefined);
  const [column = []] = fileGrid(file, FILE, FILE.size, 5).gather(list, { from: 0, to: 1000 }, 1).cells;
  // Region 0 has 30 sectors' I/O over its 30, of which 20 are the file's first; region 1 has 8 over the next 10.
  assert.deepEqual([...column], [10, 10, 8, 0, 0]);
});

test('History keeps objects and files that stay as they are', () => {
  const history = new History();
  history.setLayout(LAYOUT);
  const before = [...history.objects.values()];
  history.setFiles({ files: [FILE], problems: [] });
  history.setLayout(structuredClone(LAYOUT));
  history.setFiles({ files: [structuredClone(FILE)], problems: [] });
  const [file, single] = history.objects.values();
  assert.ok(file === before[0] && single === before[1] && file !== undefined && single !== undefined);
  assert.equal(history.fileOf(file), FILE);
  assert.equal(history.fileOf(single), undefined);
  const [device] = LAYOUT.devices;
  assert.ok(device !== undefined);
  const [first, ...others] = device.regions;
  assert.ok(first !== undefined);
  history.setLayout({ devices: [{ ...device, regions: [{ ...first, length: 31 * SECTOR }, ...others] }] });
  const after = [...history.objects.values()];
  assert.ok(after[0] !== before[0] && after[1] === before[1]);
});

test('History keeps an hour, and less when there is much', () => {
  const history = new History();
  history.setLayout(LAYOUT);
  for (const time of [0, 1000, 3_600_000, 3_600_500]) history.add(sample(time, {}));
  assert.deepEqual(
    history.between(-1, Infinity).map((frame) => frame.sample.time),
    [1000, 3_600_000, 3_600_500],
  );
  assert.deepEqual(
    history.between(1000, 3_600_000).map((frame) => frame.sample.time),
    [3_600_000],
  );
  // A sample of these is 1 + 12 numbers.
  const small = new History(30);
  for (const time of [1, 2, 3]) small.add(sample(time, {}));
  assert.deepEqual(
    small.between(0, 9).map((frame) => frame.sample.time),
    [2, 3],
  );
});

test('texts of numbers and names', () => {
  assert.deepEqual([0, 512, 1536, 2 ** 20, 150 * 2 ** 30].map(sizeText), [
    '0 B',
    '512 B',
    '1.50 KiB',
    '1 MiB',
    '150 GiB',
  ]);
  assert.deepEqual([0, 999, 1500, 12.34e6, 2e9].map(timeText), ['0 ns', '999 ns', '1.50 µs', '12.3 ms', '2 s']);
  assert.deepEqual([0, 0.25, 12.34, 1234.5].map(countText), ['0', '0.25', '12.3', '1235']);
  assert.deepEqual(
    [0, 1, 2].map((bin) => binText([1e6, 2e6], bin)),
    ['0 ns to 1 ms', '1 ms to 2 ms', '2 ms and more'],
  );
  assert.equal(nameText('a\u001b[0m\u202eb<i>'), 'a\\u001b[0m\\u202eb<i>');
});
