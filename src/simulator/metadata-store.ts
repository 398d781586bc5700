import type { BlockDevice } from './block-device.ts';
import { SimulatedDisk } from './block-device.ts';
import { SimulatedDevice } from './device.ts';
import type { Place } from './mapping.ts';
import { SECTOR_BYTES } from './medium.ts';

const MARK = 'devicemapper simulator: metadata ';

/** What is found where a target keeps its metadata. */
export type Found =
  | { readonly kind: 'kept'; readonly value: unknown }
  /** Nothing but zeros: a medium to be formatted. */
  | { readonly kind: 'zeros' }
  /** Somebody else's data. */
  | { readonly kind: 'foreign' }
  /** No disk answers there. */
  | { readonly kind: 'unreadable' };

/**
 * The metadata that targets keep on devices: here objects, and on the medium a mark in the first sector in their
 * place. Who overwrites the mark has overwritten the metadata, and it moves where the medium is mapped.
 */
export class MetadataStore {
  readonly #kept: unknown[] = [];

  /** What is on a device. */
  find(device: BlockDevice): Found {
    const bytes = new Uint8Array(SECTOR_BYTES);
    const place = diskPlace({ device, sector: 0 });
    if (place === undefined) return { kind: 'unreadable' };
    place.disk.read(place.sector, bytes);
    if (bytes.every((byte) => byte === 0)) return { kind: 'zeros' };
    const text = Buffer.from(bytes.subarray(0, bytes.indexOf(0))).toString('latin1');
    const value = text.startsWith(MARK) ? this.#kept[Number(text.slice(MARK.length))] : undefined;
    return value === undefined ? { kind: 'foreign' } : { kind: 'kept', value };
  }

  /** Puts metadata on a device. */
  keep(device: BlockDevice, value: unknown): void {
    const place = diskPlace({ device, sector: 0 });
    if (place === undefined) return;
    const bytes = new Uint8Array(SECTOR_BYTES);
    bytes.set(Buffer.from(`${MARK}${this.#kept.length}`, 'latin1'));
    this.#kept.push(value);
    place.disk.write(place.sector, bytes);
  }
}

/** Where a sector is in the end: down through what only passes I/O on. */
function diskPlace({ device, sector }: Place): { readonly disk: SimulatedDisk; readonly sector: number } | undefined {
  if (device instanceof SimulatedDisk)
    return BigInt(sector) < device.sizeSectors ? { disk: device, sector } : undefined;
  if (!(device instanceof SimulatedDevice)) return undefined;
  const target = device.live?.at(sector);
  const [step] = target?.model.route?.({ direction: 'read', sector: sector - Number(target.start), sectors: 1 }) ?? [];
  return step?.do === 'pass' ? diskPlace(step.to) : undefined;
}
