import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { DmParseError } from '../mapper/errors.ts';
import type { TableLine } from '../mapper/table-line.ts';
import type { Sectors } from '../mapper/units.ts';
import { type Device, type Status, thin } from '../targets/index.ts';
import { tableOf } from './graph/desired.ts';
import { onlyLine } from './managed-device.ts';
import type { ThinDevId } from './thin-dev-id.ts';

/** A thin device's table. */
export function thinTable(
  pool: DeviceNumber,
  id: ThinDevId,
  size: Sectors,
  externalOrigin: Device | undefined,
): TableLine[] {
  const target = thin(externalOrigin === undefined ? { pool, id } : { pool, id, externalOrigin });
  return tableOf([target, size]);
}

/**
 * The external origin of a thin device's table, if it has one.
 *
 * @throws DmParseError when the kernel does not tell, as for a device whose pool has failed
 */
export function externalOriginOf(table: readonly TableLine[], name: string): Device | undefined {
  const { params } = onlyLine(table, 'thin', name);
  const { values } = thin.parse(params);
  if ('state' in values) throw new DmParseError(`the kernel does not tell the table of ${name}`, params, 1);
  return values.externalOrigin;
}

type StatusValue = ReturnType<typeof thin.status> extends Status<infer S> ? S : never;

/** A thin device's status line: its values, or the kernel's text and why it could not be read. */
export type ThinStatus = Status<StatusValue>;
