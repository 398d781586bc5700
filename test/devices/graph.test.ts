import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { nodePath, withNumbers } from '../../src/devices/graph/names.ts';
import {
  activate,
  applyActivation,
  type DesiredDevice,
  deactivate,
  type Mapper,
  planActivation,
  planDeactivation,
  prepareActivation,
  RollbackError,
  type StackedDevice,
  type Survey,
  tableOf,
} from '../../src/devices/index.ts';
import { ERRNO } from '../../src/kernel/errno.ts';
import { sectors } from '../../src/mapper/units.ts';
import { linear, zero } from '../../src/targets/index.ts';
import { FakeSemaphores } from '../mapper/fake-semaphores.ts';
import { failEach, failNthCall, failNthIoctl, faked, line, seen, simulated } from './support.ts';

const NOTHING: Survey = { numberOf: () => undefined, sizeOf: () => undefined };

/** A device of 8 sectors of each of those that it stands on, or of the disk. */
function device(name: string, ...below: readonly string[]): DesiredDevice {
  const lines = below.map((path, index) => line(8, 'linear', `/dev/mapper/${path} 0`, index * 8));
  return { name, table: lines.length === 0 ? [line(8, 'linear', '8:0 0')] : lines };
}

/** Six devices in four storeys, the upper ones first. */
const TOWER = [
  device('f', 'd', 'e'),
  device('e', 'b', 'c'),
  device('d', 'b'),
  device('c', 'a'),
  device('b', 'a'),
  device('a'),
];

const names = (steps: readonly { readonly device: DesiredDevice }[]): string =>
  steps.map(({ device: { name } }) => name).join('');

test('planActivation() puts each device behind those that it names', () => {
  const { steps } = planActivation(TOWER, [], NOTHING);
  const order = names(steps);
  assert.equal([...order].sort().join(''), 'abcdef');
  for (const [below, above] of ['ab', 'ac', 'bd', 'be', 'ce', 'df', 'ef']) {
    assert.ok(order.indexOf(`${below}`) < order.indexOf(`${above}`), order);
  }
});

test('planActivation() prints what will be done, without keys', () => {
  const crypt = line(8, 'crypt', `aes-xts-plain64 ${'5a'.repeat(32)} 0 /dev/mapper/a 0`);
  const plan = planActivation([{ name: 'top', uuid: 'U', readOnly: true, table: [crypt] }, device('a')], [], NOTHING);
  assert.equal(
    plan.toString(),
    `create a, load and resume
    0 8 linear 8:0 0
create top (uuid U, read-only), load and resume
    0 8 crypt aes-xts-plain64 ${'00'.repeat(32)} 0 /dev/mapper/a 0
`,
  );
});

test('planActivation() refuses circles, names and uuids that come twice, gaps and areas beyond the end', () => {
  const refused = (desired: DesiredDevice[], message: RegExp): void => {
    assert.throws(() => planActivation(desired, [], NOTHING), { name: 'UsageError', message });
  };
  refused([device('a', 'c'), device('b', 'a'), device('c', 'b')], /in a circle: a on c on b on a$/);
  refused([device('a', 'a')], /in a circle: a on a$/);
  refused([device('a'), device('a')], /the name "a"$/);
  refused(
    [
      { ...device('a'), uuid: 'U' },
      { ...device('b'), uuid: 'U' },
    ],
    /the uuid "U"$/,
  );
  refused([{ name: 'a', table: [] }], /The table is empty/);
  const beyond = { name: 'b', table: [line(8, 'linear', '/dev/mapper/a 1')] };
  refused(
    [device('a'), beyond],
    /not for b: line 1 \(linear\) ends at sector 9 of its device \/dev\/mapper\/a, which has 8 sectors$/,
  );
});

test('planActivation() keeps a device that has the wanted table, and refuses another of the name', () => {
  const number = { major: 254, minor: 7 };
  const existing = {
    name: 'a',
    uuid: 'U',
    number,
    table: [line(8, 'linear', '8:0 0')],
    readOnly: false,
    suspended: false,
  };
  const steps = (desired: DesiredDevice, facts = {}) =>
    planActivation([desired], [{ ...existing, ...facts }], NOTHING).steps;
  assert.deepEqual(
    steps(device('a')).map(({ step }) => step),
    ['keep'],
  );
  assert.deepEqual(
    steps({ ...device('a'), uuid: 'U' }).map(({ step }) => step),
    ['keep'],
  );
  const refused = (desired: DesiredDevice, facts: object, message: RegExp): void => {
    assert.throws(() => steps(desired, facts), { name: 'UsageError', message });
  };
  refused({ ...device('a'), uuid: 'V' }, {}, /device a already, and its uuid is "U"$/);
  refused(device('a'), { readOnly: true }, /and it is read-only$/);
  refused(device('a'), { suspended: true }, /and it is suspended$/);
  refused(device('a'), { table: [] }, /and it has no live table$/);
  refused({ name: 'a', table: [line(9, 'linear', '8:0 0')] }, {}, /and its table is another:\n {4}0 8 linear 8:0 0/);
  assert.throws(
    () => planActivation([device('a')], [existing], NOTHING, { existing: 'refuse' }),
    /a device a already$/,
  );
  // What stands on a device that is not there cannot be there.
  refused(
    { name: 'a', table: [line(8, 'linear', '/dev/mapper/z 0')] },
    { table: [line(8, 'linear', '254:9 0')] },
    /its table is another/,
  );
});

