import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { DM_VERSION_WANTED, DmIoctl, DmTargetMsg } from '../../src/kernel/index.ts';
import { type ControlNode, openControlNode } from '../../src/mapper/control-node.ts';
import { sectors } from '../../src/mapper/units.ts';
import { Report } from '../../src/report/report.ts';
import { SampleRows } from '../../src/report/rows.ts';
import { FIELD_SETS, STATS_FIELDS } from '../../src/report/stats-fields.ts';
import { systemSampleClock } from '../../src/stats/sample-clock.ts';
import { difference, read } from '../../src/stats/sampler.ts';
import { alignedMemory } from '../../src/system/libc.ts';
import { costOf, OUR_DMSTATS } from '../cost.ts';
import { type Scenario, say } from '../scenario.ts';
import { median, short, spread } from '../statistics.ts';
import { Volume } from '../volume.ts';

const REGION_SECTORS = 8;
const REGION_BYTES = REGION_SECTORS * 512;
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

async function timed<T>(into: Step, act: () => T): Promise<Awaited<T>> {
  const start = performance.now();
  const cpuStart = process.cpuUsage();
  const result = await act();
  const { user, system } = process.cpuUsage(cpuStart);
  into.wallMs.push(performance.now() - start);
  into.cpuMs.push((user + system) / 1000);
  return result;
}

/** Each of a list by each of another. */
const ratios = (of: readonly number[], by: readonly number[]): number[] =>
  of.map((value, index) => value / (by[index] ?? Number.NaN));

const plus = (a: readonly number[], b: readonly number[]): number[] => a.map((value, index) => value + (b[index] ?? 0));

/** A repeated report in a running process beside the bare ioctls, and the start of a command beside Node's own. */
export const reports: Scenario = async ({ quick }) => {
  await using volume = await Volume.make('ext4');
  const { stats, name, dm } = volume;
  const count = 1000;
  const rounds = quick ? 15 : 45;
  const isWarm = (_: number, round: number): boolean => round >= rounds / 3;
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
  const block = alignedMemory(REGION_BYTES, REGION_BYTES);
  const device = openSync(`/dev/dm-${(await dm.info({ name })).number.minor}`, constants.O_RDONLY | constants.O_DIRECT);
  const output = openSync('/dev/null', 'w');
  const tables: { title: string; columns: string[]; rows: string[][]; notes: string[] }[] = [];
  for (const { busy, title } of [
    { busy: 0, title: 'no region has I/O between two cycles' },
    { busy: 0.1, title: 'a tenth of the regions has I/O between two cycles' },
    { busy: 1, title: 'every region has I/O between two cycles' },
  ]) {
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
    const rows = new SampleRows(name, SHOWN);
    const bareStep = step('bare print ioctls');
    const readStep = step('of it: reading');
    const showStep = step('of it: rows and text');
    let before = await read(stats, 'dmstats', systemSampleClock);
    for (let round = 0; round < rounds; round++) {
      if (round % 15 === 0) say(`reports: ${title}: round ${round + 1} of ${rounds}`);
      for (let index = 0; index < count * busy; index++) {
        readSync(device, block, 0, REGION_BYTES, Math.round(index / busy) * REGION_BYTES);
      }
      await timed(bareStep, () => bare(node, requests, buffer));
      const now = await timed(readStep, () => read(stats, 'dmstats', systemSampleClock));
      await timed(showStep, () => writeSync(output, report.write(rows.of(difference(before, now)))));
      const isRight = [...difference(before, now).regions.values()].filter(
        ({ counters }) => counters.reads > 0n,
      ).length;
      if (isRight !== count * busy) throw new Error(`${isRight} of ${count * busy} regions show their I/O`);
      before = now;
    }
    const cycle: Step = {
      name: 'report, one cycle',
      wallMs: plus(readStep.wallMs, showStep.wallMs),
      cpuMs: plus(readStep.cpuMs, showStep.cpuMs),
    };
    tables.push({
      title: `A cycle of a report, when ${title}`,
      columns: ['step', 'wall ms', '/first', 'CPU ms', '/first'],
      rows: [bareStep, cycle, readStep, showStep].map(({ name: what, wallMs, cpuMs }) => [
        what,
        spread(wallMs.filter(isWarm)),
        spread(ratios(wallMs, bareStep.wallMs).filter(isWarm)),
        spread(cpuMs.filter(isWarm)),
        spread(ratios(cpuMs, bareStep.cpuMs).filter(isWarm)),
      ]),
      notes: [],
    });
  }
  closeSync(device);
  closeSync(output);

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
      `A repeated report of ${count} regions of one area, as \`dmstats report --interval\` makes it, written to /dev/null, beside ` +
      'as many `@stats_print` requests through the same FFI with their answers unread; in turn, in one process, after ' +
      `${Math.ceil(rounds / 3)} rounds that are not counted; between the cycles regions are read with O_DIRECT, 4 KiB each. \`/first\` ` +
      'is the ratio in the same round. Then the whole command `dmstats list` of one region beside an empty Node process, in turn. ' +
      'Median (min–max).',
    tables: [
      ...tables,
      { title: 'The start of a command', columns, rows: [starts.node, starts.list].map(startRow), notes: [] },
    ],
  };
};
