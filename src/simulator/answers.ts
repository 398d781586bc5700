import {
  DM_FLAGS,
  DM_NAME_LIST_NAME_OFFSET,
  DmNameList,
  DmTargetSpec,
  encodeDeviceNumber,
} from '../kernel/dm-ioctl.ts';
import { struct, u32, u64 } from '../kernel/struct.ts';
import type { SimulatedKernel } from './kernel.ts';
import type { Request } from './request.ts';
import type { Table } from './table.ts';

const align8 = (size: number): number => Math.ceil(size / 8) * 8;
const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** What follows a name in the list, aligned to 8 bytes: `event_nr`, and whether a uuid follows. */
const ListedState = struct('dm_name_list.event', { eventNr: u32, flags: u32 });
const HAS_UUID = 1;
const DOESNT_HAVE_UUID = 2;
const DepsHead = struct('dm_target_deps', { count: u32, padding: u32 });
const DepsEntry = struct('dm_target_deps.dev', { dev: u64 });

/** Answers `DM_LIST_DEVICES`: the request's name and uuid are prefixes that the devices must have. */
export function listAnswer(kernel: SimulatedKernel, request: Request): void {
  const withUuid = request.has(DM_FLAGS.UUID);
  const room = request.answerRoom();
  const devices = kernel.devices.filter(
    ({ name, uuid }) => name.startsWith(request.name) && uuid.startsWith(request.uuid),
  );
  const records = devices.map((device) => {
    const stateAt = align8(DM_NAME_LIST_NAME_OFFSET + device.name.length + 1);
    const uuidAt = stateAt + ListedState.size;
    const hasUuid = withUuid && device.uuid !== '';
    const record = new Uint8Array(hasUuid ? align8(uuidAt + device.uuid.length + 1) : uuidAt);
    DmNameList.at(record).dev = encodeDeviceNumber(device.number);
    record.set(latin1(device.name), DM_NAME_LIST_NAME_OFFSET);
    const listed = ListedState.at(record, stateAt);
    listed.eventNr = device.eventNr;
    if (withUuid) listed.flags = hasUuid ? HAS_UUID : DOESNT_HAVE_UUID;
    if (hasUuid) record.set(latin1(device.uuid), uuidAt);
    return record;
  });
  for (const record of records.slice(0, -1)) DmNameList.at(record).next = record.length;
  const bytes = Buffer.concat(records);
  // The first record's number is written even into an empty list: there must be room for it.
  if (room < 8 || bytes.length > room) request.flag(DM_FLAGS.BUFFER_FULL);
  else request.answer(bytes);
}

/** Answers `DM_TABLE_DEPS`. */
export function depsAnswer(table: Table, request: Request): void {
  const { devices } = table;
  const room = request.answerRoom();
  const bytes = new Uint8Array(DepsHead.size + devices.length * DepsEntry.size);
  DepsHead.at(bytes).count = devices.length;
  for (const [index, { number }] of devices.entries()) {
    DepsEntry.at(bytes, DepsHead.size + index * DepsEntry.size).dev = encodeDeviceNumber(number);
  }
  if (bytes.length > room) request.flag(DM_FLAGS.BUFFER_FULL);
  else request.answer(bytes);
}

/**
 * Answers `DM_TABLE_STATUS`. The targets modelled here have no status text. What does not fit is left out: `data_size`
 * then covers the targets that are finished.
 */
export function statusAnswer(table: Table, request: Request): void {
  const room = request.answerRoom();
  const wantsTable = request.has(DM_FLAGS.STATUS_TABLE);
  const records: Uint8Array[] = [];
  let at = 0;
  let used = 0;
  for (const { start, length, type, params } of table.targets) {
    const text = latin1(wantsTable ? params : '');
    const end = at + DmTargetSpec.size + text.length + 1;
    if (room <= at + DmTargetSpec.size || end >= room) {
      request.flag(DM_FLAGS.BUFFER_FULL);
      break;
    }
    const record = new Uint8Array(align8(end) - at);
    const spec = DmTargetSpec.at(record);
    spec.sectorStart = start;
    spec.length = length;
    spec.targetType = type;
    // From the first target on, not from this one, and also of the last.
    spec.next = align8(end);
    record.set(text, DmTargetSpec.size);
    records.push(record);
    used = end;
    at = align8(end);
    if (at > room) {
      request.flag(DM_FLAGS.BUFFER_FULL);
      break;
    }
  }
  if (used > 0) request.answer(Buffer.concat(records), used);
}
