import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { endOf, type Layer, layoutFor, type Role } from '../../../src/filemap/lookahead/geometry.ts';
import { areaBytes } from '../../../src/stats/memory.ts';

const BLOCK = 8;
const MIB = 2048;
const GIB = 1024 * MIB;
const budget = (bytes: number, cpus = 2) => ({ bytes, areaBytes: areaBytes(cpus, 0) });
const find = (layers: readonly Layer[], role: Role): Layer => {
  const layer = layers.find((one) => one.role === role);
  assert.ok(layer !== undefined, `no ${role} layer`);
  return layer;
};
const slow = (focus: number | undefined) => ({ focus, sectors: 0, isQuiet: false });

test('areaBytes() is what the kernel charges', () => {
  // stats_current_allocated_bytes with 2 possible CPUs, measured: 1 area, 1000 areas, 4 bounds more with 1000 areas.
  assert.equal(999 * areaBytes(2, 0), 393_664 - 65_992);
  assert.equal(1000 * (areaBytes(2, 4) - areaBytes(2, 0)), 120_000);
});

test('layoutFor() covers a small device with areas of 16 blocks, and the tail with areas of one', () => {
  const space = { blockSectors: BLOCK, deviceSectors: 512 * MIB };
  const layers = layoutFor([], space, slow(266_240), budget(8 << 20));
  assert.deepEqual(find(layers, 'middle'), { role: 'middle', start: 0, step: 128, areas: 8192 });
  assert.deepEqual(find(layers, 'top'), { role: 'top', start: 0, step: 4096, areas: 256 });
  assert.deepEqual(find(layers, 'fine'), { role: 'fine', start: 266_240 - 4096 * BLOCK, step: BLOCK, areas: 8192 });
});

test('layoutFor() lays areas of at most 256 blocks around the tail of a file on a large device', () => {
  const space = { blockSectors: BLOCK, deviceSectors: 1000 * GIB };
  const middle = find(layoutFor([], space, slow(500 * GIB), budget(8 << 20)), 'middle');
  assert.equal(middle.step, MIB);
  assert.ok(middle.start < 496 * GIB && endOf(middle) > 504 * GIB);
});

test('layoutFor() lays nothing fine for a file without blocks', () => {
  const space = { blockSectors: BLOCK, deviceSectors: 512 * MIB };
  assert.deepEqual(
    layoutFor([], space, slow(undefined), budget(8 << 20)).map(({ role }) => role),
    ['top', 'middle'],
  );
});

test('layoutFor() keeps a small fine layer of a quiet file, and lays all again when it grows', () => {
  const space = { blockSectors: BLOCK, deviceSectors: 512 * MIB };
  const layers = layoutFor([], space, slow(266_240), budget(8 << 20));
  const quiet = layoutFor(layers, space, { ...slow(266_240), isQuiet: true }, budget(8 << 20));
  assert.deepEqual(
    quiet.map(({ role, areas }) => [role, areas]),
    [['fine', 1024]],
  );
  assert.deepEqual(layoutFor(quiet, space, slow(266_240), budget(8 << 20)), layers);
  assert.deepEqual(layoutFor(layers, space, { ...slow(undefined), isQuiet: true }, budget(8 << 20)), []);
});

test('layoutFor() makes the fine layer larger for a file that grows fast', () => {
  const space = { blockSectors: BLOCK, deviceSectors: 512 * MIB };
  const growth = { focus: 266_240, sectors: 4 * MIB, isQuiet: false };
  const fine = find(layoutFor([], space, growth, budget(64 << 20)), 'fine');
  assert.ok(endOf(fine) - growth.focus >= 8 * growth.sectors, 'the growth of eight looks');
});

const cases = fc.record({
  blocks: fc.integer({ min: 1, max: 1 << 28 }),
  blockSectors: fc.constantFrom(1, 2, 8, 128),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  sectors: fc.integer({ min: 0, max: 1 << 24 }),
  isQuiet: fc.boolean(),
  bytes: fc.integer({ min: 2000, max: 1 << 25 }),
  cpus: fc.constantFrom(1, 2, 64, 512),
});

test('layoutFor() keeps to its budget, to the device and to blocks, has the focus well inside, and is content with itself', () => {
  fc.assert(
    fc.property(cases, ({ blocks, blockSectors, at, sectors, isQuiet, bytes, cpus }) => {
      const space = { blockSectors, deviceSectors: blocks * blockSectors };
      const focus = Math.floor(at * space.deviceSectors);
      const limits = budget(Math.max(bytes, 4 * areaBytes(cpus, 0)), cpus);
      const growth = { focus, sectors, isQuiet };
      const layers = layoutFor([], space, growth, limits);
      const areas = layers.reduce((sum, layer) => sum + (layer.role === 'top' ? 0 : layer.areas), 0);
      assert.ok(areas * limits.areaBytes <= limits.bytes, `${areas} areas`);
      for (const { role, start, step, areas: count } of layers) {
        assert.equal(start % blockSectors, 0, role);
        assert.equal(step % blockSectors, 0, role);
        assert.ok(start >= 0 && count >= 1, role);
        assert.ok(start <= focus && focus <= start + step * count, `${role} without its focus`);
        assert.ok(start + step * (count - 1) < space.deviceSectors, `${role} behind the device`);
      }
      assert.deepEqual(layoutFor(layers, space, growth, limits), layers);
    }),
  );
});
