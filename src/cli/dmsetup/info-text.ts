import type { DeviceInfo } from '../../mapper/device-info.ts';
import type { JsonValue } from '../../report/json.ts';
import type { BlockNumber } from '../../system/block-devices.ts';
import type { Context } from './context.ts';

/** A device as `dmsetup info` describes it. */
export interface DescribedDevice {
  readonly name: string;
  readonly uuid: string;
  readonly info: DeviceInfo;
  /** Sectors; undefined for a device without a table. */
  readonly readAhead: number | undefined;
}

/** What there is to say of a device, with its name as people know it. */
export function described(context: Context, info: DeviceInfo): DescribedDevice {
  const { major, minor } = info.number;
  const number: BlockNumber = `${major}:${minor}`;
  const readAhead = context.blockDevices.readAheadSectors(number);
  return { name: context.shown(info.name), uuid: context.shown(info.uuid), info, readAhead };
}

/** The lines of `dmsetup info`, and an empty one. */
export function infoText({ name, uuid, info, readAhead }: DescribedDevice): string {
  const state = info.suspended ? 'SUSPENDED' : 'ACTIVE';
  const tables = [info.active ? 'LIVE' : '', info.inactive ? 'INACTIVE' : ''].filter((word) => word !== '');
  const lines = [
    `Name:              ${name}`,
    `State:             ${state}${info.readOnly ? ' (READ-ONLY)' : ''}${info.deferredRemove ? ' (DEFERRED REMOVE)' : ''}`,
    ...(readAhead === undefined ? [] : [`Read Ahead:        ${readAhead}`]),
    `Tables present:    ${tables.length === 0 ? 'None' : tables.join(' & ')}`,
    `Open count:        ${info.openCount}`,
    `Event number:      ${info.eventNr}`,
    `Major, minor:      ${info.number.major}, ${info.number.minor}`,
    `Number of targets: ${info.targetCount}`,
    ...(uuid === '' ? [] : [`UUID: ${uuid}`]),
  ];
  return `${lines.join('\n')}\n\n`;
}

/** The same as a record. */
export function infoRow({ name, uuid, info, readAhead }: DescribedDevice): Readonly<Record<string, JsonValue>> {
  return {
    name,
    uuid,
    major: info.number.major,
    minor: info.number.minor,
    suspended: info.suspended,
    readonly: info.readOnly,
    deferred_remove: info.deferredRemove,
    live_table: info.active,
    inactive_table: info.inactive,
    open: info.openCount,
    events: info.eventNr,
    segments: info.targetCount,
    read_ahead_sectors: readAhead ?? null,
  };
}

/** Tells of a device where `--verbose` asks for it. */
export function tellIfVerbose(context: Context, info: DeviceInfo): void {
  if (!context.options.has('verbose')) return;
  const device = described(context, info);
  context.outcome.tell(infoText(device), infoRow(device));
}
