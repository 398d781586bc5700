import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { QUIET_MS } from '../../../src/filemap/lookahead/look-ahead.ts';
import { findGroup } from '../../../src/filemapd/service/find-group.ts';
import { isPattern, parseGlob } from '../../../src/filemapd/service/glob.ts';
import { LookAheadPool } from '../../../src/filemapd/service/look-ahead-pool.ts';
import { plainRequest, readRequest, type ServiceRequest } from '../../../src/filemapd/service/protocol.ts';
import { passedSocket } from '../../../src/filemapd/service/serve.ts';
import { formatAdded, formatState, parseState } from '../../../src/filemapd/service/state-file.ts';
import { UsageError } from '../../../src/mapper/errors.ts';
import { groupsOf } from '../../../src/stats/group.ts';
import { parseListLine } from '../../../src/stats/region.ts';

test('parseGlob() means what a shell means', () => {
  const cases: readonly (readonly [pattern: string, means: readonly string[], not: readonly string[]])[] = [
    ['/a/*.qcow2', ['x.qcow2', 'ä b.qcow2'], ['x.qcow2~', '.x.qcow2', 'xqcow2']],
    ['/a/vm?', ['vm1', 'vmä', 'vm😀'], ['vm', 'vm12']],
    ['/a/[a-c]*', ['a', 'bx'], ['d', 'A']],
    ['/a/[!a-c]*', ['d'], ['a']],
    ['/a/[]x]', [']', 'x'], ['y']],
    ['/a/[a^-]', ['a', '^', '-'], ['b']],
    ['/a/x\\*y*', ['x*y', 'x*yz'], ['xay']],
    ['/a/(a|b)+*', ['(a|b)+', '(a|b)+c'], ['a', 'ab']],
    ['/a/.*', ['.x'], ['x']],
  ];
  for (const [pattern, means, not] of cases) {
    const { folder, matches } = parseGlob(pattern);
    assert.equal(folder, '/a');
    for (const name of means) assert.ok(matches(name), `${pattern} means ${name}`);
    for (const name of not) assert.ok(!matches(name), `${pattern} does not mean ${name}`);
  }
  assert.equal(parseGlob('/*').folder, '/');
});

test('parseGlob() takes any text with a wildcard, or refuses it with a UsageError', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (text, name) => {
      if (!isPattern(text) || text.includes('/')) return;
      try {
        parseGlob(`/a/${text}`).matches(name);
      } catch (error) {
        assert.ok(error instanceof UsageError, String(error));
      }
    }),
  );
});

for (const [pattern, message] of [
  ['a/*', /must be an absolute path/],
  ['/a*/b', /last part of the path only/],
  ['/a/b', /no wildcard/],
  ['/a/[b', /"\[" without its "\]"/],
] as const) {
  test(`parseGlob() refuses ${pattern}`, () => assert.throws(() => parseGlob(pattern), message));
}

const MIB = 1 << 20;

test('LookAheadPool gives nothing to a file that has not grown, and equal parts to those that have', () => {
  let now = 0;
  const pool = new LookAheadPool(64 * MIB, () => now);
  const files = Array.from({ length: 100 }, () => pool.join());
  assert.deepEqual(new Set(files.map((file) => file.bytes())), new Set([0]));
  files[0]?.grew();
  assert.equal(files[0]?.bytes(), 8 * MIB, 'never more than a file alone may have');
  for (const file of files) file.grew();
  const parts = files.map((file) => file.bytes());
  assert.ok(parts.reduce((sum, bytes) => sum + bytes, 0) <= 64 * MIB);
  assert.ok(parts.slice(-80).every((bytes) => bytes === MIB / 2));
  assert.equal(parts[0], 0, 'too many: those that grew first have none');
  assert.deepEqual([files[99]?.rank(), files[98]?.rank(), files[0]?.rank()], [1, 2, 0]);
  now = QUIET_MS;
  assert.deepEqual(new Set(files.map((file) => file.bytes())), new Set([0]));
  files[5]?.grew();
  files[5]?.[Symbol.dispose]();
  assert.equal(files[5]?.bytes(), 0);
});

test('LookAheadPool gives new files what nobody has, until those that grow want it, and shrinks no part twice', () => {
  let now = 0;
  const pool = new LookAheadPool(64 * MIB, () => now);
  const files = Array.from({ length: 1000 }, () => pool.join());
  for (const file of files) file.isNew();
  const withPart = (): number => files.filter((file) => file.bytes() > 0).length;
  // 64 MiB hold 93 times 512 KiB and three regions of 65 664 bytes.
  assert.equal(withPart(), 93);
  assert.ok(files.slice(0, 93).every((file) => file.bytes() === MIB / 2));
  files[999]?.grew();
  assert.equal(withPart(), 93);
  assert.deepEqual([files[999]?.rank(), files[0]?.bytes()], [1, 0], 'the first new one gives way');
  for (const file of files.slice(2, 93)) file[Symbol.dispose]();
  assert.equal(files[1]?.bytes(), MIB / 2, 'a larger part would cost new regions');
  files[1]?.grew();
  assert.equal(files[1]?.bytes(), 8 * MIB);
  now = QUIET_MS;
  assert.equal(withPart(), 0);
});

