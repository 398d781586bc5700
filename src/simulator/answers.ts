import {
  DM_FLAGS,
  DM_NAME_LIST_FLAGS,
  DM_NAME_LIST_NAME_OFFSET,
  DmNameList,
  DmTargetDeps,
  DmTargetSpec,
  DmTargetVersions,
  encodeDeviceNumber,
} from '../kernel/dm-ioctl.ts';
import { struct, u32, u64 } from '../kernel/struct.ts';
import type { SimulatedDevice } from './device.ts';
import type { StatusKind } from './mapping.ts';
import type { TargetVersion } from './release.ts';
import type { Request } from './request.ts';
import type { Table } from './table.ts';

const align8 = (size: number): number => Math.ceil(size / 8) * 8;

/** What follows a name in the list, aligned to 8 bytes: `event_nr`, and whether a uuid follows. */
const ListedState = struct('dm_name_list.event', { eventNr: u32, flags: u32 });
const DepsEntry = struct('dm_target_deps.dev', { dev: u64 });
const TYPE_BYTES = 15;

/** `strcpy`: the text and its NUL, nothing else. */
function putText(bytes: Uint8Array, at: number, text: string): void {
  bytes.set(Buffer.from(`${text}\0`, 'latin1'), at);
}

/** Answers `DM_LIST_DEVICES`. @param devices in the order of their names; only those that were asked for */
export function listAnswer(devices: readonly SimulatedDevice[], request: Request): void {
  const withUuid = request.has(DM_FLAGS.UUID);
  const room = request.answerRoom();
  const records = devices.map((device) => {
    const stateAt = align8(DM_NAME_LIST_NAME_OFFSET + device.name.length + 1);
    const uuidAt = stateAt + ListedState.size;
    const hasUuid = withUuid && device.uuid !== '';
    return { device, stateAt, uuidAt, hasUuid, size: hasUuid ? align8(uuidAt + device.uuid.length + 1) : uuidAt };
  });
  const needed = records.reduce((sum, { size }) => sum + size, 0);
  // The first record's number is written even into an empty list: there must be room for it.
  if (room.length < needed || room.length < DepsEntry.size) {
    request.full();
    return;
  }
  let at = 0;
  for (const [index, { device, stateAt, uuidAt, hasUuid, size }] of records.entries()) {
    const head = DmNameList.at(room, at);
    head.dev = encodeDeviceNumber(device.number);
    head.next = index === records.length - 1 ? 0 : size;
    putText(room, at + DM_NAME_LIST_NAME_OFFSET, device.name);
    const listed = ListedState.at(room, at + stateAt);
    listed.eventNr = device.events.value;
    const { HAS_UUID, DOESNT_HAVE_UUID } = DM_NAME_LIST_FLAGS;
    listed.flags = withUuid ? (hasUuid ? HAS_UUID : DOESNT_HAVE_UUID) : 0;
    if (hasUuid) putText(room, at + uuidAt, device.uuid);
    at += size;
  }
  request.answered(needed);
}

/** Answers `DM_LIST_VERSIONS` and `DM_GET_TARGET_VERSION`. */
export function versionsAnswer(targets: readonly TargetVersion[], request: Request): void {
  const room = request.answerRoom();
  // The kernel reckons with the most that aligning may cost each, and says that sum even where it cost less.
  const needed = targets.reduce((sum, { name }) => sum + DmTargetVersions.size + name.length + 1 + 7, 0);
  if (room.length < needed) {
    request.full();
    return;
  }
  let at = 0;
  for (const [index, { name, version }] of targets.entries()) {
    const size = align8(DmTargetVersions.size + name.length + 1);
    const head = DmTargetVersions.at(room, at);
    head.version = version;
    head.next = index === targets.length - 1 ? 0 : size;
    putText(room, at + DmTargetVersions.size, name);
    at += size;
  }
  request.answered(needed);
}

/** Answers `DM_TABLE_DEPS`. */
export function depsAnswer({ devices }: Table, request: Request): void {
  const room = request.answerRoom();
  const needed = DmTargetDeps.size + devices.length * DepsEntry.size;
  if (room.length < needed) {
    request.full();
    return;
  }
  DmTargetDeps.at(room).count = devices.length;
  for (const [index, { number }] of devices.entries()) {
    DepsEntry.at(room, DmTargetDeps.size + index * DepsEntry.size).dev = encodeDeviceNumber(number);
  }
  request.answered(needed);
}

function statusKind(request: Request): StatusKind {
  if (request.has(DM_FLAGS.STATUS_TABLE)) return 'table';
  return request.has(DM_FLAGS.IMA_MEASUREMENT) ? 'ima' : 'info';
}

/**
 * Answers `DM_TABLE_STATUS`, also behind `DM_DEV_WAIT`. What does not fit is left out: `data_size` then covers the
 * targets that are finished.
 */
export function statusAnswer(table: Table, request: Request): void {
  const room = request.answerRoom();
  const kind = statusKind(request);
  let at = 0;
  for (const target of table.targets) {
    const textAt = at + DmTargetSpec.size;
    // A text that leaves no byte over may have been cut.
    const text = target.text(kind);
    const end = textAt + text.length + 1;
    if (end >= room.length) {
      request.full();
      return;
    }
    const spec = DmTargetSpec.at(room, at);
    spec.status = 0;
    spec.sectorStart = target.start;
    spec.length = target.length;
    const typeAt = at + DmTargetSpec.offsets.targetType;
    room.fill(0, typeAt, typeAt + TYPE_BYTES);
    room.set(Buffer.from(target.type, 'latin1'), typeAt);
    putText(room, textAt, text);
    request.answered(end);
    at = align8(end);
    // Not even said where the next would be, which stays what the caller had there.
    if (at > room.length) {
      request.full();
      return;
    }
    // From the first target on, not from this one, and also of the last.
    spec.next = at;
  }
}
