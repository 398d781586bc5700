import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import { mangledName, unmangledName } from '../../src/mapper/mangle.ts';
import { applyNodes, readNodes } from '../../src/mapper/node-folder.ts';
import { deviceMapperMajor, type FoundNode, type NodeAction, planNodes } from '../../src/mapper/nodes.ts';

const DM = 253;
const dm = (minor: number) => ({ major: DM, minor });
const device = (name: string, minor: number) => ({ name, number: dm(minor) });
const node = (file: string, minor: number): FoundNode => ({ file, kind: 'node', number: dm(minor) });
const plan = (devices: Parameters<typeof planNodes>[0], found: FoundNode[]): NodeAction[] =>
  planNodes(devices, found, { dmMajor: DM });

test('planNodes() makes what is missing, under the mangled name', () => {
  assert.deepEqual(plan([device('vol', 0), device('a b', 1)], []), [
    { action: 'make', file: 'vol', number: dm(0) },
    { action: 'make', file: 'a\\x20b', number: dm(1) },
  ]);
});

test('planNodes() leaves alone a right node, a link of udev that leads to the device, and what is not ours', () => {
  const found: FoundNode[] = [
    { file: 'control', kind: 'other' },
    node('vol', 0),
    { file: 'linked', kind: 'dm-link', number: dm(1) },
    { file: 'notes', kind: 'other' },
    { file: 'disk', kind: 'node', number: { major: 7, minor: 0 } },
    { file: 'alias', kind: 'link', number: dm(0) },
  ];
  assert.deepEqual(plan([device('vol', 0), device('linked', 1)], found), []);
});

test('planNodes() replaces a node or link of another device, removes those of none', () => {
  const found: FoundNode[] = [
    node('vol', 5),
    { file: 'linked', kind: 'dm-link', number: dm(6) },
    { file: 'foreign', kind: 'node', number: { major: 7, minor: 0 } },
    { file: 'dangling', kind: 'dm-link' },
    node('stale', 9),
  ];
  assert.deepEqual(plan([device('vol', 0), device('linked', 1), device('foreign', 2)], found), [
    { action: 'replace', file: 'vol', number: dm(0) },
    { action: 'replace', file: 'linked', number: dm(1) },
    { action: 'replace', file: 'foreign', number: dm(2) },
    { action: 'remove', file: 'dangling' },
    { action: 'remove', file: 'stale' },
  ]);
});

test('planNodes() renames the node of a renamed device, makes a new one where udev had a link', () => {
  assert.deepEqual(plan([device('new', 0)], [node('old', 0)]), [
    { action: 'rename', from: 'old', file: 'new', number: dm(0) },
  ]);
  assert.deepEqual(plan([device('new', 0)], [node('old', 0), node('new', 3)]), [
    { action: 'rename', from: 'old', file: 'new', number: dm(0) },
  ]);
  assert.deepEqual(plan([device('new', 0)], [{ file: 'old', kind: 'dm-link', number: dm(0) }]), [
    { action: 'make', file: 'new', number: dm(0) },
    { action: 'remove', file: 'old' },
  ]);
});

test('planNodes() refuses names that are not for nodes and places that something else has', () => {
  const found: FoundNode[] = [{ file: 'folder', kind: 'other' }];
  assert.deepEqual(plan([device('control', 0), device('..', 1), device('.', 2), device('folder', 3)], found), [
    { action: 'refuse', file: 'control' },
    { action: 'refuse', file: '..' },
    { action: 'refuse', file: '.' },
    { action: 'refuse', file: 'folder' },
  ]);
});

test('planNodes() gives a file that two devices claim to the one named so', () => {
  for (const devices of [
    [device('a b', 0), device('a\\x20b', 1)],
    [device('a\\x20b', 1), device('a b', 0)],
  ]) {
    assert.deepEqual(plan(devices, []), [{ action: 'make', file: 'a\\x20b', number: dm(1) }]);
  }
});

/** The folder after the actions, as the file system would have it. */
function after(found: readonly FoundNode[], actions: readonly NodeAction[]): FoundNode[] {
  const files = new Map(found.map((one) => [one.file, one]));
  for (const step of actions) {
    if (step.action === 'refuse') continue;
    if (step.action === 'rename') {
      assert.deepEqual(files.get(step.from)?.number, step.number);
      files.delete(step.from);
    }
    if (step.action === 'remove') assert.ok(files.delete(step.file));
    else files.set(step.file, { file: step.file, kind: 'node', number: step.number });
  }
  return [...files.values()];
}

