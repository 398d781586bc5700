import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { claimName } from '../system/name-claim.ts';
import { type FilemapdRun, FollowedAlreadyError } from './run-options.ts';

/**
 * Claims a group for this process alone, for as long as it lives or until it is disposed of: whoever has it may take
 * what is on its way into the group or out of it for a dead process's.
 *
 * @returns undefined when another process has it
 */
export function claimGroup({ major, minor }: DeviceNumber, groupId: number): Promise<Disposable | undefined> {
  return claimName(`dmfilemapd/${major}:${minor}/${groupId}`);
}

/** The claim of the one group that a monitor follows. */
export class HeldClaim implements Disposable {
  readonly #claim: FilemapdRun['claim'];
  #held: Disposable | undefined;
  #name: string | undefined;

  /** @param claim undefined: nobody else can follow it */
  constructor(claim: FilemapdRun['claim']) {
    this.#claim = claim;
  }

  /** Takes a group's, and lets go of the one before. @throws FollowedAlreadyError when another process has it */
  async take(device: DeviceNumber, groupId: number): Promise<void> {
    const { major, minor } = device;
    const name = `${major}:${minor}/${groupId}`;
    if (this.#claim === undefined || this.#name === name) return;
    const held = await this.#claim(device, groupId);
    if (held === undefined) {
      throw new FollowedAlreadyError(
        `Group ID ${groupId} of device ${major}:${minor} is followed by another dmfilemapd`,
      );
    }
    this.#held?.[Symbol.dispose]();
    this.#held = held;
    this.#name = name;
  }

  [Symbol.dispose](): void {
    this.#held?.[Symbol.dispose]();
  }
}
