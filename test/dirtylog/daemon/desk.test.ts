import assert from 'node:assert/strict';
import test from 'node:test';
import type { ControlRequest } from '../../../src/dirtylog/daemon/control.ts';
import { type AskedThread, Desk } from '../../../src/dirtylog/daemon/desk.ts';
import type { MirrorStatus, ToWorker } from '../../../src/dirtylog/daemon/messages.ts';
import { DEFAULT_RESYNC } from '../../../src/dirtylog/resync.ts';
import { UsageError } from '../../../src/mapper/errors.ts';
import { sectors } from '../../../src/mapper/units.ts';
import type { LineAnswer } from '../../../src/system/line-socket.ts';

const STATUS: MirrorStatus = {
  uuid: 'U1',
  log: 'core',
  regions: 8,
  regionSectors: 1024,
  inSync: 8,
  dirty: 0,
  recovering: undefined,
  failure: undefined,
  blocksWritten: 0,
  tables: [],
};

/** A desk with one mirror, U1 of the device vg-m, and what it keeps and tells. */
function makeDesk(kept?: unknown) {
  const told: ToWorker[] = [];
  let settings = kept;
  const state = {
    kept: () => settings,
    keep: (_name: string, value: unknown) => {
      settings = JSON.parse(JSON.stringify(value));
    },
  };
  const params = 'userspace 3 U1 core 1024 2 1:0 0 1:1 0';
  const dm = {
    list: async () => [{ name: 'vg-m', uuid: '', number: { major: 254, minor: 0 }, eventNr: 0 }],
    table: async (_ref: unknown, { inactive = false } = {}) =>
      inactive ? [] : [{ start: sectors(0), length: sectors(8192), type: 'mirror', params }],
  };
  const desk = new Desk(dm, state, '/etc/policy.mjs');
  const thread: AskedThread = {
    // The types of questions and answers go together, which no signature of a function body can say.
    ask: (async ({ kind }: { kind: string }) =>
      kind === 'status'
        ? { kind, status: { mirrors: [STATUS], requests: {} } }
        : { kind, mirrors: [] }) as AskedThread['ask'],
    tell: (message) => void told.push(message),
  };
  const ask = async (request: ControlRequest): Promise<unknown> => {
    const lines: unknown[] = [];
    const answer: LineAnswer = { send: (value) => lines.push(value), end: () => {}, onLeave: () => {} };
    await desk.answer(thread, request, answer);
    return lines[0];
  };
  return { desk, ask, told, kept: () => settings };
}

test('Desk names the devices of a mirror, and counts events', async () => {
  const { desk, ask } = makeDesk();
  desk.onEvent({ type: 'resyncDone', uuid: 'U1' });
  desk.onEvent({ type: 'resyncDone', uuid: 'U1' });
  assert.deepEqual(await ask({ command: 'status' }), {
    mirrors: [{ ...STATUS, devices: ['vg-m'] }],
    requests: {},
    resync: { all: DEFAULT_RESYNC, mirrors: {} },
    policy: '/etc/policy.mjs',
    events: { resyncDone: 2 },
  });
});

test('Desk sets the resync of a mirror that is named by its device, keeps it, and tells the thread', async () => {
  const { ask, told, kept } = makeDesk();
  await ask({ command: 'resync', change: { paused: true } });
  await ask({ command: 'resync', mirror: 'vg-m', change: { paused: false } });
  const book = { all: { ...DEFAULT_RESYNC, paused: true }, mirrors: { U1: { paused: false } } };
  assert.deepEqual(kept(), book);
  assert.deepEqual(told.at(-1), { type: 'resync', book });
  assert.deepEqual(makeDesk(kept()).desk.resync, book, 'the next server goes on with it');
});

test('Desk refuses mirrors that there are not, settings that make no sense, and words of another version', async () => {
  const { ask, kept } = makeDesk();
  const refused: readonly (readonly [ControlRequest, Error])[] = [
    [
      { command: 'resync', mirror: 'x', change: { paused: true } },
      new UsageError('there is no mirror "x": one of U1, vg-m'),
    ],
    [
      { command: 'resync', mirror: 'vg-m', change: { first: [{ first: 2, last: 8 }] } },
      new UsageError('there is no region 8 in U1: it has regions 0 to 7'),
    ],
    [{ command: 'heat', mirror: 'x' }, new UsageError('there is no mirror "x": there are none')],
    [
      { command: 'resync', change: { bytesPerSecond: 0 } },
      new RangeError('a resync of 0 bytes a second is none: pause it'),
    ],
    [JSON.parse('{"command":"changed"}'), new UsageError('changed: since which epoch?')],
    [JSON.parse('{"command":"fly"}'), new UsageError('this server does not know the command: it is another version')],
  ];
  for (const [request, error] of refused) await assert.rejects(ask(request), error);
  assert.equal(kept(), undefined);
});
