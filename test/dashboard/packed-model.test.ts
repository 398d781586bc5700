import assert from 'node:assert/strict';
import test from 'node:test';
import { seenAtAll, seenIn, seenText } from '../../src/dashboard/model/coverage.ts';
import { fileMap, watchedOf } from '../../src/dashboard/model/file-map.ts';
import { fileGrid, placeGrid } from '../../src/dashboard/model/heat.ts';
import { History } from '../../src/dashboard/model/history.ts';
import { objectsOf } from '../../src/dashboard/model/objects.ts';
import type { Layout, WireFile, WireRegion, WireRole, WireSample } from '../../src/dashboard/wire.ts';

const SECTOR = 512;
const KEY = '254:0/group//srv/a';

function region(id: number, start: number, length: number, step: number, role?: WireRole, group?: number): WireRegion {
  return {
    id,
    start: start * SECTOR,
    length: length * SECTOR,
    step: step * SECTOR,
    program: 'p',
    bounds: [],
    ...(role === undefined ? {} : { serving: { role, ...(group === undefined ? {} : { group }) } }),
  };
}

/**
 * A file with a region of its own over sectors 0 to 7, and two extents in a shared one of areas of 8 sectors over 100 to
 * 139: its second and its fifth area. Region 4 lies ahead of the file, region 5 of one that is gone.
 */
const LAYOUT: Layout = {
  devices: [
    {
      name: 'vg',
      number: '254:0',
      regions: [
        region(1, 0, 8, 8),
        region(2, 100, 40, 8, 'packed', 1),
        region(3, 100, 40, 40, 'companion', 1),
        region(4, 200, 64, 8, 'look-ahead', 1),
        region(5, 400, 64, 8, 'look-ahead'),
        region(6, 600, 8, 8),
      ],
      groups: [
        {
          id: 1,
          alias: '/srv/a',
          members: [1],
          packed: [
            {
              region: 2,
              start: 100 * SECTOR,
              step: 8 * SECTOR,
              runs: [
                [108 * SECTOR, 8 * SECTOR],
                [132 * SECTOR, 8 * SECTOR],
              ],
            },
          ],
        },
      ],
      problems: [],
    },
  ],
};

const FILE: WireFile = {
  path: '/srv/a',
  device: '254:0',
  groupId: 1,
  size: 24 * SECTOR,
  extents: [
    [0, 132 * SECTOR, 8 * SECTOR],
    [8 * SECTOR, 0, 8 * SECTOR],
    [16 * SECTOR, 108 * SECTOR, 8 * SECTOR],
  ],
  unplaced: [],
};

// Of the shared region: 5 sectors in the file's second area, 3 in its fifth, 70 in one of another file between them.
const SAMPLE: WireSample = {
  time: 1000,
  devices: [
    {
      regions: { 1: [1e9, 1, 0, 2, 0, 0, 0, 0, 0], 2: [1e9, 9, 0, 78, 0, 0, 0, 0, 0] },
      groups: { 1: [1e9, 3, 0, 10, 0, 0, 0, 0, 0] },
      unseen: { 1: [10, 2, 1, 70] },
      areas: {
        2: [
          [1, 5, 0],
          [2, 70, 0],
          [4, 0, 3],
        ],
      },
      cleared: [],
    },
  ],
};

function makeHistory(): History {
  const history = new History();
  history.setLayout(LAYOUT);
  history.add(SAMPLE);
  return history;
}

test('objectsOf() lists what serves a file with the file, and marks it apart', () => {
  const objects = objectsOf(LAYOUT);
  assert.deepEqual(
    objects.map(({ name, role }) => [name, role]),
    [
      ['/srv/a', undefined],
      ['packed region 2', 'packed'],
      ['companion region 3', 'companion'],
      ['look-ahead region 4', 'look-ahead'],
      ['look-ahead region 5', 'look-ahead'],
      ['region 6', undefined],
    ],
  );
  const [file] = objects;
  assert.deepEqual(
    file?.listed.map(({ id, role }) => [id, role]),
    [
      [1, undefined],
      [2, 'packed'],
      [3, 'companion'],
      [4, 'look-ahead'],
    ],
  );
  // Its own region and its two areas: what the report gives as its length.
  assert.equal(file?.bytes, 24 * SECTOR);
});

test('fileMap() and fileGrid() know the extents that lie in shared regions', () => {
  const history = makeHistory();
  const file = history.objects.get(KEY);
  assert.ok(file !== undefined);
  assert.deepEqual(watchedOf(fileMap(FILE, file.regions)), {
    allocated: 24 * SECTOR,
    covered: 24 * SECTOR,
    unplaced: 0,
  });
  const span = { from: 0, to: 1000 };
  const rowsOf = (grid: ReturnType<typeof fileGrid>): number[] => {
    const [column = []] = grid.gather(history.between(0, 1000), span, 1).cells;
    return [...column];
  };
  assert.deepEqual(rowsOf(fileGrid(file, FILE, FILE.size, 3)), [3, 2, 5]);
  assert.deepEqual(rowsOf(placeGrid(file, 3)), [2, 5, 3]);
});

test('seenIn() adds up what was counted and what was not; seenAtAll() is the server’s', () => {
  const history = makeHistory();
  history.add({ ...SAMPLE, time: 2000 });
  const [file, , , , , single] = objectsOf(LAYOUT);
  assert.ok(file !== undefined && single !== undefined);
  const seen = seenIn(file, history.between(0, 2000));
  assert.deepEqual(seen, { counted: 20, missed: 20, errorSectors: 4, errorIos: 2, foreign: 140 });
  assert.equal(
    seenText(seen),
    '50.00 % counted (10 KiB), 10 KiB missed, wrong by 2 KiB and 2 I/Os at most, 87.50 % of what was seen is other files’',
  );
  const coverage = { devices: [{ 1: [9_999_999, 1, 0, 0, 0] as const }] };
  assert.equal(seenText(seenAtAll(file, coverage) ?? assert.fail()), '99.99 % counted (4.77 GiB), 512 B missed, exact');
  assert.equal(seenAtAll(single, coverage), undefined);
});
