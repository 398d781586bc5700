/** Requests about no single device, and how their answers are read. */
import { DM_FLAGS, DM_VERSION_WANTED, ERRNO } from '../kernel/index.ts';
import { DmError } from './errors.ts';
import {
  type DmVersion,
  decodeList,
  decodeVersion,
  decodeVersions,
  type ListedDevice,
  type ListFilter,
  type TargetVersion,
} from './listing.ts';
import { checkFits, MAX_NAME_BYTES, MAX_TYPE_BYTES, MAX_UUID_BYTES } from './names.ts';
import type { Call } from './request.ts';
import type { ListCall } from './requester.ts';

const OLDEST_MINOR = 37;

/** `DM_VERSION`. @throws DmError EINVAL for an interface before 4.37 (Linux 4.14) or after 4.x */
export function versionCall(): Call<DmVersion> {
  return {
    command: 'DM_VERSION',
    read({ header }) {
      const [major, minor, patch] = header.version;
      if (major === DM_VERSION_WANTED[0] && minor >= OLDEST_MINOR) return { major, minor, patch };
      // No such kernel runs Node 20. Its list would be misread, and its control node would always be readable.
      const reason = `the kernel speaks device-mapper interface ${major}.${minor}.${patch}, this library 4.37 and later 4.x`;
      throw new DmError({ op: 'DM_VERSION', errno: ERRNO.EINVAL, reason });
    },
  };
}

/** `DM_DEV_ARM_POLL`. */
export function armCall(): Call<void> {
  return { command: 'DM_DEV_ARM_POLL', read: () => undefined };
}

/** `DM_LIST_DEVICES`. @param tellsUuids whether the kernel tells uuids and filters (interface 4.45) */
export function listCall(filter: ListFilter, tellsUuids: boolean): ListCall<ListedDevice[]> {
  const { namePrefix = '', uuidPrefix = '' } = filter;
  checkFits('prefix of a name', namePrefix, MAX_NAME_BYTES);
  checkFits('prefix of a uuid', uuidPrefix, MAX_UUID_BYTES);
  return {
    command: 'DM_LIST_DEVICES',
    flags: tellsUuids ? DM_FLAGS.UUID : 0,
    prepare(header) {
      if (!tellsUuids) return;
      header.name = namePrefix;
      header.uuid = uuidPrefix;
    },
    read: (answer) => decodeList(answer, tellsUuids),
  };
}

/** `DM_LIST_VERSIONS`. */
export function versionsCall(): ListCall<TargetVersion[]> {
  return { command: 'DM_LIST_VERSIONS', read: decodeVersions };
}

/** `DM_GET_TARGET_VERSION`, which takes the target's type for the name. */
export function targetVersionCall(type: string): ListCall<DmVersion> {
  checkFits("target's type", type, MAX_TYPE_BYTES);
  return {
    command: 'DM_GET_TARGET_VERSION',
    prepare(header) {
      header.name = type;
    },
    reasons: { [ERRNO.EINVAL]: `this kernel has no target ${JSON.stringify(type)}` },
    read: decodeVersion,
  };
}
