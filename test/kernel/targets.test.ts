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
const KEEPS_METADATA = new Set(['snapshot', 'thin-pool', 'cache', 'era', 'mirror', 'log-writes']);

/** Types that Debian builds and whose refusals follow from the words and the devices' names. */
const VARIED = [
  'linear',
  'striped',
  'zero',
  'error',
  'delay',
  'flakey',
  'unstriped',
  'switch',
  'log-writes',
  'snapshot-origin',
  'snapshot',
  'mirror',
  'thin-pool',
  'cache',
  'era',
  'crypt',
];

/**
 * The table, and it with each word replaced or left out, and with words behind it. One variant a word, other ones in
 * the next table: each load takes its time in an emulated machine.
 */
function variants(params: string, seed: number): string[] {
  const words = params.split(' ').filter((word) => word !== '');
  const changed = words.map((_, at) =>
    (at + seed) % 3 === 2 ? words.toSpliced(at, 1) : words.with(at, WORDS[(at + 5 * seed) % WORDS.length] ?? ''),
  );
  return [words, ...changed, [...words, 'more'], [...words, '1', 'more']].map((each) => each.join(' '));
}

/** Linux 6.1 takes hexadecimal digits for a device number (init/do_mounts.c, name_to_dev_t), of whatever device. */
function isNumberInHex(device: Device): boolean {
  return !atLeast(kernel, '6.12') && typeof device === 'string' && /^(?:0x)?[0-9a-f]+$/i.test(device);
}

function cannotOpen(device: Device): number | undefined {
  if (typeof device !== 'string') return device.major === 1 && device.minor < 8 ? undefined : ERRNO.ENXIO;
  if (/^\/dev\/ram[0-7]$/.test(device)) return undefined;
  if (!atLeast(kernel, '6.12')) return ERRNO.ENODEV;
  return device === '/dev/null' ? ERRNO.ENOTBLK : ERRNO.ENOENT;
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

// Another file may have made disks of another size before, in the same guest.
test.before(() => sh('modprobe -r brd; modprobe brd rd_nr=8 rd_size=65536'));

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
      for (const params of variants(base, index)) {
        if (tried.has(params) || !decidable(type, params, base)) continue;
        tried.add(params);
        const asked: Device[] = [];
        const expected = grammar
          .problems(params, {
            kernel,
            length,
            readOnly: false,
            cannotOpen(device) {
              asked.push(device);
              return cannotOpen(device);
            },
          })
          .find(({ errno }) => errno !== undefined);
        if (asked.some(isNumberInHex)) continue;
        if (KEEPS_METADATA.has(type)) wipe();
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
    assert.ok(tried.size >= 3);
    assert.deepEqual(wrong, []);
  });
}
