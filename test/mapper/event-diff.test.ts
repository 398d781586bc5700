import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { deviceTable, diffDevices } from '../../src/mapper/event-diff.ts';
import type { ListedDevice } from '../../src/mapper/listing.ts';

const device = (minor: number, name: string, eventNr = 0, uuid = ''): ListedDevice => ({
  name,
  uuid,
  number: { major: 254, minor },
  eventNr,
});

function told(before: readonly ListedDevice[], after: readonly ListedDevice[]): string[] {
  return diffDevices(deviceTable(before), deviceTable(after)).map(
    ({ kind, device: { name, number } }) => `${kind} ${name}@${number.minor}`,
  );
}

test('diffDevices() tells what came, went, was renamed and had an event', () => {
  const before = [device(0, 'a'), device(1, 'b'), device(2, 'c', 4), device(3, 'd')];
  const after = [device(0, 'a'), device(2, 'c2', 5), device(3, 'd', 1), device(4, 'b')];
  assert.deepEqual(told(before, after), ['removed b@1', 'renamed c2@2', 'changed c2@2', 'changed d@3', 'created b@4']);
  assert.deepEqual(told(before, before), []);
});

test('diffDevices() tells a uuid that was set as a rename', () => {
  const [event] = diffDevices(deviceTable([device(0, 'a', 0)]), deviceTable([device(0, 'a', 1, 'U')]));
  assert.deepEqual(event, { kind: 'renamed', device: device(0, 'a', 1, 'U'), previous: device(0, 'a', 0) });
});

test('diffDevices() knows another device under a number that was free', () => {
  // Its event number fell, its uuid is another or gone, or it has another name without an event.
  for (const [before, after] of [
    [device(0, 'a', 3), device(0, 'a', 0)],
    [device(0, 'a', 0, 'U'), device(0, 'a', 0, 'V')],
    [device(0, 'a', 0, 'U'), device(0, 'a', 7)],
    [device(0, 'a'), device(0, 'b')],
    [device(0, 'a'), device(0, 'a', 0, 'U')],
  ] as const) {
    assert.deepEqual(told([before], [after]), [`removed ${before.name}@0`, `created ${after.name}@0`]);
  }
});

test('diffDevices() knows a device by its uuid, and when its event number wraps', () => {
  assert.deepEqual(told([device(0, 'a', 2, 'U')], [device(0, 'b', 2, 'U')]), ['renamed b@0']);
  assert.deepEqual(told([device(0, 'a', 0xffff_ffff)], [device(0, 'a', 1)]), ['changed a@0']);
});

test('diffDevices() makes one list of the other, with a free name before it is taken', () => {
  const list = fc
    .uniqueArray(fc.tuple(fc.nat(5), fc.nat(5), fc.nat(2), fc.constantFrom('', 'U', 'V')), {
      selector: ([minor]) => minor,
    })
    .map((rows) => rows.map(([minor, name, eventNr, uuid]) => device(minor, `n${name}`, eventNr, uuid)));
  fc.assert(
    fc.property(list, list, (before, after) => {
      const state = new Map(before.map((one) => [one.number.minor, one]));
      for (const event of diffDevices(deviceTable(before), deviceTable(after))) {
        const { minor } = event.device.number;
        assert.equal(state.has(minor), event.kind !== 'created');
        if (event.kind === 'removed') state.delete(minor);
        else state.set(minor, event.device);
      }
      assert.deepEqual(state, new Map(after.map((one) => [one.number.minor, one])));
    }),
  );
});
