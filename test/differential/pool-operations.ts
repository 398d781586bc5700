import { DM_FLAGS } from '../../src/kernel/index.ts';
import type { SimulatedRandom } from '../../src/simulator/index.ts';
import type { Operation, TargetLine } from './operation.ts';
import { TARGET_MESSAGES, type TargetLines } from './target-lines.ts';

/** Lengths of pools, in sectors: most of whole blocks. */
export const POOL_LENGTHS = [1024n, 1024n, 2048n, 8192n, 128n, 1000n];
// A name of its own: a pool that is replaced while it is suspended never answers its thin devices again, and hangs
// who closes them.
const POOL = 'p';
const THIN_LENGTHS = [8n, 1024n, 8192n];

/** Draws what is done to a pool. */
export class PoolOperations {
  readonly #random: SimulatedRandom;
  readonly #lines: TargetLines;
  readonly #major: number;

  constructor(random: SimulatedRandom, lines: TargetLines, major: number) {
    this.#random = random;
    this.#lines = lines;
    this.#major = major;
  }

  /** A pool with a thin device on it, and what is done to pools. */
  begin(): Operation[] {
    const random = this.#random;
    const begun = { kind: 'ioctl', node: 0 } as const;
    const make = (name: string, line: TargetLine): Operation[] => [
      { ...begun, command: 'DM_DEV_CREATE', name },
      { ...begun, command: 'DM_TABLE_LOAD', name, targets: [line] },
      { ...begun, command: 'DM_DEV_SUSPEND', name },
    ];
    const length = random.pick(POOL_LENGTHS);
    const operations = make(POOL, { start: 0n, length, type: 'thin-pool', params: '1:6 1:0 128 1' });
    for (let count = random.below(6); count > 0; count--) operations.push(...this.#some());
    const thin = { start: 0n, length: random.pick(THIN_LENGTHS), ...this.#lines.thin() };
    operations.push(...make('t', { ...thin, params: `${this.#major}:0 ${random.pick(['0', '0', '1'])}` }));
    for (let count = random.below(4); count > 0; count--) operations.push(...this.#some());
    return operations;
  }

  #some(): Operation[] {
    const random = this.#random;
    const about = { kind: 'ioctl', node: 0, name: POOL } as const;
    const draw = random.below(100);
    if (draw < 50) {
      return [{ ...about, command: 'DM_TARGET_MSG', message: { sector: 0n, text: random.pick(TARGET_MESSAGES) } }];
    }
    if (draw < 65) {
      const line = { start: 0n, length: random.pick(POOL_LENGTHS), ...this.#lines.pool() };
      return [{ ...about, command: 'DM_TABLE_LOAD', targets: [line] }];
    }
    if (draw < 80) return [{ ...about, command: 'DM_DEV_SUSPEND' }];
    if (draw < 85) {
      const text = random.pick(TARGET_MESSAGES);
      return [
        { ...about, command: 'DM_DEV_SUSPEND', flags: DM_FLAGS.SUSPEND },
        { ...about, command: 'DM_TARGET_MSG', message: { sector: 0n, text } },
        { ...about, command: 'DM_DEV_SUSPEND' },
      ];
    }
    return [
      {
        ...about,
        command: 'DM_TABLE_STATUS',
        flags: random.pick([0, 0, DM_FLAGS.STATUS_TABLE, DM_FLAGS.IMA_MEASUREMENT]),
      },
    ];
  }
}
