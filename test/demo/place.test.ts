import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choosePlace, type MachineFacts } from '../../scripts/demo/place.ts';

const able: MachineFacts = { platform: 'linux', isRoot: true, controlFailure: undefined, missingPrograms: [] };

test('choosePlace() stays here when nothing is in the way', () => {
  assert.deepEqual(choosePlace(able, false), { where: 'here' });
});

for (const [name, facts, because] of [
  ['not root', { isRoot: false }, /root/],
  ['no device-mapper', { controlFailure: 'this kernel has no device-mapper' }, /this kernel/],
  ['no losetup', { missingPrograms: ['losetup'] }, /losetup/],
  ['another system', { platform: 'darwin' }, /darwin/],
] as const) {
  test(`choosePlace() goes to the lab and says why: ${name}`, () => {
    const place = choosePlace({ ...able, ...facts }, false);
    assert.ok(place.where === 'lab');
    assert.match(place.because, because);
  });
}

test('choosePlace() goes to the lab when it is told to', () => {
  assert.equal(choosePlace(able, true).where, 'lab');
});
