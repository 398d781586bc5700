import { ERRNO } from '../../kernel/errno.ts';
import type { snapshot as grammar } from '../../targets/index.ts';
import { type BlockDevice, deviceText } from '../block-device.ts';
import { Refusal } from '../errors.ts';
import type { Area, Model, ModelContext, Place, Step, TargetIo } from '../mapping.ts';
import type { TargetContext } from '../target-types.ts';
import { CowStore } from './cow-store.ts';
import { placeIn } from './fixed.ts';

type Values = ReturnType<typeof grammar.parse>['values'];

/** The chunk of a table that says 0 and a device that says nothing, in sectors. */
const DEFAULT_CHUNK_SECTORS = 32;

/** What is on the device of differences. @throws Refusal EIO, ENXIO it is something else */
function openStore(cow: BlockDevice, chunkSectors: number, persistent: boolean, context: ModelContext): CowStore {
  if (!persistent) return new CowStore(chunkSectors, false);
  const found = context.metadata.find(cow);
  if (found.kind === 'unreadable') throw new Refusal(ERRNO.EIO);
  if (found.kind === 'kept' && found.value instanceof CowStore) return found.value;
  if (found.kind !== 'zeros') throw new Refusal(ERRNO.ENXIO);
  const made = new CowStore(chunkSectors || DEFAULT_CHUNK_SECTORS, true);
  context.metadata.keep(cow, made);
  return made;
}

/** A snapshot: chunks of the origin, but those that were changed there or here since. */
export class SnapshotModel implements Model {
  readonly origin: BlockDevice;
  readonly cow: BlockDevice;
  readonly store: CowStore;
  readonly #overflows: boolean;
  readonly #table: string;
  readonly #context: ModelContext;
  /** It has been resumed: from then on it is copied to. */
  active = false;
  #overflowed = false;

  constructor({ store, chunk, features = [] }: Values, [origin, cow]: readonly Area[], context: ModelContext) {
    if (origin === undefined || cow === undefined) throw new RangeError('a snapshot has two devices');
    this.origin = origin.device;
    this.cow = cow.device;
    this.#context = context;
    const word = typeof store === 'string' ? store : store.unknown;
    this.#overflows = word === 'PO';
    this.store = openStore(cow.device, chunk, word !== 'N', context);
    const same = [...this.#others()].filter((other) => other.cow === this.cow);
    // A second one takes over from one that is active, and only one can wait for that.
    if (same.length > 1 || same.some(({ active }) => !active)) throw new Refusal(ERRNO.EINVAL);
    const words = features.length === 0 ? '' : ` ${features.length} ${features.join(' ')}`;
    this.#table =
      `${deviceText(origin.device.number)} ${deviceText(cow.device.number)} ` +
      `${word} ${this.store.chunkSectors}${words}`;
  }

  /** The other snapshots of its origin. */
  *#others(): Generator<SnapshotModel> {
    for (const model of this.#context.models()) {
      if (model instanceof SnapshotModel && model !== this && model.origin === this.origin) yield model;
    }
  }

  info(): string {
    const { store, cow } = this;
    if (!store.valid) return 'Invalid';
    if (this.#overflowed) return 'Overflow';
    return `${store.usedSectors}/${cow.sizeSectors} ${store.metadataSectors}`;
  }

  table(): string {
    return this.#table;
  }

  ima(): string {
    const letter = (yes: boolean): string => (yes ? 'y' : 'n');
    return (
      `snap_origin_name=${deviceText(this.origin.number)},snap_cow_name=${deviceText(this.cow.number)},` +
      `snap_valid=${letter(this.store.valid)},snap_merge_failed=n,` +
      `snapshot_overflowed=${letter(this.#overflowed)}`
    );
  }

  resumed(): void {
    this.active = true;
  }

  ioBoundary(): number {
    return this.store.chunkSectors;
  }

  route({ direction, sector, sectors }: TargetIo): readonly Step[] {
    const { valid } = this.store;
    if (!valid || (this.#overflowed && direction === 'write')) return [{ do: 'fail', errno: ERRNO.EIO }];
    const { chunkSectors } = this.store;
    const chunk = Math.floor(sector / chunkSectors);
    const within = sector % chunkSectors;
    const there = this.store.find(chunk);
    if (there !== undefined) return [{ do: 'pass', to: this.#inCow(there, within) }];
    if (direction === 'read') return [{ do: 'pass', to: { device: this.origin, sector } }];
    const place = this.#allocate(chunk);
    if (place === undefined) {
      if (this.#overflows) this.#overflowed = true;
      else this.#invalidate();
      return [{ do: 'fail', errno: ERRNO.EIO }];
    }
    const pass: Step = { do: 'pass', to: this.#inCow(place, within) };
    return sectors === chunkSectors ? [pass] : [this.#copy(chunk, place), pass];
  }

  /** Before a sector of the origin is changed: copies its chunk. */
  save(sector: number): readonly Step[] {
    const { store } = this;
    const chunk = Math.floor(sector / store.chunkSectors);
    if (!store.valid || store.find(chunk) !== undefined) return [];
    const place = this.#allocate(chunk);
    if (place !== undefined) return [this.#copy(chunk, place)];
    this.#invalidate();
    return [];
  }

  #allocate(chunk: number): number | undefined {
    return this.store.allocate(chunk, Number(this.cow.sizeSectors));
  }

  #invalidate(): void {
    this.store.valid = false;
    this.#context.raiseEvent();
  }

  #copy(chunk: number, place: number): Step {
    const { origin, store } = this;
    const from = { device: origin, sector: chunk * store.chunkSectors };
    const sectors = Math.min(store.chunkSectors, Number(origin.sizeSectors) - from.sector);
    return { do: 'copy', from, to: this.#inCow(place, 0), sectors };
  }

  #inCow(place: number, within: number): Place {
    return { device: this.cow, sector: place * this.store.chunkSectors + within };
  }
}

/** A snapshot (drivers/md/dm-snap.c). Taking over from another, and merging, are not simulated. */
export function snapshot(values: Values, areas: readonly Area[], context: TargetContext): Model {
  return new SnapshotModel(values, areas, context);
}

/** The origin of snapshots (drivers/md/dm-snap.c): before a chunk is written its snapshots copy it. */
export function snapshotOrigin(_values: unknown, [area]: readonly Area[], context: TargetContext): Model {
  if (area === undefined) throw new RangeError('a snapshot-origin has a device');
  const snapshots = (): SnapshotModel[] =>
    [...context.models()].filter(
      (model): model is SnapshotModel => model instanceof SnapshotModel && model.active && model.origin === area.device,
    );
  return {
    ioBoundary() {
      const chunks = snapshots().map(({ store }) => store.chunkSectors);
      return chunks.length === 0 ? undefined : Math.min(...chunks);
    },
    route({ direction, sector }) {
      const copies = direction === 'read' ? [] : snapshots().flatMap((each) => each.save(sector));
      return [...copies, { do: 'pass', to: placeIn(area, sector) }];
    },
  };
}