const WAYS = { mode: 'path', absenceMs: 1000, lookAhead: true } as const;
const DEVICE = { major: 253, minor: 7 };
const HOME = { major: 0, minor: 41 };
const FILE = { ...WAYS, path: '/a "b"\n', device: DEVICE, home: HOME, inode: 2n ** 63n, groupId: 3 };
const PATTERN = { ...WAYS, level: DEVICE, pattern: '/a/*', programId: 'me', precise: true, bounds: [1n, 2n ** 60n] };

test('parseState() reads what formatState() wrote', () => {
  const files = [
    { ...FILE, alias: 'x', pattern: undefined },
    { ...FILE, level: DEVICE, alias: '', pattern: '/a/*' },
  ];
  assert.deepEqual(parseState(formatState({ files, patterns: [PATTERN] })), { files, patterns: [PATTERN] });
});

test('parseState() reads what was added, the newest of each file, and no line that has no end', () => {
  const file = (inode: bigint, alias: string) => ({ ...FILE, inode, alias, pattern: undefined });
  const text = formatState({ files: [file(1n, 'a'), file(2n, 'b')], patterns: [PATTERN] });
  const added = `${text}${formatAdded(file(3n, 'c'))}${formatAdded(file(2n, 'd'))}`;
  const files = [file(1n, 'a'), file(2n, 'd'), file(3n, 'c')];
  assert.deepEqual(parseState(added), { files, patterns: [PATTERN] });
  for (const cut of [1, 20]) {
    const whole = `${added}${formatAdded(file(4n, 'e'))}`;
    assert.deepEqual(parseState(whole.slice(0, -cut)).files, files);
  }
});

for (const [text, message] of [
  ['', /no JSON/],
  ['[]', /state: no object/],
  ['{"format":2,"files":[],"patterns":[]}', /format 2 is not known/],
  ['{"format":1,"files":[{}],"patterns":[]}', /file: "mode" must be text/],
  ['{"format":1,"files":[],"patterns":7}', /"patterns" must be a list/],
] as const) {
  test(`parseState() refuses ${text}`, () => assert.throws(() => parseState(text), message));
}

test("parseState() takes the device of a file for its file system's where a service before did not tell that", () => {
  const files = [{ ...FILE, alias: 'x', pattern: undefined }];
  const old = formatState({ files, patterns: [] }).replace('"home":"0:41",', '');
  assert.deepEqual(parseState(old).files[0]?.home, DEVICE);
});

test('readRequest() reads what plainRequest() wrote, through JSON', () => {
  const requests: readonly ServiceRequest[] = [
    { command: 'follow', file: FILE },
    { command: 'follow', file: { ...FILE, preallocate: 2n ** 60n } },
    { command: 'pattern', pattern: PATTERN },
    { command: 'pattern', pattern: { ...PATTERN, preallocate: 4096n } },
    { command: 'release', word: '/a' },
    { command: 'status' },
  ];
  for (const request of requests) {
    assert.deepEqual(readRequest(JSON.parse(JSON.stringify(plainRequest(request)))), request);
  }
});

test('readRequest() takes any JSON for a request or refuses it with a UsageError', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.throws(() => readRequest(value), UsageError);
    }),
  );
  const file = plainRequest({ command: 'follow', file: { ...FILE, path: 'relative' } });
  assert.throws(() => readRequest(file), /"path" must be an absolute path/);
});

const LINES = [
  '0: 0+8 8 dmstats DMS_GROUP="a":0-1#-',
  '1: 100+8 8 dmstats -',
  '2: 200+8 8 dmstats DMS_GROUP="a":2#-',
  '3: 300+8 8 dmstats DMS_GROUP="b":3#-',
];
const regions = LINES.map(parseListLine);
const listing = { regions, ...groupsOf(regions) };

test('findGroup() knows a group by id and name, else by name and where its regions lie', () => {
  const id = (groupId: number, alias: string, start = -1): number | undefined =>
    findGroup(listing, { groupId, alias }, start < 0 ? [] : [{ start, end: start + 8 }])?.id;
  assert.equal(id(2, 'a'), 2);
  assert.equal(id(3, 'a'), undefined, 'the id is another file’s by now');
  assert.equal(id(3, 'a', 104), 0, 'its id has changed');
  assert.equal(id(9, 'a', 200), 2);
  assert.equal(id(9, 'b', 500), undefined);
  assert.equal(findGroup(listing, { groupId: 9, alias: 'a' }, [{ start: 0, end: 300 }]), undefined, 'two could be it');
});

test('passedSocket() takes the socket of systemd that is for this process', () => {
  assert.deepEqual(passedSocket({ LISTEN_PID: '7', LISTEN_FDS: '1' }, 7), { fd: 3 });
  assert.equal(passedSocket({ LISTEN_PID: '8', LISTEN_FDS: '1' }, 7), undefined);
  assert.equal(passedSocket({}, 7), undefined);
});
