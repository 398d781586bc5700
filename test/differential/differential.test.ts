import assert from 'node:assert/strict';
import test from 'node:test';
import { DM_COMMANDS, type DmCommand, DmIoctl } from '../../src/kernel/index.ts';
import type { ControlNode } from '../../src/mapper/control-node.ts';
import { compare, mismatchText } from './compare.ts';
import { execute } from './executor.ts';
import { Generator } from './generator.ts';
import type { Operation } from './operation.ts';
import { shrink } from './shrink.ts';
import { LOADED_TARGETS, type Surroundings, simulatedWorld, type World } from './world.ts';

const MAJOR = 254;
const surroundings: Surroundings = { kernel: '6.1', major: MAJOR, targets: LOADED_TARGETS };
const sound = (): World => simulatedWorld(surroundings);

/** A simulated kernel with a defect in its answers to one command. */
function broken(command: DmCommand, spoil: (bytes: Uint8Array) => void): () => World {
  const spoiled = (node: ControlNode): ControlNode => ({
    kernel: node.kernel,
    reopen: () => spoiled(node.reopen()),
    ioctl(asked, bytes) {
      node.ioctl(asked, bytes);
      if (asked === command) spoil(bytes);
    },
    ioctlAsync: (asked, bytes) => node.ioctlAsync(asked, bytes),
    eventsPending: (signal) => node.eventsPending(signal),
    [Symbol.dispose]: () => node[Symbol.dispose](),
  });
  return () => {
    const world = sound();
    return { ...world, openControl: () => spoiled(world.openControl()) };
  };
}

async function firstMismatch(other: () => World) {
  for (let seed = 1; seed <= 200; seed++) {
    const mismatch = await compare(other, sound, { seed, length: 25, major: MAJOR });
    if (mismatch !== undefined) return mismatch;
  }
  return assert.fail('the harness saw no difference in 200 sequences');
}

test('Generator draws the same from the same seed, and every command', () => {
  assert.deepEqual(new Generator(7, MAJOR).sequence(50), new Generator(7, MAJOR).sequence(50));
  assert.notDeepEqual(new Generator(7, MAJOR).sequence(50), new Generator(8, MAJOR).sequence(50));
  const drawn = new Generator(1, MAJOR).sequence(2000);
  const commands = new Set(drawn.map((operation) => (operation.kind === 'ioctl' ? operation.command : operation.kind)));
  assert.deepEqual([...commands].sort(), [...Object.keys(DM_COMMANDS), 'hold', 'poll', 'release', 'reopen'].sort());
});

test('Generator reaches success and several refusals of each command that has them', async () => {
  const outcomes = new Map<string, Set<string>>();
  for (let seed = 1; seed <= 300; seed++) {
    const operations = new Generator(seed, MAJOR).sequence(25);
    for (const [index, answer] of (await execute(sound(), operations)).entries()) {
      const operation = operations[index];
      if (operation?.kind !== 'ioctl') continue;
      const known = outcomes.get(operation.command) ?? new Set();
      outcomes.set(operation.command, known.add(answer.split(' ')[0] ?? ''));
    }
  }
  const expected: Partial<Record<DmCommand, readonly string[]>> = {
    DM_DEV_CREATE: ['ok', 'EBUSY', 'EINVAL', 'ENXIO'],
    DM_DEV_REMOVE: ['ok', 'EBUSY', 'ENXIO', 'EINVAL'],
    DM_DEV_RENAME: ['ok', 'EBUSY', 'ENXIO', 'EINVAL'],
    DM_DEV_SUSPEND: ['ok', 'EINVAL', 'ENXIO'],
    DM_TABLE_LOAD: ['ok', 'EINVAL', 'ENXIO', 'ENODEV', 'EOVERFLOW'],
    DM_TARGET_MSG: ['ok', 'EINVAL', 'ENXIO', 'ENOENT'],
    DM_DEV_SET_GEOMETRY: ['ok', 'EINVAL', 'ENXIO'],
  };
  for (const [command, codes] of Object.entries(expected)) {
    const reached = outcomes.get(command) ?? new Set();
    assert.deepEqual(
      codes.filter((code) => !reached.has(code)),
      [],
      command,
    );
  }
});

