import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ResyncQueue } from 'devicemapper/dirtylog';
import policy from '../../examples/resync-policy.ts';

test('examples/test-without-root runs as it stands', () => {
  const script = fileURLToPath(new URL('../../examples/test-without-root.js', import.meta.url));
  assert.equal(execFileSync(process.execPath, [script], { encoding: 'utf8' }), '8 KiB read, 16 sectors counted\n');
});

test('examples/test-storage-code runs as it stands', () => {
  const script = fileURLToPath(new URL('../../examples/test-storage-code.js', import.meta.url));
  const text = execFileSync(process.execPath, [script], { encoding: 'utf8' });
  assert.equal(text, 'two versions kept apart, nothing half written\n');
});

test('examples/resync-policy copies the first GiB at once, and the warmest of the rest at night', () => {
  /** A mirror of 3072 regions of 1 MiB. */
  const mirror = (outOfSync: readonly number[]): ResyncQueue => ({
    uuid: 'u',
    regionCount: 3072,
    regionSectors: 2048,
    outOfSync: {
      count: outOfSync.length,
      has: (region) => outOfSync.includes(region),
      next: (from) => outOfSync.find((region) => region >= from) ?? -1,
    },
    heat: { partRegions: 1, of: (region) => (region === 3000 ? 7 : 0) },
    lastRegion: -1,
    lastMs: Number.NEGATIVE_INFINITY,
  });
  const at = (hour: number) => ({ nowMs: 0, minuteOfDay: hour * 60 });
  assert.equal(policy(mirror([1023, 2000]), at(12)), 1023);
  assert.equal(policy(mirror([1024, 3000, 3071]), at(12)), 'wait');
  assert.equal(policy(mirror([1024, 3000, 3071]), at(5)), 3000);
});
