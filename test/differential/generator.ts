import { DM_FLAGS, encodeDeviceNumber } from '../../src/kernel/index.ts';
import { SimulatedRandom } from '../../src/simulator/index.ts';
import type { IoctlOperation, Operation, TargetLine } from './operation.ts';
import { POOL_LENGTHS, PoolOperations } from './pool-operations.ts';
import { TARGET_MESSAGES, TargetLines } from './target-lines.ts';

/** What the kernels under test have: disks `1:0` to `1:7`, of this size. */
export const DISK_MAJOR = 1;
export const DISKS = 8;
export const DISK_SECTORS = 131_072;
const END = BigInt(DISK_SECTORS);

// Few, and some often, so that they meet; the last one fills its field.
const COMMON_NAMES = ['a', 'b', 'ab'];
const NAMES = [...COMMON_NAMES, 'c d\t\xc3\xa9', '.', 'N'.repeat(128)];
const BAD_NAMES = ['', 'a/b'];
const UUIDS = ['U1', 'U/2', 'V'.repeat(129)];
const COMMON_MINORS = 3;
const MINORS = 7;
const LENGTHS = [8n, 8n, 16n, 1024n, END, END + 1n];
const OFFSETS = [0n, 0n, 8n, END - 8n, END - 1n, END, 2n ** 63n];
const SIZES = [305, 311, 312, 313, 320, 327, 328, 336, 352, 353, 354, 359, 360, 368, 376, 400, 408, 409, 456];
const ODD_FLAGS = [
  ...Object.values(DM_FLAGS).filter((flag) => flag !== DM_FLAGS.SUSPEND && flag !== DM_FLAGS.PERSISTENT_DEV),
  DM_FLAGS.QUERY_INACTIVE_TABLE,
  DM_FLAGS.QUERY_INACTIVE_TABLE,
  1 << 20,
];
const MESSAGES = [
  '@stats_create - /1',
  '@stats_create 0+16 8 prog aux',
  '@stats_create - 4 2 precise_timestamps histogram:10,20',
  '@stats_list',
  '@stats_list prog',
  '@stats_print 0',
  '@stats_print_clear 1 0 1',
  '@stats_clear 0',
  '@stats_set_aux 0 x',
  '@stats_delete 0',
  '@stats_delete 1',
  '@stats_create 0+0 1',
  '@cancel_deferred_remove',
  '@CANCEL_deferred_remove',
  '@cancel_deferred_remove now',
  '@unknown',
  'hello world',
  '',
  ' \t',
];
const GEOMETRIES = [
  '1 2 4 0',
  ' 16 255 63 8',
  '1 2 4',
  '65536 1 1 0',
  '1 256 1 0',
  '1 2 4 9',
  '1 2 4 8',
  '1 2 4 0 ',
  'x',
  '-1 2 4 0',
];
const TYPES = ['linear', 'zero', 'error', 'striped', 'thin-pool', 'nosuch', ''];

/** Draws sequences of operations: the same seed draws the same. */
export class Generator {
  readonly #random: SimulatedRandom;
  readonly #major: number;
  readonly #lines: TargetLines;
  readonly #pools: PoolOperations;

  /** @param major device-mapper's major number */
  constructor(seed: number, major: number) {
    this.#major = major;
    this.#random = new SimulatedRandom(seed);
    const device = (): string => `${this.#major}:${this.#random.below(COMMON_MINORS)}`;
    this.#lines = new TargetLines(this.#random, () => this.#area(), device);
    this.#pools = new PoolOperations(this.#random, this.#lines, major);
  }

