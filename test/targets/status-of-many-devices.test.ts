import assert from 'node:assert/strict';
import test from 'node:test';
import { multipath, raid } from '../../src/targets/index.ts';
import { readable } from './support.ts';

test('raid.status() gives health, progress and what is done', () => {
  assert.deepEqual(readable(raid.status('raid1 2 aa 0/65536 idle 0 0 -')), {
    type: 'raid1',
    devices: 2,
    health: 'aa',
    synced: { used: 0n, total: 65536n },
    action: 'idle',
    mismatches: 0n,
    dataOffset: 0n,
    journal: '-',
  });
  // lvmraid(7): a device that is rebuilt, a failed one, a check that found differences, a journal that writes back.
  assert.deepEqual(readable(raid.status('raid5_ls 4 AaD- 4096/524288 recover 128 2048 a')), {
    type: 'raid5_ls',
    devices: 4,
    health: 'AaD-',
    synced: { used: 4096n, total: 524288n },
    action: 'recover',
    mismatches: 128n,
    dataOffset: 2048n,
    journal: 'a',
  });
  const letters = ['A', 'D'].map((letter) => raid.status(`raid6_zr 5 AAAAA 1/1 frozen 0 0 ${letter}`));
  assert.deepEqual(
    letters.map((status) => (status.kind === 'parsed' ? status.value.journal : undefined)),
    ['A', 'D'],
  );
});

test('raid.status() reads the lines that have no data offset and no journal yet', () => {
  // The example of the kernel's documentation, with an action that newer kernels do not have.
  assert.deepEqual(readable(raid.status('raid4 5 AAAAA 2/490221568 init 0')), {
    type: 'raid4',
    devices: 5,
    health: 'AAAAA',
    synced: { used: 2n, total: 490221568n },
    action: { unknown: 'init' },
    mismatches: 0n,
  });
});

test('raid.status() says why a line cannot be read, and keeps it', () => {
  assert.deepEqual(raid.status('raid1 2 AA 1 idle 0 0 -'), {
    kind: 'unparsed',
    raw: 'raid1 2 AA 1 idle 0 0 -',
    reason: 'synced must be used/total, not "1" at column 12',
  });
  assert.deepEqual(raid.status(''), { kind: 'unparsed', raw: '', reason: 'type is missing at column 1' });
});

test('multipath.status() gives groups and their paths', () => {
  assert.deepEqual(multipath.status('2 1 0 0 2 1 A 0 2 2 8:0 A 0 512 1 8:16 F 3 0 4 E 2 972 0 1 0 8:32 A 0 '), {
    kind: 'parsed',
    raw: '2 1 0 0 2 1 A 0 2 2 8:0 A 0 512 1 8:16 F 3 0 4 E 2 972 0 1 0 8:32 A 0 ',
    rest: [],
    value: {
      queueing: 1,
      initializations: 0,
      nextGroup: 1,
      groups: [
        {
          state: 'A',
          selector: [],
          paths: [
            { path: { major: 8, minor: 0 }, state: 'A', failures: 0, values: ['512', '1'] },
            { path: { major: 8, minor: 16 }, state: 'F', failures: 3, values: ['0', '4'] },
          ],
        },
        {
          state: 'E',
          selector: ['972', '0'],
          paths: [{ path: { major: 8, minor: 32 }, state: 'A', failures: 0, values: [] }],
        },
      ],
    },
  });
});

test('multipath.status() and parse() read the examples of the selectors’ documentation', () => {
  const status = multipath.status('2 0 0 0 1 1 E 0 2 2 8:0 A 0 0 1 8:16 A 0 0 4');
  assert.deepEqual(status.kind === 'parsed' ? status.value.groups[0]?.paths[1]?.values : undefined, ['0', '4']);
  const { groups } = multipath.parse('0 0 1 1 service-time 0 2 2 8:0 128 1 8:16 128 4').values;
  assert.deepEqual(groups, [
    {
      selector: 'service-time',
      selectorArguments: [],
      paths: [
        { path: { major: 8, minor: 0 }, arguments: ['128', '1'] },
        { path: { major: 8, minor: 16 }, arguments: ['128', '4'] },
      ],
    },
  ]);
});

test('multipath.status() takes a group that announces billions of paths for what it is', () => {
  const status = multipath.status('2 1 0 0 1 1 E 0 4294967295 0 8:0 A 0');
  assert.equal(status.kind === 'unparsed' ? status.reason : undefined, 'paths 2 of 4294967295 is missing at column 37');
});
