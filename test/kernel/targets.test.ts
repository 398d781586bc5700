import assert from 'node:assert/strict';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { release } from 'node:os';
import test from 'node:test';
import { ERRNO, errnoName } from '../../src/kernel/errno.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { DmError, DmParseError } from '../../src/mapper/errors.ts';
import { sectors } from '../../src/mapper/units.ts';
import {
  atLeast,
  type Device,
  type KernelVersion,
  type Target,
  type TargetGrammar,
  targetNamed,
  targetTypes,
} from '../../src/targets/index.ts';
import { capturedLoads, readbackOn } from '../targets/support.ts';
import { sh } from './support.ts';

const [major, minor] = release().split('.').map(Number);
const kernel: KernelVersion = `${major ?? 0}.${minor ?? 0}`;
/** The capture whose tables are varied. */
const captured: KernelVersion = atLeast(kernel, '6.12') ? '6.12' : '6.1';

/** The disks of the captures: 64 MiB each. */
const RAM_SECTORS = 131_072n;

/** Words that try a constructor's checks. */
const WORDS = [
  '0',
  '1',
  '7',
  '1024',
  '-1',
  '+5',
  '0x10',
  '5abc',
  '010',
  '4294967297',
  '18446744073709551617',
  'bogus',
  '/dev/nothing',
  '/dev/null',
  '240:9',
  '99999:0',
  '1:1048576',
  '-',
];

/** Types whose constructors look at what is on their devices: it is wiped before each. */
const KEEPS_METADATA = new Set(['snapshot', 'thin-pool', 'cache', 'era', 'clone', 'mirror', 'log-writes']);

/** Types that are varied: those whose refusals follow from the words and the devices' names. */
const VARIED = targetTypes
  .map(({ type }) => type)
  .filter(
    (type) =>
      !['thin', 'dust', 'ebs', 'zoned', 'clone', 'snapshot-merge', 'verity', 'integrity', 'raid'].includes(type),
  );

/** The table, and it with each word left out or replaced, and with words behind it; `seed` varies the new words. */
function variants(params: string, seed: number): string[] {
  const words = params.split(' ').filter((word) => word !== '');
  const changed = words.flatMap((_, at) => [
    words.with(at, WORDS[(at + seed) % WORDS.length] ?? ''),
    words.with(at, WORDS[(at + seed + 7) % WORDS.length] ?? ''),
    words.toSpliced(at, 1),
  ]);
  return [words, ...changed, [...words, 'more'], [...words, '1', 'more']].map((each) => each.join(' '));
}

function cannotOpen(device: Device): number | undefined {
  if (typeof device !== 'string') return device.major === 1 && device.minor < 8 ? undefined : ERRNO.ENXIO;
  if (/^\/dev\/ram[0-7]$/.test(device)) return undefined;
  const isNode = device === '/dev/null';
  if (!atLeast(kernel, '6.12')) {
    // Linux 6.1 takes hexadecimal digits for a device number (init/do_mounts.c, name_to_dev_t).
    return /^(?:0x)?[0-9a-f]*[1-9a-f][0-9a-f]*$/i.test(device) ? ERRNO.ENXIO : ERRNO.ENODEV;
  }
  return isNode ? ERRNO.ENOTBLK : ERRNO.ENOENT;
}

/** Whether no more than the words decides: not which ciphers a kernel has, nor what is on a snapshot's device. */
function decidable(type: string, params: string, base: string): boolean {
  if (type === 'crypt') return params.split(' ')[0] === base.split(' ')[0];
  return type !== 'snapshot' || params.split(' ')[3] !== '0';
}

/** Whether the areas in use lie within the disks. */
function areasFit(grammar: TargetGrammar, params: string, targetLength: bigint): boolean {
  const uses = parsed(grammar, params)?.devices(targetLength) ?? [];
  return uses.every(({ offset, length = 0n }) => offset + length <= RAM_SECTORS);
}

function parsed(grammar: TargetGrammar, params: string): Target | undefined {
  try {
    return grammar.parse(params);
  } catch (error) {
    if (error instanceof DmParseError) return undefined;
    throw error;
  }
}

function wipe(): void {
  for (const disk of [2, 3, 4, 5]) {
    const fd = openSync(`/dev/ram${disk}`, 'w');
    writeSync(fd, new Uint8Array(65_536));
    fsyncSync(fd);
    closeSync(fd);
  }
}

test.before(() => sh('modprobe brd rd_nr=8 rd_size=65536'));

for (const type of VARIED) {
  test(`problems() and readback() of ${type} say what the kernel says to variants of captured tables`, async () => {
    using dm = DeviceMapper.open();
    const grammar = targetNamed(type);
    const ref = { name: `targets-${type}` };
    const loads = capturedLoads(captured).filter((load) => load.type === type && load.errno === undefined);
    const tried = new Set<string>();
    const wrong: string[] = [];
    for (const [index, { params: base, states }] of loads.entries()) {
      const length = states[0]?.length ?? 1024n;
      for (const params of variants(base, index * 5)) {
        if (tried.has(params) || !decidable(type, params, base)) continue;
        tried.add(params);
        if (KEEPS_METADATA.has(type)) wipe();
        const expected = grammar
          .problems(params, { kernel, length, readOnly: false, cannotOpen })
          .find(({ errno }) => errno !== undefined);
        // The first load of a device looks at the areas, too.
        const errno = expected?.errno ?? (areasFit(grammar, params, length) ? undefined : ERRNO.EINVAL);
        const foretold = errno === undefined ? 'taken' : errnoName(errno);
        await dm.create(ref.name);
        let said = 'taken';
        let table = '';
        try {
          await dm.load(ref, [{ start: sectors(0), length: sectors(length), type, params }]);
          await dm.resume(ref);
          table = (await dm.table(ref))[0]?.params ?? '';
        } catch (error) {
          if (!DmError.is(error)) throw error;
          said = error.code;
        } finally {
          await dm.remove(ref);
        }
        if (said !== foretold) wrong.push(`${params}: kernel ${said}, we ${foretold} (${expected?.message})`);
        if (said !== 'taken') continue;
        const printed = parsed(grammar, params)?.readback(readbackOn(captured), { showKeys: true });
        if (printed !== undefined && printed !== table) {
          wrong.push(`${params}: kernel ${JSON.stringify(table)}, we ${JSON.stringify(printed)}`);
        }
      }
    }
    assert.ok(tried.size >= 3 || loads.length === 0);
    assert.deepEqual(wrong, []);
  });
}
