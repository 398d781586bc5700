import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkConformance, SCENARIOS } from '../../src/dirtylog/conformance/check.ts';
import { ProcessServer } from '../../src/dirtylog/conformance/process-server.ts';
import { UsageError } from '../../src/mapper/errors.ts';
import { Harness } from './support.ts';

test('LogServer breaks nothing of the conformance kit', async () => {
  const results = await checkConformance(new Harness());
  assert.deepEqual(
    results.filter(({ breach }) => breach !== undefined),
    [],
  );
});

// Bytes of a datagram: lengths at 0 and 32, the connector's id at 16, error 180, number 184, type 188, data_size 192, data.
const [ERROR, SEQ, TYPE, SIZE, DATA] = [180, 184, 188, 192, 196];

/** A reply as a worse server would send it, given the request. */
type Worse = (reply: Uint8Array, request: Uint8Array) => readonly Uint8Array[];

/** Changes the replies to requests of one type. */
function of(type: number, change: (view: DataView, request: DataView) => void): Worse {
  return (reply, request) => {
    if (reply[TYPE] !== type) return [reply];
    const changed = reply.slice();
    change(new DataView(changed.buffer), new DataView(request.buffer, request.byteOffset));
    return [changed];
  };
}

/** Makes a reply's payload so long. */
function sized(reply: Uint8Array, size: number): Uint8Array {
  const changed = new Uint8Array(DATA + size);
  changed.set(reply.subarray(0, Math.min(reply.length, changed.length)));
  const view = new DataView(changed.buffer);
  view.setUint32(0, changed.length, true);
  view.setUint16(32, 160 + size, true);
  view.setUint32(SIZE, size, true);
  return changed;
}

const sizedOf =
  (type: number, size: number): Worse =>
  (reply) => [reply[TYPE] === type ? sized(reply, size) : reply];
const failing = (type: number, errno: number): Worse => of(type, (view) => view.setInt32(ERROR, -errno, true));
const valued = (type: number, index: number, value: (known: bigint) => bigint): Worse =>
  of(type, (view) => {
    const at = DATA + 8 * index;
    if (view.byteLength >= at + 8) view.setBigUint64(at, value(view.getBigUint64(at, true)), true);
  });

/** What servers have done wrong, or could, and the rule that names it. */
const WORSE: readonly (readonly [rule: RegExp, worse: Worse])[] = [
  [/region size is that of its table/, valued(6, 0, () => 0n)],
  [/each of the 17 requests/, sizedOf(7, 0)],
  [/each of the 17 requests/, sizedOf(16, 0)],
  [
    /constructor of 332 bytes/,
    of(1, (view, request) => request.getUint32(SIZE, true) > 320 && view.setInt32(ERROR, -7, true)),
  ],
  [/region sizes that are 0/, of(1, (view) => view.setInt32(ERROR, 0, true))],
  // cmirrord gives the device's name to a kernel that reconnects.
  [
    /reconnecting constructor/,
    (reply, request) => [reply[TYPE] === 1 && request.at(-1) === 0 ? sized(reply, 9) : reply],
  ],
  // cmirrord says -EINVAL of a log that it does not know.
  [/unknown log are answered/, of(8, (view) => view.getInt32(ERROR, true) === -3 && view.setInt32(ERROR, -22, true))],
  [
    /unknown log are answered/,
    (reply) => [new DataView(reply.buffer).getInt32(ERROR, true) === -3 ? sized(reply, 0) : reply],
  ],
  [/RESUME of an unknown log/, failing(5, 3)],
  // cmirrord sends the regions of an integrated flush back.
  [/FLUSH takes regions/, (reply, request) => [reply[TYPE] === 9 ? sized(reply, request.length - DATA) : reply]],
  // dm_bit_test() once said powers of two.
  [/exactly 0 or 1/, valued(8, 0, (known) => known * 2n)],
  [/mark after a clear wins/, failing(11, 22)],
  [/set out of sync is so/, valued(8, 0, () => 1n)],
  [/resync goes through all/, valued(12, 1, (known) => known + 1n)],
  [/hint of IS_REMOTE_RECOVERING/, valued(17, 1, (known) => known + 1n)],
  [/nothing is recovering/, valued(17, 0, () => 1n)],
  [/requests are idempotent/, valued(14, 0, (known) => known - 1n)],
  [/luid in use replaces/, valued(6, 0, () => 1024n)],
  [/end of a replaced table/, valued(14, 0, () => 0n)],
  [/says how many words follow/, of(15, (view) => view.setUint8(DATA, '7'.charCodeAt(0)))],
  // cmirrord answers what it does not understand.
  [/messages of other connectors/, (reply) => [reply]],
];