test('withNumbers() replaces whole words only, of names that must be mangled and quoted, too', () => {
  const path = nodePath('a b');
  assert.equal(path, '/dev/mapper/a\\x20b');
  const numbers = new Map([
    [path, { major: 254, minor: 1 }],
    ['/dev/mapper/a', { major: 254, minor: 2 }],
  ]);
  const [{ params } = line(1, '')] = withNumbers(tableOf([linear({ device: path, offset: sectors(5n) }), 8]), numbers);
  assert.equal(params, '254:1 5');
  const others = [line(8, 'x', '/dev/mapper/a /dev/mapper/ab x/dev/mapper/a  a\\ b')];
  assert.equal(withNumbers(others, numbers)[0]?.params, '254:2 /dev/mapper/ab x/dev/mapper/a a\\ b');
  const untouched = [line(8, 'x', 'two  blanks')];
  assert.deepEqual(withNumbers(untouched, numbers), untouched);
});

test('tableOf() lays targets end to end', () => {
  assert.deepEqual(tableOf([zero(), 8], [linear({ device: '/dev/sdb', offset: sectors(3n) }), 16n]), [
    line(8, 'zero'),
    line(16, 'linear', '/dev/sdb 3', 8),
  ]);
});

test('activate() makes devices whatever their order, and deactivate() removes them from the top', async () => {
  const { kernel, dm, options, nodes } = simulated();
  {
    await using graph = await activate(dm, TOWER, options);
    assert.deepEqual([...graph.numbers.keys()].sort().join(''), 'abcdef');
    const number = graph.numbers.get('a');
    assert.deepEqual(await dm.table({ name: 'b' }), [line(8, 'linear', `254:${number?.minor} 0`)]);
    assert.equal(
      kernel.devices.every(({ live, suspended }) => live !== undefined && !suspended),
      true,
    );
  }
  assert.deepEqual(kernel.devices, []);
  assert.deepEqual(nodes.slice(0, 6).sort(), ['+a', '+b', '+c', '+d', '+e', '+f']);
  assert.deepEqual(nodes.slice(6).sort(), ['-a', '-b', '-c', '-d', '-e', '-f']);
});

test('activate() takes devices that are there, and again changes nothing', async () => {
  const { kernel, dm, options } = simulated();
  await activate(dm, [device('a'), device('b', 'a')], options);
  const before = seen(kernel);
  const plan = await prepareActivation(dm, TOWER.slice(3), options);
  assert.deepEqual(seen(kernel), before);
  assert.match(plan.toString(), /^keep a: it has this table\ncreate c,.*\n.*\nkeep b: it has this table\n$/);
  const graph = await applyActivation(dm, plan, options);
  const after = seen(kernel);
  await activate(dm, TOWER.slice(3), options);
  assert.deepEqual(seen(kernel), after);
  graph.keep();
  await graph[Symbol.asyncDispose]();
  assert.deepEqual(seen(kernel), after);
});

test('activate() leaves nothing behind when any of its ioctls fails', async () => {
  const calls = await failEach(
    async () => simulated(),
    failNthIoctl,
    ({ dm, options }) => activate(dm, TOWER, options),
    ({ kernel }, error, n) => {
      assert.ok(error instanceof Error, `call ${n}`);
      assert.deepEqual(kernel.devices, [], `call ${n}`);
    },
  );
  assert.ok(calls >= 18, 'create, load and resume of each');
});

test('activate() leaves what had been there when another device fails', async () => {
  const { kernel, dm, options } = simulated();
  await activate(dm, [device('a')], options);
  const before = seen(kernel);
  kernel.failNext({ command: 'DM_TABLE_LOAD', errno: ERRNO.ENOMEM, skip: 2 });
  await assert.rejects(activate(dm, TOWER, options), { op: 'DM_TABLE_LOAD', code: 'ENOMEM' });
  assert.deepEqual(seen(kernel), before);
});

