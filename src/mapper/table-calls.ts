/** Requests about a device's tables, and how their answers are read. */
import { type DeviceNumber, DM_FLAGS, ERRNO } from '../kernel/index.ts';
import { type DeviceInfo, deviceInfo } from './device-info.ts';
import type { DeviceRef } from './device-ref.ts';
import type { LoadOptions, StatusOptions, TableOptions, TableSlot } from './options.ts';
import type { Call } from './request.ts';
import type { ListCall } from './requester.ts';
import { decodeDependencies, decodeTable, encodeTable } from './table-codec.ts';
import { checkTable, type TableLine } from './table-line.ts';

/** `DM_TABLE_LOAD`. @throws UsageError for a table that the kernel would refuse with a bare EINVAL, or cut */
export function loadCall(
  ref: DeviceRef,
  table: readonly TableLine[],
  { readOnly = false, secure }: LoadOptions,
): Call<DeviceInfo> {
  checkTable(table);
  return {
    command: 'DM_TABLE_LOAD',
    ref,
    flags: readOnly ? DM_FLAGS.READONLY : 0,
    payload: encodeTable(table),
    secure,
    prepare(header) {
      header.targetCount = table.length;
    },
    reasons: { [ERRNO.ENXIO]: 'there is no such device, or the table names one that is not there' },
    read: ({ header }) => deviceInfo(header),
  };
}

/** `DM_TABLE_CLEAR`. */
export function clearCall(ref: DeviceRef): Call<DeviceInfo> {
  return { command: 'DM_TABLE_CLEAR', ref, read: ({ header }) => deviceInfo(header) };
}

const slotFlag = ({ inactive = false }: TableSlot): number => (inactive ? DM_FLAGS.QUERY_INACTIVE_TABLE : 0);

/** The texts that `DM_TABLE_STATUS` has for each target, and the flag that asks for it. */
const TEXT_FLAGS = { table: DM_FLAGS.STATUS_TABLE, status: 0, measurement: DM_FLAGS.IMA_MEASUREMENT } as const;

/** `DM_TABLE_STATUS`. */
export function tableCall(
  ref: DeviceRef,
  text: keyof typeof TEXT_FLAGS,
  { noflush = false, secure, ...slot }: Omit<StatusOptions, 'signal'> & TableOptions,
): ListCall<TableLine[]> {
  const flags = TEXT_FLAGS[text] | (noflush ? DM_FLAGS.NOFLUSH : 0) | slotFlag(slot);
  return { command: 'DM_TABLE_STATUS', ref, flags, secure, read: decodeTable };
}

/** `DM_TABLE_DEPS`. */
export function dependenciesCall(ref: DeviceRef, slot: TableSlot): ListCall<DeviceNumber[]> {
  return { command: 'DM_TABLE_DEPS', ref, flags: slotFlag(slot), read: decodeDependencies };
}
