import type { SimulatedRandom } from '../../src/simulator/index.ts';
import type { TargetLine } from './operation.ts';

/** Where mirrors keep their logs, pools their metadata and snapshots their differences: wiped after each sequence. */
export const LOG_DISK = 5;
export const METADATA_DISK = 6;
export const COW_DISK = 7;

type Words = Pick<TargetLine, 'type' | 'params'>;

const LOW_WATER_MARKS = ['0', '1', '4', '99', '+2', '-1', '18446744073709551616'];
const POOL_FEATURES = [
  '',
  '',
  ' 0',
  ' 1 skip_block_zeroing',
  ' 1 ignore_discard',
  ' 1 error_if_no_space',
  ' 1 read_only',
  ' 2 no_discard_passdown ERROR_IF_NO_SPACE',
  ' 1 bogus',
  ' 2 read_only',
  ' 5 a b c d e',
];
const FLAKEY_TIMES = ['5 6', '0 1', '1 0', '0 0', '4294967295 1', '5'];
const FLAKEY_FEATURES = [
  '',
  '',
  ' 0',
  ' 1 drop_writes',
  ' 1 error_writes',
  ' 1 error_reads',
  ' 2 drop_writes error_writes',
  ' 5 corrupt_bio_byte 32 r 1 0',
  ' 5 corrupt_bio_byte 0 r 1 0',
  ' 5 Corrupt_Bio_Byte 1 w 255 0',
  ' 6 corrupt_bio_byte 1 w 1 0 drop_writes',
  ' 2 random_read_corrupt 500',
  ' 1 bogus',
  ' 1',
];
// Always `nosync`: others become equal in the kernel's own time, and an event tells of it.
const CORE_LOGS = ['core 2 8 nosync', 'core 2 8 nosync', 'core 2 16 nosync', 'core 2 1024 nosync'];
const DISK_LOGS = [8, 8, 1024].map((region) => `disk 3 1:${LOG_DISK} ${region} nosync`);
const REFUSED_LOGS = [
  'core 2 3 nosync',
  'core 2 0 nosync',
  'core 2 x nosync',
  'core 2 262144 nosync',
  'core 2 8 maybe',
  'core 3 8 nosync x',
  'core 0',
  'core x 8',
  `disk 1 1:${LOG_DISK}`,
  'disk 3 200:5 8 nosync',
  'nolog 1 8',
  'core',
  '',
];
const MIRROR_FEATURES = [
  '',
  '',
  ' 0',
  ' 1 handle_errors',
  ' 2 handle_errors keep_log',
  ' 1 keep_log',
  ' 1 HANDLE_ERRORS',
  ' 1 bogus',
  ' 2 handle_errors',
  ' 1 handle_errors x',
];
const STRIPES = ['1', '2', '2', '2', '4', '0', '3', 'x'];
const CHUNKS = ['1', '4', '8', '8', '0', '3', '128', '4294967296'];

/** Messages for thin pools, and some for whatever else. */
export const TARGET_MESSAGES = [
  'create_thin 0',
  'create_thin 0',
  'create_thin 1',
  'create_thin 16777216',
  'create_thin +2',
  'create_thin x',
  'create_thin',
  'CREATE_SNAP 1 0',
  'create_snap 2 0',
  'create_snap 0 9',
  'delete 0',
  'delete 1',
  'delete 9',
  'delete',
  'set_transaction_id 0 1',
  'set_transaction_id 1 18446744073709551615',
  'set_transaction_id 0',
  'reserve_metadata_snap',
  'release_metadata_snap',
  'release_metadata_snap 1',
  'key wipe',
];

/** Draws parameter lines of the targets that need more than an area. */
export class TargetLines {
  readonly #random: SimulatedRandom;
  readonly #area: () => string;
  readonly #device: () => string;

  /**
   * @param area draws a device with an offset
   * @param device draws a device of device-mapper's
   */
  constructor(random: SimulatedRandom, area: () => string, device: () => string) {
    this.#random = random;
    this.#area = area;
    this.#device = device;
  }

