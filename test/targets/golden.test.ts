import assert from 'node:assert/strict';
import test from 'node:test';
import { errnoName } from '../../src/kernel/errno.ts';
import { type KernelVersion, targetNamed, targetTypes } from '../../src/targets/index.ts';
import { capturedLoads, capturedTexts, comparable, readbackOn } from './support.ts';

const kernels: readonly KernelVersion[] = ['6.1', '6.12'];
const known = new Set(targetTypes.map(({ type }) => type));

/** Refusals that depend on the machine: what no look at the words can tell. */
const OF_THE_MACHINE = new Map([
  ['crypt aes-xts-plain64 :32:logon:nokey 0 /dev/ram0 0', 'no such key in the keyring'],
  ['thin /dev/dm-0 0', 'the name is taken'],
  ['thin /dev/dm-0 55', 'no such thin device'],
  ['thin /dev/dm-0 1 /dev/ram0', 'the name is taken'],
  ['thin-pool /dev/ram5 /dev/ram7 128 0', 'the metadata device is in another pool'],
  ['multipath 0 0 1 1 round-robin 0 2 0 /dev/ram0 /dev/ram1', 'a ram disk takes no requests'],
  ['integrity /dev/ram4 0 4 D 0', 'the superblock is neither valid nor zero'],
  ['raid raid0 1 128 2 - /dev/ram0 - /dev/ram1', 'the machine had no module raid0'],
  ['vdo V4 /dev/ram0 16384 4096 128 100', 'the device is not formatted'],
]);

/** Refusals of tables that were loaded read-only, or were not but must be. */
const READ_ONLY = new Map([['thin-pool /dev/ram5 /dev/ram6 128 0', true]]);

test('the captures are read to their end', () => {
  assert.deepEqual(
    kernels.map((kernel) => [capturedLoads(kernel).length, capturedTexts(kernel).length]),
    [
      [82, 160],
      [84, 164],
    ],
  );
});

for (const kernel of kernels) {
  test(`parse() and params() give back every table that Linux ${kernel} took`, () => {
    for (const { type, params, errno } of capturedLoads(kernel)) {
      if (!known.has(type) || errno !== undefined) continue;
      assert.equal(targetNamed(type).parse(params).params({ showKeys: true }), params, type);
    }
  });

  test(`problems() finds none in a table that Linux ${kernel} took`, () => {
    for (const { type, params, errno, readOnly, states } of capturedLoads(kernel)) {
      if (!known.has(type) || errno !== undefined) continue;
      const { length } = states.find(({ form }) => form === 'TABLE') ?? {};
      const circumstances = { kernel, readOnly, ...(length === undefined ? {} : { length }) };
      assert.deepEqual(targetNamed(type).problems(params, circumstances), [], `${type} ${params}`);
    }
  });

  test(`problems() refuses what Linux ${kernel} refused, with its errno`, () => {
    for (const { type, params, errno } of capturedLoads(kernel)) {
      const line = `${type} ${params}`;
      if (!known.has(type) || errno === undefined || OF_THE_MACHINE.has(line)) continue;
      const readOnly = READ_ONLY.get(line) ?? false;
      const [first] = targetNamed(type).problems(params, { kernel, readOnly });
      assert.equal(first?.errno === undefined ? undefined : errnoName(first.errno), errno, line);
    }
  });

  test(`readback() prints what Linux ${kernel} printed, byte for byte`, () => {
    for (const { type, params, errno, states } of capturedLoads(kernel)) {
      const table = states.find(({ form }) => form === 'TABLE');
      if (!known.has(type) || errno !== undefined || table === undefined) continue;
      const readback = targetNamed(type).parse(params).readback(readbackOn(kernel), { showKeys: true });
      assert.equal(comparable(type, readback), comparable(type, table.text));
    }
  });

  test(`status() reads every status of Linux ${kernel}, and parse() every table`, () => {
    for (const { form, type, text } of capturedTexts(kernel)) {
      if (!known.has(type)) continue;
      const grammar = targetNamed(type);
      if (form === 'TABLE') {
        assert.deepEqual(grammar.parse(text).params({ showKeys: true }).split(' '), text.trim().split(' '));
        continue;
      }
      const status = grammar.status(text);
      assert.equal(status.raw, text);
      assert.equal(status.kind, 'parsed', `${type}: ${text}`);
      assert.deepEqual(status.kind === 'parsed' ? status.rest : undefined, [], `${type}: ${text}`);
    }
  });
}
