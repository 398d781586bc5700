import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { claimName } from '../system/name-claim.ts';

/**
 * Claims a group for this process alone, for as long as it lives or until it is disposed of: whoever has it may take
 * what is on its way into the group or out of it for a dead process's.
 *
 * @returns undefined when another process has it
 */
export function claimGroup({ major, minor }: DeviceNumber, groupId: number): Promise<Disposable | undefined> {
  return claimName(`dmfilemapd/${major}:${minor}/${groupId}`);
}
