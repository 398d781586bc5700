import assert from 'node:assert/strict';
import test from 'node:test';
import { isManglingOff, mangled, unmangled } from '../../src/mapper/mangling.ts';

// As dmsetup 1.02.185 shows them in mangled_name and unmangled_name.
const NAMES: readonly (readonly [unmangled: string, mangled: string])[] = [
  ['sp ace', 'sp\\x20ace'],
  ['CRYPT-a b', 'CRYPT-a\\x20b'],
  ['vg-lv--x_1.2:3@4=5+6#7', 'vg-lv--x_1.2:3@4=5+6#7'],
  ['dév', 'd\\xc3\\xa9v'],
];
for (const [plain, escaped] of NAMES) {
  test(`mangled() of ${plain} is ${escaped}, and unmangled() undoes it`, () => {
    assert.equal(mangled(plain), escaped);
    assert.equal(mangled(escaped), escaped);
    assert.equal(unmangled(escaped), plain);
  });
}

test('isManglingOff() is what the environment says', () => {
  assert.equal(isManglingOff({ DM_DEFAULT_NAME_MANGLING_MODE: 'none' }), true);
  assert.equal(isManglingOff({}), false);
});
