import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { SECTOR_BYTES } from '../mapper/units.ts';
import type { DeviceFacts } from './device-facts.ts';
import type { Field, FieldGroup } from './field.ts';
import { listField, numberField, textField, withParts } from './field-builders.ts';
import { type NameParts, splitName } from './split-name.ts';

/** The groups of a device's fields, in libdevmapper's order. */
export const DEVICE_GROUPS: readonly FieldGroup[] = [
  { prefix: 'name', title: 'Device Name Fields' },
  { prefix: 'info', title: 'Device State Fields' },
  { prefix: 'deps', title: 'Device Dependency Fields' },
  { prefix: 'tree', title: 'Device Tree Fields' },
  { prefix: 'splitname', title: 'Parts of Device Names Fields' },
];

const numberText = ({ major, minor }: DeviceNumber): string => `${major}:${minor}`;
const present = (names: readonly (string | undefined)[]): string[] => names.filter((name) => name !== undefined);

/** The fields about devices that `dmsetup info -c` shows, and dmstats in the rows of a device's regions. */
export function deviceFields<Row>(of: (row: Row) => DeviceFacts): Field<Row>[] {
  const truth = (name: string, value: (row: Row) => boolean) => [{ name, type: 'boolean', value }];
  return [
    textField('name', (row) => of(row).name, 'name', 'Name', 16, "The device's name."),
    textField('name', (row) => of(row).mangledName, 'mangled_name', 'MangledName', 16, 'The name as udev allows it.'),
    textField(
      'name',
      (row) => of(row).unmangledName,
      'unmangled_name',
      'UnmangledName',
      16,
      'The name as it was given.',
    ),
    textField('name', (row) => of(row).unmangledUuid, 'uuid', 'UUID', 32, "The device's uuid, if it has one."),
    textField('name', (row) => of(row).mangledUuid, 'mangled_uuid', 'MangledUUID', 32, 'The uuid as udev allows it.'),
    textField(
      'name',
      (row) => of(row).unmangledUuid,
      'unmangled_uuid',
      'UnmangledUUID',
      32,
      'The uuid as it was given.',
    ),
    withParts(
      numberField<Row>(
        'name',
        (row) => of(row).readAheadSectors,
        'read_ahead',
        'RAhead',
        6,
        'Sectors that are read ahead.',
      ),
      {
        json: [
          {
            name: 'read_ahead_bytes',
            type: 'integer, bytes',
            value: (row) => {
              const sectors = of(row).readAheadSectors;
              return sectors === undefined ? null : sectors * Number(SECTOR_BYTES);
            },
          },
        ],
      },
    ),

    textField('info', (row) => of(row).blockName, 'blkdevname', 'BlkDevName', 16, "The kernel's name, such as dm-0."),
    textField(
      'info',
      (row) => attributes(of(row)),
      'attr',
      'Stat',
      4,
      'Tables (L)ive and (I)nactive, (s)uspended, (r)ead-only or (w)riteable.',
    ),
    textField('info', (row) => tables(of(row)), 'tables_loaded', 'Tables', 6, 'Which tables are loaded.'),
    withParts(
      textField<Row>(
        'info',
        (row) => (of(row).info.suspended ? 'Suspended' : 'Active'),
        'suspended',
        'Suspended',
        9,
        'Whether the device is suspended.',
      ),
      { json: truth('suspended', (row) => of(row).info.suspended) },
    ),
    withParts(
      textField<Row>(
        'info',
        (row) => (of(row).info.readOnly ? 'Read-only' : 'Writeable'),
        'readonly',
        'Read-only',
        9,
        'Whether the device can be written.',
      ),
      { json: truth('readonly', (row) => of(row).info.readOnly) },
    ),
    textField(
      'info',
      (row) => numberText(of(row).info.number),
      'devno',
      'DevNo',
      5,
      "The device's number, major:minor.",
    ),
    numberField('info', (row) => of(row).info.number.major, 'major', 'Maj', 3, "The device's major number."),
    numberField('info', (row) => of(row).info.number.minor, 'minor', 'Min', 3, "The device's minor number."),
    numberField('info', (row) => of(row).info.openCount, 'open', 'Open', 4, 'How often the device is open.'),
    numberField('info', (row) => of(row).info.targetCount, 'segments', 'Targ', 4, 'Targets of the live table.'),
    numberField('info', (row) => of(row).info.eventNr, 'events', 'Event', 6, 'Events since the device was made.'),

    numberField('deps', (row) => of(row).uses.length, 'device_count', '#Devs', 5, 'How many devices it uses.'),
    listField(
      'tree',
      (row) => present(of(row).uses.map(({ name }) => name)),
      'devs_used',
      'DevNamesUsed',
      16,
      'Names of the mapped devices that it uses.',
    ),
    listField(
      'deps',
      (row) => of(row).uses.map(({ number }) => numberText(number)),
      'devnos_used',
      'DevNosUsed',
      16,
      'Numbers of the devices that it uses.',
    ),
    listField(
      'deps',
      (row) => present(of(row).uses.map(({ blockName }) => blockName)),
      'blkdevs_used',
      'BlkDevNamesUsed',
      16,
      "The kernel's names of the devices that it uses.",
    ),
    numberField(
      'tree',
      (row) => of(row).usedBy.length,
      'device_ref_count',
      '#Refs',
      5,
      'How many mapped devices use it.',
    ),
    listField(
      'tree',
      (row) => present(of(row).usedBy.map(({ name }) => name)),
      'names_using_dev',
      'RefNames',
      8,
      'Names of the mapped devices that use it.',
    ),
    listField(
      'tree',
      (row) => of(row).usedBy.map(({ number }) => numberText(number)),
      'devnos_using_dev',
      'RefDevNos',
      9,
      'Numbers of the mapped devices that use it.',
    ),

    ...nameFields<Row>((row) => splitName(of(row).unmangledName, of(row).uuid)),
  ];
}

/** The fields of the parts of a name. */
export function nameFields<Row>(of: (row: Row) => NameParts): Field<Row>[] {
  return [
    textField('splitname', (row) => of(row).subsystem, 'subsystem', 'Subsys', 6, 'Who made the device.'),
    textField('splitname', (row) => of(row).volumeGroup, 'vg_name', 'VG', 4, 'The LVM volume group.'),
    textField('splitname', (row) => of(row).logicalVolume, 'lv_name', 'LV', 4, 'The LVM logical volume.'),
    textField('splitname', (row) => of(row).layer, 'lv_layer', 'LVLayer', 7, "The logical volume's layer."),
  ];
}

function attributes({ info }: DeviceFacts): string {
  const flags = [info.active ? 'L' : '-', info.inactive ? 'I' : '-', info.suspended ? 's' : '-'];
  return flags.join('') + (info.readOnly ? 'r' : 'w');
}

function tables({ info: { active, inactive } }: DeviceFacts): string {
  if (active) return inactive ? 'Both' : 'Live';
  return inactive ? 'Inactive' : 'None';
}
