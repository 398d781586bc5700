import { idsOf } from '../../filemap/packing/span.ts';
import { isAnchor } from '../../filemap/plan.ts';
import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';
import type { DeviceMapper } from '../../mapper/device-mapper.ts';
import { unmangledName } from '../../mapper/mangle.ts';
import { coverageOf } from '../../stats/coverage.ts';
import { DeviceStats } from '../../stats/device-stats.ts';
import type { Group, Listing } from '../../stats/group.ts';
import { ownerOf } from '../../stats/owner.ts';
import { creditedSectors, type PackedSpan } from '../../stats/packed.ts';
import type { Region } from '../../stats/region.ts';
import { read, totals } from '../../stats/sampler.ts';
import type { FollowedRecord } from './records.ts';
import type { ServedDevice } from './served-device.ts';
import type { FilemapService } from './service.ts';

/** How a followed file stands; names and units as in docs/json.md. */
export interface FileStatus {
  readonly path: string;
  /** `stuck`: its device keeps work of the service for seconds; `waiting`: not followed yet, tried again each minute. */
  readonly state: 'following' | 'starting' | 'stuck' | 'waiting';
  /** Why it is waiting, or why the last attempt at its regions failed. */
  readonly reason: string | null;
  readonly mode: string;
  readonly pattern: string | null;
  /** `MAJOR:MINOR`. */
  readonly device: string;
  readonly device_name: string | null;
  readonly group_id: number;
  readonly region_count: number | null;
  readonly mapped_bytes: number | null;
  /** The share of the file's I/O that was counted since its group is there, 0 to 1. */
  readonly coverage_ratio: number | null;
  /** What became the file's without a region to hold its first I/O. */
  readonly missed_bytes: number | null;
  readonly look_ahead_region_count: number | null;
  /** When its regions changed last, ISO 8601; null: not since the service began. */
  readonly last_change: string | null;
}

/** How a pattern stands. */
export interface PatternStatus {
  readonly pattern: string;
  readonly file_count: number;
  readonly is_watching: boolean;
  /** Why its folder cannot be read. */
  readonly reason: string | null;
  readonly refused: readonly { readonly path: string; readonly reason: string }[];
}

/** What a service tells of itself. */
export interface ServiceStatus {
  readonly files: readonly FileStatus[];
  readonly patterns: readonly PatternStatus[];
}

const SECTOR_BYTES = 512;

/** What a device's list says of its groups. */
interface DeviceView {
  readonly name: string | null;
  readonly regions: ReadonlyMap<number, Region>;
  readonly groups: ReadonlyMap<number, Group>;
  readonly spans: ReadonlyMap<number, readonly PackedSpan[]>;
  /** How much of a group's I/O was counted, 0 to 1. */
  readonly coverage: ReadonlyMap<number, number>;
  /** How many look-ahead regions a group has. */
  readonly ahead: ReadonlyMap<number, number>;
  readonly isStuck: boolean;
}

/** How all files of a service stand. */
export async function statusOf(service: FilemapService): Promise<ServiceStatus> {
  const views = new Map<ServedDevice, DeviceView>();
  for (const device of service.devices) views.set(device, await viewOf(service, device));
  const followed = service.files.map((file) => {
    const view = views.get(file.device);
    const state = view?.isStuck === true ? 'stuck' : file.isFollowed ? 'following' : 'starting';
    return fileStatus(file.record, state, file.failure ?? null, file.lastChange, view);
  });
  const waiting = service.waiting
    .filter(({ record }) => !service.files.some((file) => file.isFile(record.home, record.inode)))
    .map(({ record, reason }) => fileStatus(record, 'waiting', reason, undefined, undefined));
  const files = [...followed, ...waiting].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const patterns = service.patterns.map((one) => ({
    pattern: one.record.pattern,
    file_count: service.files.filter((file) => file.pattern === one.record.pattern).length,
    is_watching: one.isWatching,
    reason: one.failure ?? null,
    refused: one.refused,
  }));
  return { files, patterns };
}

async function viewOf({ world }: FilemapService, device: ServedDevice): Promise<DeviceView> {
  const isStuck = device.stuckSince !== undefined;
  try {
    const { name } = await world.dm.info(device.number);
    const listing = await device.listing();
    const { regions, groups, spans = new Map() } = listing;
    const ahead = new Map<number, number>();
    for (const region of regions) {
      const groupId = ownerOf(region)?.groupId;
      if (groupId !== undefined) ahead.set(groupId, (ahead.get(groupId) ?? 0) + 1);
    }
    return {
      name: unmangledName(name, {}),
      regions: new Map(regions.map((region) => [region.id, region])),
      groups: new Map(groups.map((group) => [group.id, group])),
      spans,
      coverage: isStuck ? new Map() : await coverageOn(world.dm, device, listing),
      ahead,
      isStuck,
    };
  } catch {
    // Its files tell what they know without it.
    const none = new Map<number, never>();
    return { name: null, regions: none, groups: none, spans: none, coverage: none, ahead: none, isStuck };
  }
}

/** The coverage of each group on a device, of all that was counted since it is there. */
async function coverageOn(
  dm: DeviceMapper,
  device: ServedDevice,
  { regions, groups }: Listing,
): Promise<ReadonlyMap<number, number>> {
  const stats = new DeviceStats(dm, device.number);
  const leaders = new Set(groups.map(({ id }) => id));
  const programs = new Set(regions.filter(({ id }) => leaders.has(id)).map(({ programId }) => programId));
  const coverage = new Map<number, number>();
  for (const programId of programs) {
    const { groups: counted } = totals(await read(stats, programId), 1);
    for (const [id, sample] of counted) coverage.set(id, coverageOf(sample).ratio);
  }
  return coverage;
}

function fileStatus(
  record: FollowedRecord,
  state: FileStatus['state'],
  reason: string | null,
  lastChange: number | undefined,
  view: DeviceView | undefined,
): FileStatus {
  const { path, mode, pattern = null, device, groupId } = record;
  return {
    path,
    state,
    reason,
    mode,
    pattern,
    device: numberText(device),
    device_name: view?.name ?? null,
    group_id: groupId,
    ...groupStatus(view, groupId),
    last_change: lastChange === undefined ? null : new Date(lastChange).toISOString(),
  };
}

function groupStatus(
  view: DeviceView | undefined,
  groupId: number,
): Pick<FileStatus, 'region_count' | 'mapped_bytes' | 'coverage_ratio' | 'missed_bytes' | 'look_ahead_region_count'> {
  const group = view?.groups.get(groupId);
  if (view === undefined || group === undefined) {
    return {
      region_count: null,
      mapped_bytes: null,
      coverage_ratio: null,
      missed_bytes: null,
      look_ahead_region_count: null,
    };
  }
  const members = group.members.flatMap((id) => view.regions.get(id) ?? []).filter((region) => !isAnchor(region));
  const spans = view.spans.get(groupId) ?? [];
  const own = members.reduce((sum, { length }) => sum + Number(length), 0);
  const shared = spans.reduce((sum, span) => sum + Number(creditedSectors(span)), 0);
  return {
    region_count: members.length + idsOf(spans).length,
    mapped_bytes: (own + shared) * SECTOR_BYTES,
    coverage_ratio: view.coverage.get(groupId) ?? null,
    missed_bytes: Number(group.missed) * SECTOR_BYTES,
    look_ahead_region_count: view.ahead.get(groupId) ?? 0,
  };
}

const numberText = ({ major, minor }: DeviceNumber): string => `${major}:${minor}`;
