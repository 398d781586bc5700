/** What LVM's names and uuids of devices are made of; parts that there are none of are empty. */
export interface NameParts {
  /** Who made the device: what stands before the first `-` of its uuid. */
  readonly subsystem: string;
  readonly volumeGroup: string;
  readonly logicalVolume: string;
  readonly layer: string;
}

/** Takes a name apart: LVM joins volume group, logical volume and layer by `-`, and doubles a `-` inside of one. */
export function splitName(name: string, uuid: string): NameParts {
  const dash = uuid.indexOf('-');
  const subsystem = dash < 0 ? '' : uuid.slice(0, dash);
  if (subsystem !== 'LVM') return { subsystem, volumeGroup: '', logicalVolume: '', layer: '' };
  const [volumeGroup = '', logicalVolume = '', layer = ''] = (name.match(/(?:[^-]|--)+/g) ?? []).map((part) =>
    part.replaceAll('--', '-'),
  );
  return { subsystem, volumeGroup, logicalVolume, layer };
}
