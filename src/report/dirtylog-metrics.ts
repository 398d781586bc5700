import type { FullStatus } from '../dirtylog/daemon/client.ts';
import { settingsOf } from '../dirtylog/resync-book.ts';
import { SECTOR_BYTES } from '../mapper/units.ts';
import {
  documentText,
  type Family,
  familyLines,
  type Labels,
  labelsText,
  type MetricsFormat,
} from './openmetrics-text.ts';

/** What is written to a log device at once. */
const BLOCK_BYTES = 4096n;

interface Mirror {
  readonly labels: Labels;
  readonly status: FullStatus['mirrors'][number];
  readonly isPaused: boolean;
}

const gauge = (name: string, help: string, value: (mirror: Mirror) => number | bigint): Family<Mirror> => ({
  name,
  kind: 'gauge',
  help,
  lines: (full, mirror) => [`${full}${labelsText(mirror.labels)} ${value(mirror)}`],
});

const OF_MIRROR: readonly Family<Mirror>[] = [
  gauge('regions', 'Regions of the mirror.', ({ status }) => status.regions),
  gauge('regions_in_sync', 'Regions whose legs are alike.', ({ status }) => status.inSync),
  gauge('regions_dirty', 'Regions that the log device has as dirty; 0 without one.', ({ status }) => status.dirty),
  {
    ...gauge('region_size_bytes', 'Size of a region.', ({ status }) => BigInt(status.regionSectors) * SECTOR_BYTES),
    unit: 'bytes',
  },
  gauge('failed', 'Whether the log has failed and the kernel holds writes.', ({ status }) => (status.failure ? 1 : 0)),
  gauge('resync_paused', 'Whether regions out of sync are not to be copied.', ({ isPaused }) => (isPaused ? 1 : 0)),
  {
    name: 'log_written_bytes',
    kind: 'counter',
    unit: 'bytes',
    help: 'Bytes written to the log device since the log was loaded.',
    lines: (full, { labels, status }) => [`${full}${labelsText(labels)} ${BigInt(status.blocksWritten) * BLOCK_BYTES}`],
  },
];

const counted = (name: string, help: string): Family<readonly [type: string, count: number]> => ({
  name,
  kind: 'counter',
  help,
  lines: (full, [type, count]) => [`${full}${labelsText([['type', type]])} ${count}`],
});

/** What a running dirty-log server says of itself, as metrics. */
export function dirtyLogMetricsText(status: FullStatus, format: MetricsFormat): string {
  const mirrors = status.mirrors.map((one) => ({
    labels: [
      ['log', one.uuid],
      ['device', one.devices.join(',')],
    ] as const,
    status: one,
    isPaused: settingsOf(status.resync, one.uuid).paused,
  }));
  return documentText(
    [
      ...familyLines('dmlogd_mirror_', OF_MIRROR, mirrors, format),
      ...familyLines(
        'dmlogd_',
        [counted('requests', 'Requests of the kernel, answered or held.')],
        Object.entries(status.requests),
        format,
      ),
      ...familyLines('dmlogd_', [counted('events', 'Events.')], Object.entries(status.events), format),
    ],
    format,
  );
}
