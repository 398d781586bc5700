import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate } from 'node:timers/promises';
import {
  DM_FLAGS,
  DM_NAME_LIST_NAME_OFFSET,
  DmIoctl,
  DmNameList,
  ERRNO,
  encodeDeviceNumber,
  u32,
} from '../../src/kernel/index.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { DmError } from '../../src/mapper/errors.ts';
import { SimulatedKernel } from '../../src/simulator/index.ts';
import { FakeNode } from './recording-node.ts';

/** A list of devices behind a fake node that counts: the n-th name has minor n; undefined is a free minor. */
class World {
  names: (string | undefined)[] = [];
  eventNr = 0;
  /** Done once, in the middle of the next look: after the poll was armed, before the list is made. */
  between: (() => void) | undefined;
  failure: number | undefined;
  readonly log: string[] = [];
  readonly node: FakeNode;
  readonly dm: DeviceMapper;

  constructor() {
    this.node = new FakeNode((command, bytes, header) => {
      if (this.failure !== undefined) return this.failure;
      if (command === 'DM_DEV_ARM_POLL') {
        this.log.push('arm');
        const { between } = this;
        this.between = undefined;
        between?.();
      } else if (command === 'DM_LIST_DEVICES') {
        this.log.push('list');
        header.dataStart = DmIoctl.size;
        const list = this.#list();
        if (DmIoctl.size + list.length > bytes.length) header.flags |= DM_FLAGS.BUFFER_FULL;
        else bytes.set(list, DmIoctl.size);
        header.dataSize = DmIoctl.size + list.length;
      } else if (command === 'DM_DEV_STATUS') {
        const minor = header.name === '' ? Number(header.dev & 0xffn) : this.names.indexOf(header.name);
        const name = this.names[minor];
        if (name === undefined) return ERRNO.ENXIO;
        header.name = name;
        header.dev = encodeDeviceNumber({ major: 254, minor });
        header.eventNr = this.eventNr;
      }
      return undefined;
    });
    this.dm = new DeviceMapper(this.node);
  }

  #list(): Uint8Array {
    const records = [...this.names.entries()].flatMap(([minor, name]) => {
      if (name === undefined) return [];
      const stateAt = Math.ceil((DM_NAME_LIST_NAME_OFFSET + name.length + 1) / 8) * 8;
      const record = new Uint8Array(stateAt + 8);
      DmNameList.at(record).dev = encodeDeviceNumber({ major: 254, minor });
      DmNameList.at(record).next = record.length;
      record.set(Buffer.from(name), DM_NAME_LIST_NAME_OFFSET);
      u32.set(new DataView(record.buffer), stateAt, this.eventNr);
      return [record];
    });
    for (const last of records.slice(-1)) DmNameList.at(last).next = 0;
    return Buffer.concat(records);
  }
}

/** Reads events into a list as they come. */
function collect(
  dm: DeviceMapper,
  signal?: AbortSignal,
): { readonly events: string[]; readonly ended: Promise<unknown> } {
  const events: string[] = [];
  const stream = dm.events({ signal });
  const read = async (): Promise<unknown> => {
    try {
      for await (const { kind, device } of stream) events.push(`${kind} ${device.name}`);
      return 'done';
    } catch (error) {
      return error;
    }
  };
  return { events, ended: read() };
}

test('events() arms the poll before each list, so that what comes between is in the list', async () => {
  const world = new World();
  const { events } = collect(world.dm);
  await setImmediate();
  world.log.length = 0;
  world.between = () => world.names.push('late');
  world.node.wake();
  await setImmediate();
  assert.deepEqual(world.log, ['arm', 'list']);
  assert.deepEqual(events, ['created late']);
});

test('events() tells what happened from its call on, also before the first reading', async () => {
  const world = new World();
  world.names = ['old'];
  const stream = world.dm.events();
  world.names.push('new');
  assert.deepEqual((await stream.next()).value, {
    kind: 'created',
    device: { name: 'new', uuid: '', number: { major: 254, minor: 1 }, eventNr: 0 },
  });
  await stream.return();
});

test('events() shares one wait and one list among all listeners, and ends it with the last', async () => {
  const world = new World();
  const stops = [new AbortController(), new AbortController(), new AbortController()];
  const listeners = stops.map(({ signal }) => collect(world.dm, signal));
  await setImmediate();
  assert.equal(world.node.waits, 1);
  world.log.length = 0;
  world.names.push('a');
  world.node.wake();
  await setImmediate();
  assert.deepEqual(world.log, ['arm', 'list']);
  for (const { events } of listeners) assert.deepEqual(events, ['created a']);
  const reason = new Error('enough');
  stops[0]?.abort(reason);
  assert.equal(await listeners[0]?.ended, reason);
  world.names.push('b');
  world.node.wake();
  await setImmediate();
  assert.deepEqual(
    listeners.map(({ events }) => events.length),
    [1, 2, 2],
  );
  stops[1]?.abort(reason);
  stops[2]?.abort(reason);
  await setImmediate();
  const { waits } = world.node;
  world.node.wake();
  await setImmediate();
  assert.equal(world.node.waits, waits, 'nobody waits any more');
  const again = collect(world.dm);
  await setImmediate();
  assert.equal(world.node.waits, waits + 1);
  world.names.push('c');
  world.node.wake();
  await setImmediate();
  assert.deepEqual(again.events, ['created c']);
});

