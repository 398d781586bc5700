import { statusCall } from './device-calls.ts';
import { DmError } from './errors.ts';
import { listCall } from './list-calls.ts';
import type { DmVersion, ListedDevice, ListFilter } from './listing.ts';
import type { Requester } from './requester.ts';

/** Linux 5.13: the list tells uuids and takes prefixes. */
const UUIDS_MINOR = 45;
const ROOM = 4 * 1024;

/** Lists devices in one request; on a kernel that tells no uuids, all devices and without uuids. */
export function listOnce(requester: Requester, { minor }: DmVersion, filter: ListFilter = {}): ListedDevice[] {
  return requester.listNow('list', ROOM, listCall(filter, minor >= UUIDS_MINOR));
}

/** Lists devices with their uuids; see `DeviceMapper.list`. On an older kernel each device is asked for its uuid. */
export function listDevices(requester: Requester, version: DmVersion, filter: ListFilter): ListedDevice[] {
  const devices = listOnce(requester, version, filter);
  if (version.minor >= UUIDS_MINOR) return devices;
  const { namePrefix = '', uuidPrefix = '' } = filter;
  return devices
    .filter(({ name }) => name.startsWith(namePrefix))
    .map((device) => withUuid(requester, device))
    .filter((device) => device !== undefined)
    .filter(({ uuid }) => uuid.startsWith(uuidPrefix));
}

function withUuid(requester: Requester, device: ListedDevice): ListedDevice | undefined {
  try {
    return { ...device, uuid: requester.now(statusCall(device.number)).uuid };
  } catch (error) {
    // It has gone since the list was made.
    if (DmError.is(error, 'ENXIO')) return undefined;
    throw error;
  }
}
