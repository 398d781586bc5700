import { createFilemap } from '../src/filemap/filemap.ts';
import { openFile } from '../src/filemap/open-file.ts';
import type { DeviceStats } from '../src/stats/device-stats.ts';
import { groupTagForm } from '../src/stats/tag-form.ts';
import type { Volume } from './volume.ts';

/** Maps a file such that the C tools find its group too. */
export async function mapFile({ dm }: Volume, path: string): Promise<number> {
  using file = openFile(path);
  // The C tools see nothing of regions that extents share.
  const options = {
    programId: 'dmstats',
    alias: 'data',
    tagForm: groupTagForm(),
    maxRegions: Number.POSITIVE_INFINITY,
  };
  const { groupId } = await createFilemap(dm, file, options);
  if (groupId === undefined) throw new Error(`no group for ${path}`);
  return groupId;
}

/** Sectors that the regions of a device's only group cover; what two regions cover counts once. */
export async function coveredSectors(stats: DeviceStats): Promise<number> {
  const { regions, groups } = await stats.list();
  const members = new Set(groups[0]?.members);
  const ranges = regions
    .filter(({ id }) => members.has(id))
    .map(({ start, length }) => [Number(start), Number(start + length)] as const)
    .sort((a, b) => a[0] - b[0]);
  let covered = 0;
  let at = 0;
  for (const [start, end] of ranges) {
    if (end <= at) continue;
    covered += end - Math.max(start, at);
    at = end;
  }
  return covered;
}