  draw(): Words {
    const draw = this.#random.below(100);
    if (draw < 20) return this.#striped();
    if (draw < 32) return this.#delay();
    if (draw < 46) return this.#flakey();
    if (draw < 54)
      return { type: 'snapshot-origin', params: this.#random.pick([this.#disk(), this.#device(), 'x', '']) };
    if (draw < 66) return this.#snapshot();
    if (draw < 76) return this.#mirror();
    return draw < 88 ? this.pool() : this.thin();
  }

  /** A target that can be made of 8 or 16 sectors. */
  sound(): Words {
    const random = this.#random;
    const area = (): string => `${this.#disk()} 0`;
    const log = random.pick([CORE_LOGS[0], DISK_LOGS[0]]);
    const features = random.pick(['', ' 0', ' 1 handle_errors', ' 2 handle_errors keep_log']);
    return random.pick([
      { type: 'mirror', params: `${log} 2 ${area()} ${area()}${features}` },
      { type: 'mirror', params: `${log} 3 ${area()} ${area()} ${area()}` },
      { type: 'striped', params: `2 4 ${area()} ${area()}` },
      { type: 'delay', params: `${area()} 5` },
      { type: 'flakey', params: `${area()} 5 6` },
    ]);
  }

  /** A pool; most can be made. */
  pool(): Words {
    const random = this.#random;
    const metadata = random.chance(0.9) ? `1:${METADATA_DISK}` : `1:${COW_DISK}`;
    const data = random.chance(0.8) ? '1:0' : this.#disk();
    const block = random.chance(0.9) ? '128' : random.pick(['256', '64', '192', 'x', '+128']);
    const mark = random.pick(LOW_WATER_MARKS);
    return { type: 'thin-pool', params: `${metadata} ${data} ${block} ${mark}${random.pick(POOL_FEATURES)}` };
  }

  thin(): Words {
    const random = this.#random;
    const id = random.pick(['0', '0', '0', '1', '2', '9', '+1', '16777216', 'x']);
    const origin = random.chance(0.2) ? ` ${random.pick([this.#disk(), this.#device()])}` : '';
    return { type: 'thin', params: `${this.#device()} ${id}${origin}` };
  }

  #disk(): string {
    return `1:${this.#random.below(LOG_DISK)}`;
  }

  #striped(): Words {
    const random = this.#random;
    const count = random.pick(STRIPES);
    const areas = Array.from({ length: Number(count) || 1 }, () =>
      random.chance(0.8) ? `${this.#disk()} 0` : this.#area(),
    );
    if (random.chance(0.1)) areas.pop();
    return { type: 'striped', params: [count, random.pick(CHUNKS), ...areas].join(' ') };
  }

  #delay(): Words {
    const random = this.#random;
    const leg = (): string =>
      `${random.chance(0.8) ? `${this.#disk()} 0` : this.#area()} ${random.pick(['0', '5', 'x', '4294967296'])}`;
    const legs = Array.from({ length: random.pick([1, 1, 2, 3, 4]) }, leg);
    if (random.chance(0.1)) legs.push('1:0');
    return { type: 'delay', params: legs.join(' ') };
  }

  #flakey(): Words {
    const random = this.#random;
    const area = random.chance(0.8) ? `${this.#disk()} 0` : this.#area();
    return { type: 'flakey', params: `${area} ${random.pick(FLAKEY_TIMES)}${random.pick(FLAKEY_FEATURES)}` };
  }

  #mirror(): Words {
    const random = this.#random;
    const log = random.pick(random.pick([CORE_LOGS, CORE_LOGS, DISK_LOGS, REFUSED_LOGS]));
    const count = random.pick(['2', '2', '2', '3', '1', '10', 'x']);
    const legs = Array.from({ length: Number(count) || 1 }, () =>
      random.chance(0.9) ? `${this.#disk()} 0` : this.#area(),
    );
    if (random.chance(0.05)) legs.pop();
    return { type: 'mirror', params: [log, count, ...legs].join(' ') + random.pick(MIRROR_FEATURES) };
  }

  #snapshot(): Words {
    const random = this.#random;
    const origin = random.chance(0.8) ? '1:0' : this.#disk();
    const cow = random.chance(0.9) ? `1:${COW_DISK}` : this.#disk();
    const store = random.pick(['P', 'P', 'PO', 'N', 'n', 'X']);
    const chunk = random.pick(['8', '8', '16', '0', '3', 'x', '4194304']);
    const features = random.pick(['', '', '', ' 1 discard_zeroes_cow', ' 1 discard_passdown_origin', ' 1 x', ' 0']);
    return { type: 'snapshot', params: `${origin} ${cow} ${store} ${chunk}${features}` };
  }
}