test('events() that nobody reads waits for nothing', async () => {
  const world = new World();
  world.dm.events();
  await setImmediate();
  assert.equal(world.node.waits, 0);
});

test('events() misses nothing in a flood, and a slow reader gets all in order', async () => {
  const world = new World();
  const fast = collect(world.dm);
  const slow = world.dm.events();
  const first = slow.next();
  const expected: string[] = [];
  for (let index = 0; index < 500; index++) {
    world.names.push(`d${index}`);
    expected.push(`created d${index}`);
    if (index % 3 === 0) {
      world.between = () => {
        world.names[index] = undefined;
      };
      expected.pop();
    }
    world.node.wake();
    await setImmediate();
  }
  assert.deepEqual(fast.events, expected);
  const seen = [(await first).value];
  while (seen.length < expected.length) seen.push((await slow.next()).value);
  assert.deepEqual(
    seen.map((event) => `${event?.kind} ${event?.device.name}`),
    expected,
  );
});

test('events() passes a failure on to every listener, once', async () => {
  const world = new World();
  const listeners = [collect(world.dm), collect(world.dm)];
  await setImmediate();
  world.failure = ERRNO.ENOMEM;
  world.node.wake();
  for (const { ended } of listeners) assert.ok(DmError.is(await ended, 'ENOMEM'));
  const stream = world.dm.events.bind(world.dm);
  assert.throws(() => stream(), { code: 'ENOMEM' });
  world.failure = undefined;
  const after = collect(world.dm);
  await setImmediate();
  world.dm[Symbol.dispose]();
  assert.ok(DmError.is(await after.ended, 'EBADF'));
});

test('an event stream ends by return(), also for those that wait', async () => {
  const world = new World();
  const stream = world.dm.events();
  const waiting = [stream.next(), stream.next()];
  await setImmediate();
  world.names.push('a');
  world.node.wake();
  await setImmediate();
  await stream.return();
  assert.deepEqual(
    (await Promise.all(waiting)).map(({ done }) => done),
    [false, true],
  );
  assert.deepEqual(await stream.next(), { done: true, value: undefined });
});

test('armPoll() takes no event away from those who listen', async () => {
  const kernel = new SimulatedKernel();
  using dm = new DeviceMapper(kernel.openControl());
  const { events, ended } = collect(dm);
  await setImmediate();
  await dm.create('a');
  await dm.armPoll();
  await setImmediate();
  assert.deepEqual(events, ['created a']);
  dm[Symbol.dispose]();
  assert.ok(DmError.is(await ended, 'EBADF'));
});

test('events() of all DeviceMappers of a process share one wait and one list, until the last ends', async () => {
  const kernel = new SimulatedKernel();
  const open = (): DeviceMapper => new DeviceMapper(kernel.openControl());
  using other = open();
  const mappers = [open(), open()] as const;
  const listeners = mappers.map((dm) => collect(dm));
  await setImmediate();
  const asked: string[] = [];
  kernel.onIoctl = ({ command }) => void asked.push(command);
  await other.create('a');
  await setImmediate();
  assert.deepEqual(asked, ['DM_DEV_CREATE', 'DM_DEV_ARM_POLL', 'DM_LIST_DEVICES']);
  mappers[0][Symbol.dispose]();
  assert.ok(DmError.is(await listeners[0]?.ended, 'EBADF'));
  assert.throws(() => mappers[0].events(), { name: 'SimulatorError' });
  await other.create('b');
  await setImmediate();
  assert.deepEqual(
    listeners.map(({ events }) => events),
    [['created a'], ['created a', 'created b']],
  );
  mappers[1][Symbol.dispose]();
  assert.ok(DmError.is(await listeners[1]?.ended, 'EBADF'));
  asked.length = 0;
  await other.create('c');
  await setImmediate();
  assert.deepEqual(asked, ['DM_DEV_CREATE'], 'nobody looks any more');
  using again = open();
  const { events } = collect(again);
  await setImmediate();
  await other.create('d');
  await setImmediate();
  assert.deepEqual(events, ['created d']);
});

test('waitForEvent() sees an event between its look and its wait', async () => {
  const world = new World();
  world.names = ['vol'];
  assert.equal((await world.dm.waitForEvent({ name: 'vol' }, 9)).eventNr, 0);
  const wait = world.dm.waitForEvent({ name: 'vol' }, 0);
  // The device's state has been asked for, the stream is not read yet.
  world.eventNr = 1;
  const info = await wait;
  assert.deepEqual([info.name, info.eventNr], ['vol', 1]);
  const { waits } = world.node;
  world.node.wake();
  await setImmediate();
  assert.equal(world.node.waits, waits, 'it leaves nothing behind');
});

test('waitForEvent() ends with its signal, and with the device', async () => {
  const world = new World();
  world.names = ['vol', 'other'];
  await assert.rejects(world.dm.waitForEvent({ name: 'vol' }, 9, { signal: AbortSignal.abort() }), {
    name: 'AbortError',
  });
  const stop = new AbortController();
  const stopped = assert.rejects(world.dm.waitForEvent({ name: 'vol' }, 0, { signal: stop.signal }), {
    name: 'AbortError',
  });
  const gone = assert.rejects(world.dm.waitForEvent({ name: 'vol' }, 0), { code: 'ENXIO', reason: 'it was removed' });
  await setImmediate();
  world.names[1] = undefined;
  world.node.wake();
  await setImmediate();
  stop.abort();
  await stopped;
  world.names[0] = undefined;
  world.node.wake();
  await gone;
});