  /** A sequence: a few devices that mostly come to life, then what comes to mind. */
  sequence(length: number): Operation[] {
    const operations: Operation[] = this.#random.chance(0.35) ? this.#pools.begin() : [];
    for (const name of COMMON_NAMES) {
      if (this.#random.chance(0.85)) operations.push({ kind: 'ioctl', node: 0, command: 'DM_DEV_CREATE', name });
      if (this.#random.chance(0.8)) operations.push({ kind: 'ioctl', node: 0, ...this.#soundLoad(name) });
      if (this.#random.chance(0.8)) operations.push({ kind: 'ioctl', node: 0, command: 'DM_DEV_SUSPEND', name });
    }
    while (operations.length < length) operations.push(this.operation());
    return operations;
  }

  /** One operation. */
  operation(): Operation {
    const node = this.#random.chance(0.2) ? 1 : 0;
    const draw = this.#random.below(100);
    if (draw < 2) return { kind: 'poll', node };
    if (draw < 3) return { kind: 'reopen', node };
    if (draw < 8) return { kind: 'hold', minor: this.#minor() };
    if (draw < 10) return { kind: 'release' };
    return this.#odd({ kind: 'ioctl', node, ...this.#ioctl() });
  }

  #ioctl(): Omit<IoctlOperation, 'kind' | 'node'> {
    const random = this.#random;
    const draw = random.below(100);
    if (draw < 16) return this.#create();
    if (draw < 25)
      return { command: 'DM_DEV_REMOVE', ...this.#device(), eventNr: random.below(3), flags: this.#deferred() };
    if (draw < 26) return { command: 'DM_REMOVE_ALL', eventNr: 5, flags: this.#deferred() };
    if (draw < 33) return this.#rename();
    if (draw < 52) return this.#load();
    if (draw < 56) return { command: 'DM_TABLE_CLEAR', ...this.#device() };
    if (draw < 62) return { command: 'DM_DEV_SUSPEND', ...this.#device(), flags: DM_FLAGS.SUSPEND };
    if (draw < 74) return { command: 'DM_DEV_SUSPEND', ...this.#device(), eventNr: random.below(3) };
    if (draw < 78) return { command: 'DM_DEV_STATUS', ...this.#device() };
    if (draw < 83) return { command: 'DM_TABLE_STATUS', ...this.#device(), flags: this.#statusFlags() };
    // Never the number of the device: it does not wait.
    if (draw < 84) return { command: 'DM_DEV_WAIT', ...this.#device(), eventNr: 0xdead_beef };
    if (draw < 87) return { command: 'DM_TABLE_DEPS', ...this.#device() };
    if (draw < 90) return this.#list();
    if (draw < 91) return { command: 'DM_LIST_VERSIONS' };
    if (draw < 92) return { command: 'DM_GET_TARGET_VERSION', name: random.pick(TYPES) };
    if (draw < 97) {
      const message = {
        sector: random.pick([0n, 0n, 5n, 8n, 2n ** 40n]),
        text: random.pick(random.chance(0.6) ? MESSAGES : TARGET_MESSAGES),
      };
      return { command: 'DM_TARGET_MSG', ...this.#device(), message };
    }
    if (draw < 98) return { command: 'DM_DEV_SET_GEOMETRY', ...this.#device(), text: random.pick(GEOMETRIES) };
    if (draw < 99) return { command: 'DM_DEV_ARM_POLL' };
    return { command: 'DM_VERSION' };
  }

  #name(): string {
    const draw = this.#random.below(100);
    if (draw < 2) return this.#random.pick(BAD_NAMES);
    return this.#random.pick(draw < 75 ? COMMON_NAMES : NAMES);
  }

  #minor(): number {
    return this.#random.below(this.#random.chance(0.8) ? COMMON_MINORS : MINORS);
  }

  #number(): bigint {
    return encodeDeviceNumber({ major: this.#major, minor: this.#minor() });
  }

  /** Whom a request is about. */
  #device(): { name?: string; uuid?: string; dev?: bigint } {
    const draw = this.#random.below(100);
    if (draw < 70) return { name: this.#name() };
    if (draw < 80) return { uuid: this.#random.pick(UUIDS) };
    if (draw < 92) return { dev: this.#number() };
    if (draw < 94) return { name: this.#name(), uuid: this.#random.pick(UUIDS) };
    if (draw < 96) return { name: this.#name(), dev: this.#number() };
    if (draw < 98) return { uuid: this.#random.pick(UUIDS), dev: this.#number() };
    return { dev: this.#random.pick([0n, 1n, 2n ** 32n, this.#number() + 2n ** 32n]) };
  }

  #deferred(): number {
    return this.#random.chance(0.3) ? DM_FLAGS.DEFERRED_REMOVE : 0;
  }

  #statusFlags(): number {
    return this.#random.pick([0, DM_FLAGS.STATUS_TABLE, DM_FLAGS.STATUS_TABLE, DM_FLAGS.IMA_MEASUREMENT]);
  }

  #create(): Omit<IoctlOperation, 'kind' | 'node'> {
    const random = this.#random;
    const uuid = random.chance(0.35) ? { uuid: random.pick(UUIDS) } : {};
    const created = { command: 'DM_DEV_CREATE' as const, name: this.#name(), ...uuid };
    if (!random.chance(0.12)) return created;
    const dev = this.#number() + random.pick([0n, 0n, 256n, 2n ** 32n]);
    return { ...created, flags: DM_FLAGS.PERSISTENT_DEV, dev };
  }

  #rename(): Omit<IoctlOperation, 'kind' | 'node'> {
    const random = this.#random;
    const about = random.chance(0.9) ? { name: this.#name() } : this.#device();
    const renamed = { command: 'DM_DEV_RENAME' as const, ...about, eventNr: random.below(3) };
    if (random.chance(0.35))
      return { ...renamed, flags: DM_FLAGS.UUID, text: random.pick([...UUIDS, 'W'.repeat(128)]) };
    return { ...renamed, text: random.pick([this.#name(), this.#name(), 'n'.repeat(127), 'control']) };
  }

  #list(): Omit<IoctlOperation, 'kind' | 'node'> {
    const random = this.#random;
    return {
      command: 'DM_LIST_DEVICES',
      flags: random.chance(0.5) ? DM_FLAGS.UUID : 0,
      ...(random.chance(0.3) ? { name: random.pick(NAMES) } : {}),
      ...(random.chance(0.2) ? { uuid: random.pick([...UUIDS, 'U']) } : {}),
    };
  }

  /** A table that a device can live with: small, on a disk or on one of the first devices. */
  #soundTable(): TargetLine[] {
    const random = this.#random;
    const length = random.pick([8n, 8n, 16n]);
    if (random.chance(0.3)) return [{ start: 0n, length, type: random.pick(['zero', 'error']), params: '' }];
    if (random.chance(0.3)) return [{ start: 0n, length, ...this.#lines.sound() }];
    const onDisk = random.chance(0.6);
    const number = onDisk ? `${DISK_MAJOR}:${random.below(DISKS)}` : `${this.#major}:${random.below(COMMON_MINORS)}`;
    return [{ start: 0n, length, type: 'linear', params: `${number} 0` }];
  }

  #soundLoad(name: string): Omit<IoctlOperation, 'kind' | 'node'> {
    const flags = this.#random.chance(0.2) ? DM_FLAGS.READONLY : 0;
    return { command: 'DM_TABLE_LOAD', name, targets: this.#soundTable(), flags };
  }

  #load(): Omit<IoctlOperation, 'kind' | 'node'> {
    const random = this.#random;
    if (random.chance(0.4)) return this.#soundLoad(this.#name());
    const targets: TargetLine[] = [];
    let start = 0n;
    for (let count = random.pick([1, 1, 1, 2, 3]); count > 0; count--) {
      const target = this.#target();
      const length = random.pick(target.type === 'thin-pool' ? POOL_LENGTHS : LENGTHS);
      targets.push(this.#spoiled({ start, length, ...target }));
      start += length;
    }
    const loaded = { command: 'DM_TABLE_LOAD' as const, ...this.#device(), targets };
    const flags = random.chance(0.2) ? DM_FLAGS.READONLY : 0;
    if (random.chance(0.93)) return { ...loaded, flags };
    return random.pick([
      { ...loaded, targetCount: 0 },
      { ...loaded, targetCount: targets.length + 1 },
      { ...loaded, targetCount: 2 ** 20 + 1 },
      { ...loaded, dataStart: random.pick([0, 16, 40, 304, 305, 308, 320, BEYOND]) },
    ]);
  }

  #target(): Pick<TargetLine, 'type' | 'params'> {
    const random = this.#random;
    if (random.chance(0.4)) return this.#lines.draw();
    const draw = random.below(100);
    if (draw < 25) return { type: 'zero', params: '' };
    if (draw < 35) return { type: 'error', params: random.pick(['', 'any thing at all', 'any 0', this.#area()]) };
    if (draw < 90) return { type: 'linear', params: this.#area() };
    return random.pick([
      { type: 'zero', params: 'x' },
      { type: 'nosuch', params: '' },
      { type: 'linear', params: '' },
      { type: 'linear', params: '1:0' },
      { type: 'linear', params: '1:0 0 0' },
      { type: 'linear', params: '1:0 -1' },
      { type: 'linear', params: '1:0 0x10' },
      { type: 'linear', params: ' 1:0\t\t010 ' },
      { type: 'linear', params: '1:0\\ 0' },
      { type: 'linear', params: '/dev/nonexistent 0' },
      { type: 'linear', params: '200:5 0' },
      { type: 'linear', params: '99999:0 0' },
      { type: 'linear', params: '1:0 99999999999999999999' },
      { type: 'LINEAR', params: '1:0 0' },
      { type: 'linearlinearlinear', params: '1:0 0' },
    ]);
  }

  #area(): string {
    const random = this.#random;
    const onDisk = random.chance(0.7);
    const number = onDisk ? `${DISK_MAJOR}:${random.below(DISKS)}` : `${this.#major}:${this.#minor()}`;
    return `${number} ${random.pick(OFFSETS)}`;
  }

  /** Now and then a target that does not lie as it should. */
  #spoiled(line: TargetLine): TargetLine {
    const random = this.#random;
    if (random.chance(0.97)) return line;
    return random.pick([
      { ...line, start: line.start + 1n },
      { ...line, start: 2n ** 64n - 4n },
      { ...line, length: 0n },
      { ...line, length: 2n ** 60n },
      { ...line, next: 0 },
      { ...line, next: 16 },
      { ...line, next: 44 },
      { ...line, next: 2 ** 31 },
    ]);
  }

  /** Now and then flags, sizes and versions that are not the usual ones. */
  #odd(operation: IoctlOperation): IoctlOperation {
    const random = this.#random;
    let odd = operation;
    const { flags = 0 } = odd;
    if (random.chance(0.12)) odd = { ...odd, flags: flags | random.pick(ODD_FLAGS) };
    if (random.chance(0.08)) odd = { ...odd, size: random.pick(SIZES) };
    if (random.chance(0.01)) odd = { ...odd, size: random.pick([0, 300, 304, 2 ** 30 + 1]) };
    if (random.chance(0.01)) odd = { ...odd, version: random.pick(VERSIONS) };
    if (random.chance(0.01)) odd = { ...odd, dataStart: random.pick([0, 300, 305, 313, BEYOND]) };
    return odd;
  }
}

const BEYOND = 2 ** 31;
const VERSIONS = [
  [4, 47, 0],
  [4, 48, 0],
  [4, 99, 0],
  [3, 0, 0],
  [5, 0, 0],
] as const;
