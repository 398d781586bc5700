import { ERRNO } from '../../kernel/errno.ts';
import type { thin as grammar } from '../../targets/index.ts';
import { Refusal } from '../errors.ts';
import type { Area, Model, Step, TargetIo } from '../mapping.ts';
import type { TargetContext } from '../target-types.ts';
import { type Pool, PoolUser, pools } from './pool.ts';

type Values = ReturnType<typeof grammar.parse>['values'];

/** A thin device's target: takes blocks from its pool when it is written. */
export class ThinModel extends PoolUser implements Model {
  readonly id: number;
  readonly areas: readonly Area[];
  readonly #origin: Area | undefined;

  constructor(pool: Pool, id: number, [area, origin]: readonly Area[]) {
    if (area === undefined) throw new RangeError('a thin device has a pool');
    super(pool);
    this.id = id;
    // The external origin is opened first.
    this.areas = origin === undefined ? [area] : [origin, area];
    this.#origin = origin;
  }

  info(): string {
    const { metadata } = this.pool;
    const { blockSectors } = metadata;
    const highest = metadata.highest(this.id);
    const last = highest === undefined ? '-' : (highest + 1) * blockSectors - 1;
    return `${metadata.mapped(this.id) * blockSectors} ${last}`;
  }

  ioBoundary(): number {
    return this.pool.metadata.blockSectors;
  }

  route(io: TargetIo): readonly Step[] {
    const { pool, id } = this;
    const { metadata, dataDevice } = pool;
    if (pool.suspended) return this.#later(io);
    const { blockSectors } = metadata;
    const virtual = Math.floor(io.sector / blockSectors);
    const within = io.sector % blockSectors;
    const at = (block: number, sector: number) => ({ device: dataDevice, sector: block * blockSectors + sector });
    const found = metadata.lookup(id, virtual);
    if (found !== undefined && (io.direction === 'read' || !found.shared)) {
      return [{ do: 'pass', to: at(found.block, within) }];
    }
    if (io.direction === 'read') return this.#unmapped(io);
    const block = pool.allocate(id, virtual);
    if (block === undefined) return this.#withoutSpace(io);
    const pass: Step = { do: 'pass', to: at(block, within) };
    if (io.sectors === blockSectors) return [pass];
    const to = at(block, 0);
    if (found !== undefined) return [{ do: 'copy', from: at(found.block, 0), to, sectors: blockSectors }, pass];
    return [...this.#fill(virtual, to), pass];
  }

  #later(io: TargetIo): readonly Step[] {
    return [{ do: 'wait', until: (wake) => this.pool.wait(wake), afterwards: () => this.route(io) }];
  }

  #withoutSpace(io: TargetIo): readonly Step[] {
    const { mode, features } = this.pool;
    if (mode === 'ro') return [{ do: 'fail', errno: ERRNO.EIO }];
    return features.errorsWithoutSpace ? [{ do: 'fail', errno: ERRNO.ENOSPC }] : this.#later(io);
  }

  /** How many sectors of a range the external origin has. */
  #inOrigin(sector: number, sectors: number): number {
    const size = Number(this.#origin?.device.sizeSectors ?? 0n);
    return Math.max(0, Math.min(sectors, size - sector));
  }

  #unmapped({ sector, sectors }: TargetIo): readonly Step[] {
    const there = this.#inOrigin(sector, sectors);
    const device = this.#origin?.device;
    if (device === undefined || there === 0) return [{ do: 'nothing' }];
    const pass: Step = { do: 'pass', to: { device, sector }, from: 0, sectors: there };
    return there === sectors ? [pass] : [pass, { do: 'nothing', from: there, sectors: sectors - there }];
  }

  /** What a new block holds before a part of it is written. */
  #fill(virtual: number, to: { readonly device: Area['device']; readonly sector: number }): readonly Step[] {
    const { blockSectors } = this.pool.metadata;
    const there = this.#inOrigin(virtual * blockSectors, blockSectors);
    const device = this.#origin?.device;
    const copied = device === undefined ? 0 : there;
    const steps: Step[] = [];
    if (device !== undefined && copied > 0) {
      steps.push({ do: 'copy', from: { device, sector: virtual * blockSectors }, to, sectors: copied });
    }
    if (copied < blockSectors && this.pool.features.zeroes) {
      const rest = { device: to.device, sector: to.sector + copied };
      steps.push({ do: 'clear', to: rest, sectors: blockSectors - copied });
    }
    return steps;
  }
}

/** A thin device (drivers/md/dm-thin.c). */
export function thin(values: Values, areas: readonly Area[], context: TargetContext): Model {
  const [area] = areas;
  if (!('pool' in values) || area === undefined) throw new RangeError('a thin device has a pool');
  const { id } = values;
  const pool = pools(context.models()).find(({ owner }) => owner === area.device);
  if (pool === undefined) throw new Refusal(ERRNO.EINVAL);
  if (!pool.metadata.has(id)) throw new Refusal(ERRNO.ENODATA);
  if (pool.suspended) throw new Refusal(ERRNO.EINVAL);
  return new ThinModel(pool, id, areas);
}
