import { activate, deactivate, LinearDevice, tableOf } from '../../src/devices/index.ts';
import { DM_VERSION_WANTED, type DmCommand, DmIoctl } from '../../src/kernel/dm-ioctl.ts';
import { type ControlNode, openControlNode } from '../../src/mapper/control-node.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { encodeTable } from '../../src/mapper/table-codec.ts';
import { sectors } from '../../src/mapper/units.ts';
import { linear } from '../../src/targets/linear.ts';
import { type Scenario, say } from '../scenario.ts';
import { median, short, spread } from '../statistics.ts';

const [DISK = ''] = (process.env['LAB_DISKS'] ?? '').split(' ');
const TABLE = tableOf([linear({ device: DISK, offset: sectors(0) }), 8]);
const BARE = 'bare ioctls';
const nameOf = (index: number): string => `bench-${index}`;
// Nodes are files: the bare ioctls make none.
const OPTIONS = { nodes: false } as const;

/** One device's four requests as bytes, nothing looked at: what no library can be faster than. */
function bareRequests(name: string): readonly (readonly [DmCommand, Uint8Array])[] {
  const payload = encodeTable(TABLE);
  const request = (command: DmCommand, body: Uint8Array = new Uint8Array(0)): readonly [DmCommand, Uint8Array] => {
    const bytes = new Uint8Array(DmIoctl.size + body.length);
    const header = DmIoctl.at(bytes);
    header.version = DM_VERSION_WANTED;
    header.dataSize = bytes.length;
    header.dataStart = DmIoctl.size;
    header.targetCount = body.length === 0 ? 0 : TABLE.length;
    header.name = name;
    bytes.set(body, DmIoctl.size);
    return [command, bytes];
  };
  return [
    request('DM_DEV_CREATE'),
    request('DM_TABLE_LOAD', payload),
    request('DM_DEV_SUSPEND'),
    request('DM_DEV_REMOVE'),
  ];
}

function bare(node: ControlNode, count: number): void {
  for (let index = 0; index < count; index++) {
    for (const [command, bytes] of bareRequests(nameOf(index)).slice(0, 3)) node.ioctl(command, bytes);
  }
  for (let index = 0; index < count; index++) {
    for (const [command, bytes] of bareRequests(nameOf(index)).slice(3)) node.ioctl(command, bytes);
  }
}

async function calls(dm: DeviceMapper, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const { number } = await dm.create(nameOf(index));
    await dm.load(number, TABLE);
    await dm.resume(number);
  }
  for (let index = 0; index < count; index++) await dm.remove({ name: nameOf(index) });
}

async function linearDevices(dm: DeviceMapper, count: number): Promise<void> {
  const devices: LinearDevice[] = [];
  for (let index = 0; index < count; index++) {
    devices.push(await LinearDevice.create(dm, { name: nameOf(index), table: TABLE }, OPTIONS));
  }
  for (const device of devices) await device.teardown();
}

async function graph(dm: DeviceMapper, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => nameOf(index));
  await activate(
    dm,
    names.map((name) => ({ name, table: TABLE })),
    OPTIONS,
  );
  await deactivate(dm, names, OPTIONS);
}

/** Linear devices made and removed in one process: this library beside the bare ioctls. */
export const devices: Scenario = async ({ quick }) => {
  using node = openControlNode();
  using blocking = DeviceMapper.open(undefined, { blocking: true });
  using threaded = DeviceMapper.open();
  const ways: readonly (readonly [string, (count: number) => void | Promise<void>])[] = [
    [BARE, (count) => bare(node, count)],
    ['`DeviceMapper`, `blocking`', (count) => calls(blocking, count)],
    ['`activate()` of all, `blocking`', (count) => graph(blocking, count)],
    ['`LinearDevice` for each, `blocking`', (count) => linearDevices(blocking, count)],
    ['`DeviceMapper`, on threads', (count) => calls(threaded, count)],
  ];
  const count = quick ? 100 : 1000;
  // A device takes the kernel some 60 ms in an emulated machine, mostly waits for all CPUs to have passed by.
  const rounds = quick ? 3 : 1;
  const times = new Map(ways.map(([name]) => [name, [] as number[]]));
  const userTimes = new Map(ways.map(([name]) => [name, [] as number[]]));
  // What is compiled and what the kernel sets up once.
  for (const [, way] of ways) await way(20);
  for (let round = 1; round <= rounds; round++) {
    // The bare ones first and last: an emulated machine does not keep its pace.
    for (const [name, way] of [...ways, ...ways.slice(0, 1)]) {
      say(`devices: ${count}, round ${round} of ${rounds}, ${name}`);
      const start = performance.now();
      const cpuStart = process.cpuUsage();
      await way(count);
      const { user } = process.cpuUsage(cpuStart);
      times.get(name)?.push((performance.now() - start) / count);
      userTimes.get(name)?.push(user / 1000 / count);
    }
  }
  const row = (name: string): string[] =>
    [times, userTimes].flatMap((of) => {
      const list = of.get(name) ?? [];
      return [spread(list), short(median(list) / median(of.get(BARE) ?? []))];
    });
  return {
    title: 'Linear devices made and removed',
    method:
      `${count} devices of 8 sectors, created, loaded and resumed one after the other, then removed one after the other, ` +
      `in one process that has made some before; ${rounds === 1 ? 'one round' : `${rounds} rounds, in turn`}. No nodes and no udev. “Bare” are four requests for ` +
      'each device through the same FFI, their answers not read.',
    tables: [
      {
        title: 'Milliseconds for each device, median (min–max)',
        columns: ['way', 'wall', '/bare', 'user CPU', '/bare'],
        rows: ways.map(([name]) => [name, ...row(name)]),
        notes: [
          'Nearly all of it is the kernel’s, and in an emulated machine of no even pace: user CPU is what this package and Node add.',
        ],
      },
    ],
  };
};
