import assert from 'node:assert/strict';
import type { DeviceStats } from '../../src/stats/device-stats.ts';
import { read, totals } from '../../src/stats/sampler.ts';

/** Where a group is. */
export interface FoundGroup<Name> {
  readonly name: Name;
  readonly groupId: number;
}

/** The group `data`, which must be on one of the devices, and must have counted so many sectors read. */
export async function groupFound<Name>(
  devices: readonly Name[],
  statsOf: (name: Name) => DeviceStats,
  readSectors: bigint,
  when: string,
): Promise<FoundGroup<Name>> {
  const found: (FoundGroup<Name> & { readonly readSectors: bigint })[] = [];
  for (const name of devices) {
    for (const { group, counters } of totals(await read(statsOf(name)), 1e9).groups.values()) {
      if (group.alias === 'data') found.push({ name, groupId: group.id, readSectors: counters.readSectors });
    }
  }
  const [one] = found;
  assert.ok(one !== undefined && found.length === 1, `${when}: the group is on ${found.map(({ name }) => name)}`);
  assert.equal(one.readSectors, readSectors, `${when}: sectors read`);
  return one;
}