for (const [rule, worse] of WORSE) {
  test(`checkConformance() names a server that breaks "${rule.source}" (${WORSE.findIndex(([, one]) => one === worse)})`, async () => {
    const harness = new Harness();
    const results = await checkConformance({
      async exchange(request) {
        const sent = await harness.exchange(request);
        const isNoise = new DataView(request.buffer).getUint32(16, true) !== 7;
        if (isNoise && /connectors/.test(rule.source)) return [new Uint8Array(36)];
        return sent.flatMap((reply) => worse(reply, request));
      },
    });
    const broken = results.filter(({ breach }) => breach !== undefined).map(({ name }) => name);
    assert.ok(
      broken.some((name) => rule.test(name)),
      broken.join('\n'),
    );
    assert.ok(broken.length < SCENARIOS.length, 'only what is broken is named');
  });
}

test('every rule of the conformance kit can be broken', () => {
  for (const { name } of SCENARIOS)
    assert.ok(
      WORSE.some(([rule]) => rule.test(name)),
      name,
    );
});

test('checkConformance() names an answer that comes twice, with another number, or never', async () => {
  const harness = new Harness();
  const breachesOf = async (worse: (sent: readonly Uint8Array[]) => readonly Uint8Array[]): Promise<Set<string>> => {
    const results = await checkConformance({ exchange: async (request) => worse(await harness.exchange(request)) });
    return new Set(results.map(({ breach }) => breach ?? ''));
  };
  assert.ok((await breachesOf((sent) => [...sent, ...sent])).has('CTR is answered 2 times'));
  assert.ok((await breachesOf(() => [])).has('CTR is answered 0 times'));
  const renumbered = await breachesOf((sent) =>
    sent.map((reply) => {
      const changed = reply.slice();
      new DataView(changed.buffer).setUint32(SEQ, 1, true);
      return changed;
    }),
  );
  assert.ok(renumbered.has('CTR is answered 0 times'));
});

const server = fileURLToPath(new URL('./process-server.js', import.meta.url));

test('ProcessServer asks a process; ours breaks nothing, one that answers -EINVAL is named', async () => {
  for (const [words, broken] of [
    [[], []],
    [['broken'], ['requests for an unknown log are answered with -ESRCH and data of full size']],
  ] as const) {
    await using transport = new ProcessServer([process.execPath, server, ...words]);
    const results = await checkConformance(transport);
    assert.deepEqual(
      results.filter(({ breach }) => breach !== undefined).map(({ name }) => name),
      broken,
    );
  }
});

test('ProcessServer says that the process cannot be started, has ended, or writes no messages', async () => {
  for (const [command, message] of [
    [['/nowhere/server'], 'the server cannot be started: spawn /nowhere/server ENOENT'],
    [['sh', '-c', 'exit 3'], 'the server has ended, status 3'],
    [
      ['sh', '-c', 'printf "\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0"; sleep 5'],
      "the server writes nlmsg_len 0, less than a netlink header's 16",
    ],
  ] as const) {
    await using transport = new ProcessServer(command);
    await assert.rejects(checkConformance(transport), new UsageError(message));
  }
});
