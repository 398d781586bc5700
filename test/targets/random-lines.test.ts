import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { DmParseError } from '../../src/mapper/errors.ts';
import { integrity, multipath, raid, type Target, type TargetGrammar, targetTypes } from '../../src/targets/index.ts';

/** Words of all grammars' forms, and such that are often at their edges. */
const words = [
  ...new Set(targetTypes.flatMap(({ form }) => form.split(/[\s<>[\]()|#…:]+/)).filter((word) => word !== '')),
  ...['0', '1', '2', '3', '7', '8', '512', '4096', '4294967295', '4294967296', '18446744073709551615', '-1', '+4'],
  ...[
    '-',
    '8:0',
    '8:16',
    '/dev/a\\ b',
    '4096:0',
    '1.5',
    'J',
    's',
    'p',
    'V4',
    'internal_hash:crc32c:00',
    '%s',
    'é',
    ':',
  ],
];
const lines = fc.array(fc.constantFrom(...words), { maxLength: 24 }).map((picked) => picked.join(' '));

function parsed(grammar: TargetGrammar, line: string): Target | undefined {
  try {
    return grammar.parse(line);
  } catch (error) {
    assert.ok(error instanceof DmParseError, `${grammar.type} ${line}: ${error}`);
    return undefined;
  }
}

test('parse() throws nothing but DmParseError, and what it takes prints and parses back to the same values', () => {
  fc.assert(
    fc.property(fc.constantFrom(...targetTypes), lines, (grammar, line) => {
      const target = parsed(grammar, line);
      const again = target?.grammar.parse(target.params({ showKeys: true }));
      assert.deepEqual(again?.values, target?.values);
      assert.deepEqual(again?.rest, target?.rest);
    }),
    { numRuns: 2000 },
  );
});

test('problems(), status() and hideKeys() take any text', () => {
  fc.assert(
    fc.property(fc.constantFrom(...targetTypes), fc.oneof(lines, fc.string({ maxLength: 60 })), (grammar, text) => {
      grammar.problems(text, { kernel: '6.1', length: 1024n });
      assert.equal(grammar.status(text).raw, text);
      assert.equal(grammar.hideKeys(text).length, text.length);
      parsed(grammar, text);
    }),
    { numRuns: 2000 },
  );
});

/** A record as a declaration makes them: with an object's prototype. */
function record<T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true });
}

const device = record({ major: fc.nat(4095), minor: fc.nat(1_048_575) });

test('raid(), multipath() and integrity() parse back from what they print', () => {
  const word = fc.constantFrom('1', '128', 'x');
  const anyRaid = record({
    type: fc.constantFrom('raid1' as const, 'raid5_ls' as const, 'raid10' as const),
    chunk: fc.nat(4096),
    options: fc.array(
      fc.oneof(
        fc.constantFrom('sync' as const, 'nosync' as const, 'raid10_use_near_sets' as const),
        fc.nat(252).map((rebuild) => ({ rebuild })),
        fc.integer({ min: -250, max: 250 }).map((delta_disks) => ({ delta_disks })),
        device.map((journal_dev) => ({ journal_dev })),
      ),
    ),
    devices: fc.array(record({ metadata: fc.option(device), data: fc.option(device) }), { minLength: 1 }),
  });
  fc.assert(
    fc.property(anyRaid, (values) => assert.deepEqual(raid.parse(raid(values).params()).values, values)),
    { numRuns: 300 },
  );
  const anyGroup = fc.nat(3).chain((count) =>
    record({
      selector: fc.constantFrom('round-robin', 'other'),
      selectorArguments: fc.array(word, { maxLength: 3 }),
      paths: fc.array(record({ path: device, arguments: fc.array(word, { minLength: count, maxLength: count }) }), {
        minLength: 1,
        maxLength: 4,
      }),
    }),
  );
  const anyMultipath = record({
    features: fc.constant(['queue_if_no_path' as const, { queue_mode: 'bio' as const }]),
    handler: fc.array(word, { maxLength: 3 }),
    initialGroup: fc.nat(4),
    groups: fc.array(anyGroup, { maxLength: 4 }),
  });
  fc.assert(
    fc.property(anyMultipath, (values) => assert.deepEqual(multipath.parse(multipath(values).params()).values, values)),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(device, fc.nat(424), fc.option(fc.nat(100)), (where, tag, watermark) => {
      const options = watermark === null ? [] : [{ journal_watermark: watermark }, { meta_device: where }];
      const target = integrity.parse(`${where.major}:${where.minor} 7 ${tag || '-'} J 0`);
      const values = { ...target.values, options };
      assert.deepEqual(integrity.parse(integrity(values).params()).values, values);
    }),
    { numRuns: 300 },
  );
});
