import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { type BlockIo, readBlockIo } from '../../src/system/block-statistics.ts';
import { DeviceIo } from '../../src/watch/device-io.ts';

/** A sysfs with one device, 254:0. */
function sysfs(t: test.TestContext, stat: string): string {
  const root = mkdtempSync(join(tmpdir(), 'sysfs-'));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'dev/block/254:0'), { recursive: true });
  writeFileSync(join(root, 'dev/block/254:0/stat'), stat);
  return root;
}

test('readBlockIo() reads the columns of Documentation/block/stat.rst', (t) => {
  const root = sysfs(t, '     1    2     3   4   5 6 7        8     9       10      11 12 13 14 15 16 17\n');
  assert.deepEqual(readBlockIo('254:0', root), {
    ...{ reads: 1n, readsMerged: 2n, readSectors: 3n, readMs: 4n },
    ...{ writes: 5n, writesMerged: 6n, writeSectors: 7n, writeMs: 8n },
    ...{ inFlight: 9n, busyMs: 10n, weightedMs: 11n },
    ...{ discards: 12n, discardsMerged: 13n, discardSectors: 14n, discardMs: 15n },
  });
  assert.equal(readBlockIo('254:1', root), undefined);
});

test('readBlockIo() of a kernel before 4.18 has no discards', (t) => {
  const { discards, weightedMs } = readBlockIo('254:0', sysfs(t, '1 2 3 4 5 6 7 8 9 10 11\n')) ?? {};
  assert.deepEqual([discards, weightedMs], [0n, 11n]);
});

const io = (count: bigint, busyMs = count): BlockIo => ({
  ...{ reads: count, readsMerged: 0n, readSectors: count * 8n, readMs: count },
  ...{ writes: count, writesMerged: 0n, writeSectors: count * 8n, writeMs: count },
  ...{ inFlight: 3n, busyMs, weightedMs: count },
  ...{ discards: count, discardsMerged: 0n, discardSectors: count, discardMs: count },
});

test('DeviceIo.next() counts from reading to reading, discards as writes, and leaves out what it has not seen before', () => {
  let now = 0n;
  const readings: (BlockIo | undefined)[] = [io(10n), io(14n), undefined, io(20n), io(21n)];
  const deviceIo = new DeviceIo(() => readings.shift());
  const next = () => {
    now += 2_000_000_000n;
    return deviceIo.next(['254:0'], () => now).get('254:0');
  };
  assert.equal(next(), undefined);
  const { counters, intervalNs } = next() ?? {};
  assert.equal(intervalNs, 2e9);
  assert.deepEqual(
    [counters?.reads, counters?.writes, counters?.readSectors, counters?.writeSectors],
    [4n, 8n, 32n, 36n],
  );
  assert.deepEqual([counters?.writeNs, counters?.ioNs, counters?.inFlight], [8_000_000n, 4_000_000n, 3n]);
  assert.deepEqual([next(), next()], [undefined, undefined]);
  assert.equal(next()?.counters.reads, 1n);
});

test('DeviceIo.next() leaves out an interval in which a counter began again', () => {
  const readings = [io(10n, 4_294_967_295n), io(12n, 5n), io(13n, 6n)];
  const deviceIo = new DeviceIo(() => readings.shift());
  const next = () => deviceIo.next(['254:0'], () => 0n).get('254:0')?.counters.reads;
  assert.deepEqual([next(), next(), next()], [undefined, undefined, 1n]);
});
