import assert from 'node:assert/strict';
import test from 'node:test';
import { parseLogArguments } from '../../src/dirtylog/logs/arguments.ts';
import { UsageError } from '../../src/mapper/errors.ts';

test('parseLogArguments() reads the words of core and disk logs, and of the tables of cmirrord', () => {
  assert.deepEqual(parseLogArguments('131072 clustered-disk 254:32 1024 nosync block_on_error'), {
    kind: 'disk',
    typeName: 'clustered-disk',
    device: '254:32',
    lengthSectors: 131072,
    regionSectors: 1024,
    regionCount: 128,
    sync: 'nosync',
  });
  const core = parseLogArguments('131073 core 1024');
  assert.deepEqual([core.kind, core.device, core.regionCount, core.sync], ['core', undefined, 129, undefined]);
  assert.equal(parseLogArguments('131072 disk /dev/vdc 1024 sync').device, '/dev/vdc');
});

test('parseLogArguments() refuses what the kernel would take, and says what is wrong', () => {
  for (const [words, fault] of [
    ['131072 core 0', /region size 0 is not between 2/],
    ['131072 core 1', /region size 1 is not between 2/],
    ['131072 core 3', /region size 3 is not a power of two/],
    ['131072 core 262144', /not between 2 and the mirror's length, 131072/],
    ['131072 core -8', /the region size is "-8", not a number/],
    ['131072 core', /needs the region size/],
    ['131072 disk', /needs the log device/],
    ['131072 toString 8', /log type "toString" is not known/],
    ['0 core 8', /the length of the mirror is 0/],
    ['x core 8', /the length of the mirror is "x"/],
    ['131072 core 8 nosync sync', /both sync and nosync/],
    ['131072 core 8 fast', /"fast" is not known/],
    [`131072 disk /${'x'.repeat(127)} 8`, /128 bytes long, the kernel takes 127/],
    ['4398046511104 core 2', /make the region size larger/],
  ] as const) {
    assert.throws(
      () => parseLogArguments(words),
      (error) => error instanceof UsageError && fault.test(error.message),
    );
  }
});
