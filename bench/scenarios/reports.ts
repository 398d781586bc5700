import { DM_VERSION_WANTED, DmIoctl, DmTargetMsg } from '../../src/kernel/index.ts';
import { type ControlNode, openControlNode } from '../../src/mapper/control-node.ts';
import { sectors } from '../../src/mapper/units.ts';
import { Report } from '../../src/report/report.ts';
import { sampleRows } from '../../src/report/rows.ts';
import { FIELD_SETS, STATS_FIELDS } from '../../src/report/stats-fields.ts';
import { systemSampleClock } from '../../src/stats/sample-clock.ts';
import { difference, type Reading, read } from '../../src/stats/sampler.ts';
import { costOf, OUR_DMSTATS } from '../cost.ts';
import { type Scenario, say } from '../scenario.ts';
import { median, short, spread } from '../statistics.ts';
import { Volume } from '../volume.ts';

const REGION_SECTORS = 8;
/** What the library asks with, so that the kernel copies as much. */
const ROOM = 4096;
const SHOWN = { types: new Set(['area', 'region', 'group'] as const), skipSingleArea: true };

/** The requests that print regions, as bytes. */
function printRequests(device: string, ids: readonly number[]): readonly Uint8Array[] {
  return ids.map((id) => {
    const bytes = new Uint8Array(DmIoctl.size + DmTargetMsg.size + 32);
    const header = DmIoctl.at(bytes);
    header.version = DM_VERSION_WANTED;
    header.dataSize = DmIoctl.size + ROOM;
    header.dataStart = DmIoctl.size;
    header.name = device;
    bytes.set(Buffer.from(`@stats_print ${id}`), DmIoctl.size + DmTargetMsg.size);
    return bytes;
  });
}

/** Prints regions and looks at nothing: what no report can be faster than. */
function bare(node: ControlNode, requests: readonly Uint8Array[], buffer: Uint8Array): void {
  for (const request of requests) {
    buffer.set(request);
    node.ioctl('DM_TARGET_MSG', buffer);
  }
}

interface Step {
  readonly name: string;
  readonly wallMs: number[];
  readonly cpuMs: number[];
}

const step = (name: string): Step => ({ name, wallMs: [], cpuMs: [] });

async function timed(into: Step, act: () => unknown): Promise<void> {
  const start = performance.now();
  const cpuStart = process.cpuUsage();
  await act();
  const { user, system } = process.cpuUsage(cpuStart);
  into.wallMs.push(performance.now() - start);
  into.cpuMs.push((user + system) / 1000);
}

/** A repeated report in a running process beside the bare ioctls, and the start of a command beside Node's own. */
export const reports: Scenario = async ({ quick }) => {
  await using volume = await Volume.make('ext4');
  const { stats, name } = volume;
  const count = 1000;
  const rounds = quick ? 10 : 30;
  for (let index = 0; index < count; index++) {
    const range = { start: sectors(index * REGION_SECTORS), length: sectors(REGION_SECTORS) };
    await stats.createRegion({ programId: 'dmstats', range });
  }
  const { regions } = await stats.list();
  using node = openControlNode();
  const requests = printRequests(
    name,
    regions.map(({ id }) => id),
  );
  const buffer = new Uint8Array(DmIoctl.size + ROOM);
  const report = new Report(STATS_FIELDS, {
    defaults: FIELD_SETS.report,
    recordDefaults: FIELD_SETS.report,
    base: ['stats', 'region'],
    layout: {
      format: 'table',
      headings: 'abbrev',
      transposed: false,
      prefixes: 'none',
      form: { units: { kind: 'human', base: 1024 }, packed: false, timeSuffix: true },
    },
  });
  let before: Reading = await read(stats, 'dmstats', systemSampleClock);
  let bytes = 0;
  const cycle = async (): Promise<void> => {
    const now = await read(stats, 'dmstats', systemSampleClock);
    bytes += report.write(sampleRows(name, difference(before, now), SHOWN)).length;
    before = now;
  };
  const steps = { bare: step('bare print ioctls'), cycle: step('report, one cycle'), read: step('of it: reading') };
  for (let round = 0; round < rounds; round++) {
    if (round % 10 === 0) say(`reports: round ${round + 1} of ${rounds}`);
    await timed(steps.bare, () => bare(node, requests, buffer));
    await timed(steps.cycle, cycle);
    await timed(steps.read, () => read(stats, 'dmstats', systemSampleClock));
  }
  if (bytes === 0) throw new Error('the report is empty');
  // The first rounds compile.
  const warm = (list: readonly number[]): readonly number[] => list.slice(Math.floor(rounds / 3));
  const row = ({ name: what, wallMs, cpuMs }: Step): string[] => [
    what,
    spread(warm(wallMs)),
    short(median(warm(wallMs)) / median(warm(steps.bare.wallMs))),
    spread(warm(cpuMs)),
    short(median(warm(cpuMs)) / median(warm(steps.bare.cpuMs))),
  ];

  await volume.forgetRegions();
  await stats.createRegion({ programId: 'dmstats' });
  const starts = { node: step('`node -e 0`'), list: step('`dmstats list`') };
  for (let round = 0; round <= (quick ? 4 : 10); round++) {
    for (const [into, words] of [
      [starts.node, [process.execPath, '-e', '0']],
      [starts.list, [OUR_DMSTATS, 'list', name]],
    ] as const) {
      const { cpuMs, wallMs } = costOf(...words);
      // The first one fills the caches.
      if (round === 0) continue;
      into.cpuMs.push(cpuMs);
      into.wallMs.push(wallMs);
    }
  }
  const startRow = ({ name: what, wallMs, cpuMs }: Step): string[] => [
    what,
    spread(wallMs),
    short(median(wallMs) / median(starts.node.wallMs)),
    spread(cpuMs),
    short(median(cpuMs) / median(starts.node.cpuMs)),
  ];
  const columns = ['step', 'wall ms', '/first', 'CPU ms', '/first'];
  return {
    title: 'Reports in a running process, and the start of a command',
    method:
      `A repeated report of ${count} regions of one area, as \`dmstats report --interval\` makes it, beside as many ` +
      '`@stats_print` requests through the same FFI with their answers unread; in turn, in one process, after ' +
      `${Math.floor(rounds / 3)} rounds that are not counted. Then the whole command \`dmstats list\` of one region beside an empty ` +
      'Node process, in turn. Median (min–max).',
    tables: [
      { title: 'A cycle of a report', columns, rows: [steps.bare, steps.cycle, steps.read].map(row), notes: [] },
      { title: 'The start of a command', columns, rows: [starts.node, starts.list].map(startRow), notes: [] },
    ],
  };
};
