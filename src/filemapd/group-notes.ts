import { keyOf } from '../devices/table-uses.ts';
import { matchFilemap } from '../filemap/match.ts';
import type { DeviceStats } from '../stats/device-stats.ts';
import { pathMark, type Reserved } from '../stats/followed.ts';
import type { Group } from '../stats/group.ts';

/** What a group's tag says of the space that is reserved for its file, for whoever comes after a kill. */
export class GroupNotes {
  readonly #stats: DeviceStats;
  readonly #groupId: number;

  constructor(stats: DeviceStats, groupId: number) {
    this.#stats = stats;
    this.#groupId = groupId;
  }

  async #group(): Promise<Group | undefined> {
    return matchFilemap(await this.#stats.listBytes(), this.#groupId, [])?.group;
  }

  async reserved(): Promise<Reserved | undefined> {
    return (await this.#group())?.reserved;
  }

  /** A group that is gone says nothing any more. */
  async writeReserved(reserved: Reserved): Promise<void> {
    const group = await this.#group();
    if (group !== undefined) await this.#stats.writeGroup({ ...group, reserved });
  }

  /** Has it say that nothing is reserved, where it says `reserved`: the id of a group that is gone is soon another's. */
  async eraseReserved(reserved: Reserved): Promise<void> {
    const listed = await this.#group();
    if (listed?.reserved === undefined || !isOf(listed.reserved, reserved)) return;
    const { reserved: _, ...group } = listed;
    await this.#stats.writeGroup(group);
  }
}

/** Whether this is about a file. */
export function isOf({ home, inode }: Reserved, file: Pick<Reserved, 'home' | 'inode'>): boolean {
  return keyOf(home) === keyOf(file.home) && inode === file.inode;
}

/**
 * Has a group's tag name the path by which one who comes after a kill may have to look for it.
 *
 * @param path undefined when the file cannot go to another device
 * @returns the group as it is now
 */
export async function markPath(stats: DeviceStats, listed: Group, path: string | undefined): Promise<Group> {
  const { pathMark: before, ...group } = listed;
  const mark = path === undefined ? undefined : pathMark(path);
  if (before === mark) return listed;
  const now = mark === undefined ? group : { ...group, pathMark: mark };
  await stats.writeGroup(now);
  return now;
}