test('activate() says what it could not remove again', async () => {
  const { dm, options } = faked();
  dm.fail = (call) => (call === 'load b' || call === 'remove a' ? ERRNO.EIO : undefined);
  await assert.rejects(activate(dm, [device('a'), device('b', 'a')], options), (error) => {
    assert.ok(error instanceof RollbackError);
    assert.match(error.message, /^load on b: .*; what could not be undone: the device a \(remove on a: /);
    assert.equal(error.left.length, 1);
    return true;
  });
  assert.deepEqual([...dm.devices.keys()], ['a']);
});

test('activate() makes nothing more once it is cancelled', async () => {
  const { dm, options } = faked();
  const stop = new AbortController();
  dm.fail = (call) => void (call === 'load b' && stop.abort());
  const cancelled = activate(dm, TOWER, { ...options, signal: stop.signal });
  await assert.rejects(cancelled, { name: 'AbortError' });
  assert.deepEqual([...dm.devices.keys()], []);
});

test('deactivate() tries again while a device is held, names its holders in the end, and leaves those under it', async () => {
  const { dm, options } = faked();
  await activate(dm, TOWER, options);
  let refusals = 2;
  dm.fail = (call) => (call === 'remove e' && refusals-- > 0 ? ERRNO.EBUSY : undefined);
  await deactivate(dm, ['e', 'f'], options);
  assert.deepEqual([...dm.devices.keys()].sort().join(''), 'abcd');
  dm.fail = (call) => (call === 'remove b' ? ERRNO.EBUSY : undefined);
  const holders = async () => [{ kind: 'mount' as const, path: '/mnt', fileSystem: 'ext4' }];
  await assert.rejects(deactivate(dm, ['a', 'b', 'c', 'd'], { machine: { ...options.machine, holders } }), {
    name: 'DmError',
    code: 'EBUSY',
    message: /held by: mounted at \/mnt/,
  });
  assert.deepEqual([...dm.devices.keys()], ['a', 'b']);
});

test('deactivate() counts what an inactive table uses, and passes over names that no device has', async () => {
  const { dm, options } = faked();
  await activate(dm, [device('a')], options);
  await dm.create('b');
  await dm.load({ name: 'b' }, [line(8, 'linear', '254:0 0')]);
  await deactivate(dm, ['a', 'gone', 'b'], options);
  assert.deepEqual([...dm.devices.keys()], []);
});

test('planDeactivation() is an order in which no device is under a later one', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.nat(11), { maxLength: 4 }), { maxLength: 12 }), (uses) => {
      const at = (minor: number) => ({ major: 254, minor });
      // Each stands on devices of lower numbers only.
      const devices: StackedDevice[] = uses.map((below, index) => ({
        name: `${index}`,
        number: at(index),
        uses: below.filter((minor) => minor < index).map(at),
      }));
      const order = planDeactivation(devices);
      assert.equal(new Set(order).size, devices.length);
      const place = new Map(order.map(({ number }, index) => [number.minor, index]));
      for (const { number, uses: below } of order) {
        for (const { minor } of below) assert.ok((place.get(number.minor) ?? 0) < (place.get(minor) ?? -1));
      }
    }),
  );
});

test('deactivate() may fail at any call, and ends the work when asked again', async () => {
  await failEach(
    async () => {
      const place = faked();
      await activate(place.dm, TOWER, place.options);
      return place;
    },
    failNthCall,
    ({ dm, options }) => deactivate(dm as Mapper, [...'abcdef'], options),
    async ({ dm, options }, error, n) => {
      assert.ok(error instanceof Error, `call ${n}`);
      dm.fail = () => undefined;
      await deactivate(dm, [...'abcdef'], options);
      assert.equal(dm.devices.size, 0, `call ${n}`);
    },
  );
});

/** Semaphores of which it is known how many were made; udev confirms a change as soon as it is asked for. */
class PromptUdev extends FakeSemaphores {
  made = 0;
  changes = 0;
  override create(key: number, value: number): number {
    this.made++;
    return super.create(key, value);
  }
  override add(id: number, amount: number): boolean {
    if (amount > 0) this.changes++;
    return amount > 0 || super.add(id, amount);
  }
}

test('activate() and deactivate() wait for udev once each, with one cookie for all devices', async () => {
  const { dm, options, nodes } = faked();
  const semaphores = new PromptUdev();
  const cookies: number[] = [];
  const { resume } = dm;
  dm.resume = (ref, how) => {
    cookies.push(how?.cookie ?? 0);
    return resume(ref, how);
  };
  const clock = options.machine?.clock ?? assert.fail();
  const machine = {
    ...options.machine,
    udev: { state: () => 'running' as const, semaphores, clock, random: () => 0xbeef },
  };
  const graph = await activate(dm, TOWER, { machine });
  assert.deepEqual([semaphores.made, semaphores.changes, semaphores.count], [1, 6, 0]);
  // DM_COOKIE_MAGIC is the key's high half; what udev is told has flags in its place (libdevmapper.h).
  assert.deepEqual(new Set(cookies.map((cookie) => cookie & 0xffff)), new Set([0xbeef]));
  await graph.deactivate();
  assert.deepEqual([semaphores.made, semaphores.changes, semaphores.count], [2, 12, 0]);
  assert.deepEqual(nodes, [], 'the nodes are udev’s');
});
