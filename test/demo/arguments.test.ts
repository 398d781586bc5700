import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_PICTURE, DemoUsageError, parseDemoArguments } from '../../scripts/demo/arguments.ts';

test('parseDemoArguments() gives ext4, the 6.1 kernel and a picture in build when told nothing', () => {
  assert.deepEqual(parseDemoArguments([]), {
    fileSystem: 'ext4',
    picture: DEFAULT_PICTURE,
    forceLab: false,
    kernel: '6.1',
    help: false,
  });
});

test('parseDemoArguments() takes a value as its own word or behind =', () => {
  const { fileSystem, picture, forceLab } = parseDemoArguments(['--fs', 'xfs', '--picture=/tmp/a=b.svg', '--lab']);
  assert.deepEqual([fileSystem, picture, forceLab], ['xfs', '/tmp/a=b.svg', true]);
});

for (const words of [['--fs'], ['--fs', 'btrfs'], ['--picture='], ['--kernel', '5'], ['more']]) {
  test(`parseDemoArguments() refuses ${words.join(' ')}`, () => {
    assert.throws(() => parseDemoArguments(words), DemoUsageError);
  });
}