test('compare() finds nothing between a simulator and itself', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const mismatch = await compare(sound, sound, { seed, length: 25, major: MAJOR });
    assert.equal(mismatch, undefined, mismatch && mismatchText(mismatch));
  }
});

const spoilHeader =
  (field: 'eventNr' | 'openCount' | 'flags') =>
  (bytes: Uint8Array): void => {
    DmIoctl.at(bytes)[field] = 0;
  };

const defects: readonly [what: string, command: DmCommand, spoil: (bytes: Uint8Array) => void][] = [
  ['an event number that does not count', 'DM_DEV_STATUS', spoilHeader('eventNr')],
  ['an open count that does not count', 'DM_DEV_STATUS', spoilHeader('openCount')],
  ['flags that are not told', 'DM_TABLE_CLEAR', spoilHeader('flags')],
  ['a byte of the payload', 'DM_TABLE_DEPS', (bytes) => void bytes.fill(0, 320, 328)],
];

for (const [what, command, spoil] of defects) {
  test(`compare() catches ${what}, and shrinks the sequence to what it takes`, async () => {
    const mismatch = await firstMismatch(broken(command, spoil));
    const last = mismatch.operations.at(-1);
    assert.equal(last?.kind === 'ioctl' && last.command, command, mismatchText(mismatch));
    // The device, its table, that made live, perhaps one on top or a rename, and the question.
    assert.ok(mismatch.operations.length <= 8, mismatchText(mismatch));
    assert.notEqual(mismatch.real, mismatch.simulated);
    assert.match(mismatchText(mismatch), new RegExp(`^seed ${mismatch.seed}:\n`));
  });
}

test('compare() catches a node that does not tell of events', async () => {
  const deaf = (): World => {
    const world = sound();
    const openControl = (): ControlNode => {
      const node = world.openControl();
      return {
        kernel: node.kernel,
        reopen: openControl,
        ioctl: (command, bytes) => node.ioctl(command, bytes),
        ioctlAsync: (command, bytes) => node.ioctlAsync(command, bytes),
        eventsPending: (signal) =>
          new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
        [Symbol.dispose]: () => node[Symbol.dispose](),
      };
    };
    return { ...world, openControl };
  };
  const { operations, real, simulated } = await firstMismatch(deaf);
  assert.deepEqual([real, simulated], ['idle', 'events']);
  assert.equal(operations.length, 2);
});

test('shrink() leaves the least that still fails', async () => {
  const sequence = Array.from({ length: 40 }, (_, index) => index);
  const fails = async (part: readonly number[]): Promise<boolean> => part.includes(11) && part.includes(31);
  assert.deepEqual(await shrink(sequence, fails), [11, 31]);
  assert.deepEqual(await shrink([1], async () => true), []);
});

test('execute() closes what a sequence left open', async () => {
  let open = 0;
  const counted = <T extends Disposable>(resource: T): T => {
    open++;
    const close = resource[Symbol.dispose].bind(resource);
    resource[Symbol.dispose] = () => {
      open--;
      close();
    };
    return resource;
  };
  const world = sound();
  const watched: World = {
    ...world,
    openControl: () => counted(world.openControl()),
    hold: (minor) => counted(world.hold(minor)),
  };
  const targets = [{ start: 0n, length: 8n, type: 'zero', params: '' }];
  const sequence: Operation[] = [
    { kind: 'ioctl', node: 0, command: 'DM_DEV_CREATE', name: 'a' },
    { kind: 'ioctl', node: 0, command: 'DM_TABLE_LOAD', name: 'a', targets },
    { kind: 'hold', minor: 0 },
    { kind: 'hold', minor: 5 },
    { kind: 'reopen', node: 1 },
  ];
  const answers = await execute(watched, sequence);
  assert.deepEqual(answers.slice(2), ['ok', 'none', 'ok']);
  assert.equal(open, 0);
});