test('planNodes() leaves nothing to do after it was done, and no node of a device that has gone', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'a b', 'control');
  const minor = fc.nat(3);
  const file = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'a\\x20b');
  const one: fc.Arbitrary<FoundNode> = fc.oneof(
    fc.record({ file, kind: fc.constant('node' as const), number: minor.map(dm) }),
    fc.record({ file, kind: fc.constant('dm-link' as const), number: fc.option(minor.map(dm), { nil: undefined }) }),
    fc.record({ file, kind: fc.constant('other' as const) }),
  );
  const found = fc.uniqueArray(one, { selector: (each) => each.file });
  fc.assert(
    fc.property(fc.uniqueArray(fc.record({ name, minor }), { selector: (one) => one.name }), found, (named, before) => {
      const devices = named.map((one) => device(one.name, one.minor));
      const then = after(before, plan(devices, before));
      assert.deepEqual(
        plan(devices, then).filter(({ action }) => action !== 'refuse'),
        [],
      );
      const names = devices.map((one) => mangledName(one.name));
      for (const { file, kind } of then) assert.ok(kind === 'other' || names.includes(file), file);
    }),
  );
});

test('mangledName() writes what udev does not allow as bytes, and leaves a mangled name as it is', () => {
  const pairs: [string, string][] = [
    ['plain-1.2:a@b_c+d#e=f', 'plain-1.2:a@b_c+d#e=f'],
    ['a b', 'a\\x20b'],
    ['a\nb', 'a\\x0ab'],
    ['é', '\\xc3\\xa9'],
    ['a/b', 'a\\x2fb'],
    ['back\\slash', 'back\\x5cslash'],
  ];
  for (const [name, mangled] of pairs) {
    assert.equal(mangledName(name), mangled);
    assert.equal(mangledName(mangled), mangled);
    assert.equal(unmangledName(mangled), name);
  }
  assert.equal(mangledName('a b', { DM_DEFAULT_NAME_MANGLING_MODE: 'none' }), 'a b');
});

test('deviceMapperMajor() finds the block driver of that name', () => {
  const text = 'Character devices:\n 10 misc\n 99 device-mapper\n\nBlock devices:\n  7 loop\n253 device-mapper\n';
  assert.equal(deviceMapperMajor(text), 253);
  assert.equal(deviceMapperMajor('Block devices:\n  7 loop\n'), undefined);
});

test('readNodes() tells links of udev from other things, and finds nothing where there is no folder', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nodes-'));
  t.after(() => rmSync(folder, { recursive: true }));
  symlinkSync('../dm-7', join(folder, 'dangling'));
  symlinkSync('/nowhere/else', join(folder, 'other-link'));
  writeFileSync(join(folder, 'file'), '');
  mkdirSync(join(folder, 'sub'));
  const found = readNodes(folder).map(({ file, kind, number }) => [file, kind, number]);
  assert.deepEqual(found.sort(), [
    ['dangling', 'dm-link', undefined],
    ['file', 'other', undefined],
    ['other-link', 'link', undefined],
    ['sub', 'other', undefined],
  ]);
  assert.deepEqual(
    readNodes(folder, ['file', 'missing']).map(({ file }) => file),
    ['file'],
  );
  assert.deepEqual(readNodes(join(folder, 'none')), []);
});

test('applyNodes() does all else before it says what has the name of a device', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'nodes-'));
  t.after(() => rmSync(folder, { recursive: true }));
  symlinkSync('../dm-7', join(folder, 'stale'));
  writeFileSync(join(folder, 'vol'), 'precious');
  const actions: NodeAction[] = [
    { action: 'refuse', file: 'vol' },
    { action: 'remove', file: 'stale' },
  ];
  assert.throws(() => applyNodes(actions, folder), {
    name: 'DmError',
    code: 'EEXIST',
    message: `mknod on ${folder}/vol: something that is no device node has this name (EEXIST); move it away or rename the device`,
  });
  assert.deepEqual(readdirSync(folder), ['vol']);
});
