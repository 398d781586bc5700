import { decodeText } from '../kernel/byte-text.ts';
import {
  type DeviceNumber,
  DM_NAME_LIST_FLAGS,
  DM_NAME_LIST_NAME_OFFSET,
  DmIoctl,
  DmNameList,
  DmTargetVersions,
  decodeDeviceNumber,
  u32,
} from '../kernel/index.ts';
import { type Answer, alignUp8 } from './request.ts';

/** A device as `DM_LIST_DEVICES` names it. */
export interface ListedDevice {
  readonly name: string;
  /** Empty when it has none. */
  readonly uuid: string;
  readonly number: DeviceNumber;
  /** Counts its events: 32 bits, wraps. */
  readonly eventNr: number;
}

/** Which devices to list: those whose name and uuid both begin so. */
export interface ListFilter {
  readonly namePrefix?: string;
  readonly uuidPrefix?: string;
}

/** A DM interface's or a target's version. */
export interface DmVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** A target that the kernel has. */
export interface TargetVersion {
  readonly type: string;
  readonly version: DmVersion;
}

const textAt = (bytes: Uint8Array, start: number): { text: string; end: number } => {
  const end = bytes.indexOf(0, start);
  return { text: decodeText(bytes.subarray(start, end)), end };
};

/**
 * The devices of an answer to `DM_LIST_DEVICES`. Names and uuids of any bytes come as `decodeText` writes them.
 *
 * @param hasFlags whether the kernel says after each event number if a uuid follows (interface 4.45); older ones leave
 *   these bytes out, and the next record is there
 */
export function decodeList({ header, bytes }: Answer, hasFlags: boolean): ListedDevice[] {
  const devices: ListedDevice[] = [];
  if (header.dataSize <= DmIoctl.size) return devices;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = header.dataStart; ; ) {
    const { dev, next } = DmNameList.at(bytes, at);
    const { text: name, end } = textAt(bytes, at + DM_NAME_LIST_NAME_OFFSET);
    const stateAt = at + alignUp8(end + 1 - at);
    const flags = hasFlags ? u32.get(view, stateAt + u32.size) : 0;
    const hasUuid = (flags & DM_NAME_LIST_FLAGS.HAS_UUID) !== 0;
    devices.push({
      name,
      uuid: hasUuid ? textAt(bytes, stateAt + 2 * u32.size).text : '',
      number: decodeDeviceNumber(dev),
      eventNr: u32.get(view, stateAt),
    });
    if (next === 0) return devices;
    at += next;
  }
}

function versionAt(bytes: Uint8Array, at: number): DmVersion {
  const [major, minor, patch] = DmTargetVersions.at(bytes, at).version;
  return { major, minor, patch };
}

/** The version in an answer to `DM_GET_TARGET_VERSION`: a single record. */
export const decodeVersion = ({ header, bytes }: Answer): DmVersion => versionAt(bytes, header.dataStart);

/**
 * The targets of an answer to `DM_LIST_VERSIONS`, the last registered first. `data_size` is more than they fill: the
 * last one is known by its `next` of 0.
 */
export function decodeVersions({ header, bytes }: Answer): TargetVersion[] {
  const targets: TargetVersion[] = [];
  for (let at = header.dataStart; ; ) {
    const { text: type } = textAt(bytes, at + DmTargetVersions.size);
    targets.push({ type, version: versionAt(bytes, at) });
    const { next } = DmTargetVersions.at(bytes, at);
    if (next === 0) return targets;
    at += next;
  }
}
