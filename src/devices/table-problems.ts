import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import type { TableLine } from '../mapper/table-line.ts';
import type { Sectors } from '../mapper/units.ts';
import { type Device, deviceText } from '../targets/device.ts';
import { targetNamed } from '../targets/registry.ts';
import { usesOf } from './table-uses.ts';

/** A device under a table, as far as it is known. */
export interface UsedDevice {
  readonly number: DeviceNumber;
  readonly size: Sectors | undefined;
}

/**
 * Areas that end beyond their devices. The kernel finds them only when a device gets its first table; later it takes
 * the table and refuses the resume, which leaves the device suspended (drivers/md/dm-table.c,
 * `dm_calculate_queue_limits`).
 */
export function areaProblems(table: readonly TableLine[], sizeOf: (device: Device) => Sectors | undefined): string[] {
  return table.flatMap((line, index) =>
    usesOf(line).flatMap(({ device, role, offset, length = 0n }) => {
      const size = sizeOf(device);
      if (size === undefined || offset + length <= size) return [];
      const end = length === 0n ? `begins at sector ${offset}` : `ends at sector ${offset + length}`;
      return [
        `line ${index + 1} (${line.type}) ${end} of its ${role} ${deviceText(device)}, which has ${size} sectors`,
      ];
    }),
  );
}

/** What the kernel demands of a table that has a target of some types (drivers/md/dm-table.c, dm-ioctl.c `table_load`). */
export function typeProblems(table: readonly TableLine[], live: readonly TableLine[]): string[] {
  const problems: string[] = [];
  const alone = table.find(({ type }) => targetNamed(type).features.singleton === true);
  if (alone !== undefined && table.length > 1) {
    problems.push(`a ${alone.type} must be the only target of its table, not one of ${table.length}`);
  }
  const fixed = live.find(({ type }) => targetNamed(type).features.immutable === true)?.type;
  // Any device may be made to fail.
  const isAllowed = table.every(({ type }) => type === fixed) || table.every(({ type }) => type === 'error');
  if (fixed !== undefined && !isAllowed) {
    problems.push(`a ${fixed} cannot be replaced by another type, except by an error target`);
  }
  return problems;
}
