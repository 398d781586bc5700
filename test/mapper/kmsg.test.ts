import assert from 'node:assert/strict';
import test from 'node:test';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { DmError, DmParseError } from '../../src/mapper/errors.ts';
import { complaint, parseKmsgRecord } from '../../src/mapper/kmsg.ts';
import { sectors } from '../../src/mapper/units.ts';
import { SimulatedKernel } from '../../src/simulator/index.ts';

const DEVICE = { major: 254, minor: 1 };
const said = (message: string, priority = 3) => parseKmsgRecord(`${priority},429,5140900,-;${message}\n`);

test('parseKmsgRecord() reads the example of the kernel’s documentation', () => {
  // Documentation/ABI/testing/dev-kmsg
  const record = parseKmsgRecord(
    '7,160,424069,-;pci_root PNP0A03:00: host bridge window [io  0x0000-0x0cf7] (ignored)\n' +
      ' SUBSYSTEM=acpi\n DEVICE=+acpi:PNP0A03:00\n',
  );
  assert.deepEqual(record, {
    level: 7,
    facility: 0,
    sequence: 160n,
    timestampUs: 424_069n,
    message: 'pci_root PNP0A03:00: host bridge window [io  0x0000-0x0cf7] (ignored)',
    fields: new Map([
      ['SUBSYSTEM', 'acpi'],
      ['DEVICE', '+acpi:PNP0A03:00'],
    ]),
  });
});

test('parseKmsgRecord() knows facilities, further words of the head and escaped bytes', () => {
  const record = parseKmsgRecord('30,18446744073709551615,9,c,caller=T1;a;b \\xc3\\xa9 \\x5cx41 \\xff\\x0a\n');
  assert.deepEqual(
    [record.level, record.facility, record.sequence, record.message],
    [6, 3, 2n ** 64n - 1n, 'a;b é \\x41 \udcff\n'],
  );
});

test('parseKmsgRecord() refuses what is no record', () => {
  for (const text of ['', 'hello', '1,2;x', '3,a,5,-;x'])
    assert.throws(() => parseKmsgRecord(text), DmParseError, text);
});

test('complaint() takes what device-mapper says of the device, without the errno', () => {
  const records = [
    said('device-mapper: table: 254:1: linear: Invalid argument count (-EINVAL)'),
    said('device-mapper: ioctl: error adding target to table'),
  ];
  assert.equal(complaint(records, DEVICE), 'linear: Invalid argument count');
  assert.equal(complaint([said('device-mapper: thin: dm-1: no (-EINVAL) here', 4)], DEVICE), 'no (-EINVAL) here');
  const two = [said('device-mapper: table: 254:1: a'), said('device-mapper: thin-pool: 254:1: b')];
  assert.equal(complaint(two, DEVICE), 'a; b');
});

test('complaint() leaves out other devices, other drivers, users and mere news', () => {
  for (const record of [
    said('device-mapper: table: 254:10: linear: Invalid argument count'),
    said('device-mapper: table: 1254:1: x'),
    said('device-mapper: table: 254:2: 254:1 is too small'),
    said('device-mapper: thin: dm-10: x'),
    said('EXT4-fs: table: 254:1: x'),
    said('device-mapper: table: 254:1: x', 6),
    said('device-mapper: table: 254:1: x', 8 + 3),
  ]) {
    assert.equal(complaint([record], DEVICE), undefined, record.message);
  }
});

test('load() and resume() carry what the log said meanwhile, and close the log', async () => {
  const kernel = new SimulatedKernel();
  const lines: string[] = [];
  let open = 0;
  let opened = 0;
  const dm = new DeviceMapper(kernel.openControl(), {
    kernelLog() {
      open++;
      opened++;
      return { read: () => lines.splice(0), [Symbol.dispose]: () => void open-- };
    },
  });
  const disk = kernel.addDisk({ sectors: 64 });
  const params = `${disk.number.major}:${disk.number.minor} 0`;
  const table = (length: number, words = params) => [
    { start: sectors(0), length: sectors(length), type: 'linear', params: words },
  ];
  const { number } = await dm.create('vol');
  const log = (text: string) =>
    lines.push('no record', `3,1,1,-;device-mapper: table: ${number.major}:${number.minor}: ${text}\n`);
  log('linear: Invalid argument count (-EINVAL)');
  await assert.rejects(dm.load({ name: 'vol' }, table(8, 'x')), {
    message: 'DM_TABLE_LOAD on vol: linear: Invalid argument count (EINVAL)',
    code: 'EINVAL',
  });
  await dm.load({ name: 'vol' }, table(8));
  await dm.resume({ name: 'vol' });
  await dm.load(number, table(128));
  log('8:0 too small for target');
  await assert.rejects(dm.resume(number), { op: 'DM_DEV_SUSPEND', reason: '8:0 too small for target' });
  // Without a word of the kernel's, the usual one; also where the device is not even there.
  await assert.rejects(
    dm.load(number, table(8, 'x')),
    (error) => DmError.is(error, 'EINVAL') && error.reason === undefined,
  );
  await assert.rejects(dm.load({ name: 'none' }, table(8)), { code: 'ENXIO' });
  assert.deepEqual([open, opened], [0, 7]);
});
