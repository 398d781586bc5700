import assert from 'node:assert/strict';
import test from 'node:test';
import { nanoseconds, sectors } from '../../src/mapper/units.ts';
import { bins, parsePrint, subtractCounters } from '../../src/stats/counters.ts';
import { groupsOf } from '../../src/stats/group.ts';
import { formatTime, parseBounds } from '../../src/stats/histogram-bounds.ts';
import { metrics } from '../../src/stats/metrics.ts';
import { createMessage, parseListLine } from '../../src/stats/region.ts';
import { quoted } from '../../src/stats/words.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

test('createMessage() writes range, step, counted options, program and aux data', () => {
  const range = { start: sectors(8), length: sectors(16) };
  assert.equal(text(createMessage({ range, programId: 'dmstats' })), '@stats_create 8+16 /1 0 dmstats -');
  assert.equal(
    text(createMessage({ programId: '42', step: { sectors: sectors(4) }, precise: true })),
    '@stats_create - 4 1 precise_timestamps 42 -',
  );
  const bounds = [nanoseconds(10_000_000), nanoseconds(20_000_000)];
  assert.equal(
    text(createMessage({ programId: '', bounds, aux: 'a b' })),
    '@stats_create - /1 1 histogram:10,20 - a\\ b',
  );
});

test('createMessage() counts in nanoseconds when a bound is no whole millisecond', () => {
  assert.equal(
    text(createMessage({ programId: 'p', bounds: [nanoseconds(300_000)] })),
    '@stats_create - /1 2 precise_timestamps histogram:300000 p -',
  );
});

test('quoted() guards the bytes that the kernel takes for blanks, also inside a letter', () => {
  // à is C3 A0 in UTF-8, and A0 is a blank to the kernel's isspace.
  assert.deepEqual([...quoted('à')], [0xc3, 0x5c, 0xa0]);
  assert.equal(text(quoted('a b\\c\td')), 'a\\ b\\\\c\\\td');
});

test('parseListLine() reads the lines of real kernels', () => {
  // From a capture of Linux 6.1: golden/uevents-deferred-stats-61.txt.
  assert.deepEqual(parseListLine('2: 0+1024 512 prog aux precise_timestamps histogram:1000'), {
    id: 2,
    start: 0n,
    length: 1024n,
    step: 512n,
    programId: 'prog',
    aux: 'aux',
    precise: true,
    bounds: [1000n],
  });
  assert.deepEqual(parseListLine('0: 0+1024 256 - hello'), {
    id: 0,
    start: 0n,
    length: 1024n,
    step: 256n,
    programId: '',
    aux: 'hello',
    precise: false,
    bounds: [],
  });
});

test('parseListLine() keeps blanks of aux data and of a program id before a tag', () => {
  assert.equal(parseListLine('0: 0+8 8 dmstats DMS_GROUP="a b":0#-').aux, 'DMS_GROUP="a b":0#-');
  assert.equal(parseListLine('0: 0+8 8 my prog DMS_GROUP=a:0#-').programId, 'my prog');
});

test('parseListLine() names text, line and column of what it cannot read', () => {
  assert.throws(() => parseListLine('garbage'), /not a line of @stats_list at column 1 of "garbage"/);
  assert.throws(() => parseListLine('0: 0+8 0 p -'), /a step of 0/);
});

test('parsePrint() keeps 64 bits, scales milliseconds and clips the last area', () => {
  const region = {
    ...parseListLine('0: 0+20480 6144 p -'),
    length: sectors(20480),
  };
  // The kernel prints a whole step for the tail of 2048 sectors.
  const [area] = parsePrint('18432+6144 1 2 18446744073709551615 4 5 6 7 8 9 10 11 12 13\n', region, 3);
  assert.equal(area?.areaId, 3);
  assert.equal(area?.length, 2048n);
  assert.equal(area?.counters.readSectors, 18446744073709551615n);
  assert.equal(area?.counters.readNs, 4_000_000n);
  assert.equal(area?.counters.inFlight, 9n);
  assert.equal(area?.counters.writeBusyNs, 13_000_000n);
  assert.throws(() => parsePrint('0+8 1 2 3\n', region), /not a line of @stats_print/);
});

test('groupsOf() reports what it cannot read and goes on', () => {
  const lines = [
    '0: 0+8 8 p DMS_GROUP=ok:0,2,9#-',
    '1: 8+8 8 q DMS_GROUP=thief:1-2,4#-',
    '2: 16+8 8 p -',
    '3: 24+8 8 p DMS_GROUP=broken',
    '4: 32+8 8 p -',
  ];
  const { groups, problems } = groupsOf(lines.map(parseListLine));
  assert.deepEqual(
    groups.map(({ id, members, missing }) => ({ id, members, missing })),
    [
      { id: 0, members: [0, 2], missing: [9] },
      // Region 2 is the other group's, region 4 another program's.
      { id: 1, members: [1], missing: [4] },
    ],
  );
  assert.equal(problems.length, 2);
});

test('metrics() has merges and service time, which the C tool shows as 0.00', () => {
  const region = parseListLine('0: 0+8 8 p - precise_timestamps');
  const print = (line: string) => parsePrint(`0+8 ${line}\n`, region)[0]?.counters;
  const before = print('10 1 80 1000 0 0 0 0 0 1000 1000 1000 0');
  const now = print('30 128 400 5000 20 7 640 9000 1 501000 2001000 5000 9000');
  assert.ok(before !== undefined && now !== undefined);
  const derived = metrics(subtractCounters(now, before), 1_000_000);
  assert.equal(derived.readsMergedPerSecond, 127_000);
  assert.equal(derived.writesMergedPerSecond, 7_000);
  assert.equal(derived.readsPerSecond, 20_000);
  assert.equal(derived.averageRequestSectors, (320 + 640) / 40);
  assert.equal(derived.averageQueueSize, 2);
  assert.equal(derived.utilization, 0.5);
  // Half a millisecond busy, 40 I/Os.
  assert.equal(derived.serviceTimeNs, 12_500);
  assert.equal(derived.throughput, 40_000);
});

test('parseBounds() keeps the last unit as the C tool does and names what is wrong', () => {
  assert.deepEqual(parseBounds('10ms,20,1s'), [10_000_000n, 20_000_000n, 1_000_000_000n]);
  assert.deepEqual(parseBounds('100,2us'), [100n, 2_000n]);
  assert.throws(() => parseBounds('10ms,,20ms'), /Empty histogram bin not allowed/);
  assert.throws(() => parseBounds('10ms,5ms'), /must ascend.*"5ms"/);
  assert.throws(() => parseBounds('10km'), /Invalid histogram bound "10km"/);
});

test('formatTime() takes the largest whole unit', () => {
  assert.deepEqual([0n, 300_000n, 1_000_000n, 1500n, 2_000_000_000n].map(formatTime), [
    '0s',
    '300us',
    '1ms',
    '1500ns',
    '2s',
  ]);
});

test('bins() gives each count its bounds', () => {
  const bounds = [nanoseconds(10), nanoseconds(20)];
  assert.deepEqual(bins(bounds, [1n, 2n, 3n]), [
    { lower: 0n, upper: 10n, count: 1n },
    { lower: 10n, upper: 20n, count: 2n },
    { lower: 20n, upper: undefined, count: 3n },
  ]);
});
