import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createFilemap } from '../../src/filemap/filemap.ts';
import { openFile } from '../../src/filemap/open-file.ts';
import { C_DMSTATS, type Cost, costOf, OUR_DMSTATS } from '../cost.ts';
import { makeFragmentedFile } from '../files.ts';
import { type Scenario, say } from '../scenario.ts';
import { median, short, spread } from '../statistics.ts';
import { Volume } from '../volume.ts';

const ALLOCATED = '/sys/module/dm_mod/parameters/stats_current_allocated_bytes';
const MB = 1e6;
const CREATIONS = 20;

const WAYS = ['no regions', 'ours', 'C'] as const;
type Way = (typeof WAYS)[number];

/** The median of 4 KiB reads with O_DIRECT from random places of a file, in microseconds, by fio. */
function readUs(path: string, reads: number): number {
  const words =
    `--name=r --filename=${path} --ioengine=psync --direct=1 --rw=randread --bs=4k --size=32m --io_size=${reads * 4}k ` +
    '--output-format=json --lat_percentiles=1 --clat_percentiles=0 --percentile_list=50';
  const { jobs } = JSON.parse(execFileSync('fio', words.split(' '), { encoding: 'utf8', cwd: '/tmp' })) as {
    jobs: readonly { read: { lat_ns: { percentile: Record<string, number> } } }[];
  };
  return (jobs[0]?.read.lat_ns.percentile['50.000000'] ?? Number.NaN) / 1000;
}

/** A file to read beside the one that is mapped. */
function makeElsewhere({ folder }: Volume): string {
  const path = `${folder}/elsewhere`;
  execFileSync('dd', ['if=/dev/zero', `of=${path}`, 'bs=1M', 'count=32', 'oflag=direct'], { stdio: 'ignore' });
  return path;
}

/** How long a process that has mapped the file before takes to map it again, with the library; milliseconds. */
async function createAgain({ dm, stats }: Volume, path: string): Promise<number[]> {
  const times: number[] = [];
  for (let time = 0; time < CREATIONS; time++) {
    using file = openFile(path);
    const start = performance.now();
    await createFilemap(dm, file, { programId: 'dmstats', alias: 'data' });
    times.push(performance.now() - start);
    for (const group of (await stats.list()).groups) await stats.deleteGroup(group);
  }
  return times.slice(CREATIONS / 2);
}

/** What a file of thousands of extents costs the kernel and everybody's I/O on its device. */
export const packed: Scenario = async ({ quick }) => {
  const extents = quick ? 1000 : 4000;
  const rounds = quick ? 1 : 2;
  const batches = quick ? 4 : 8;
  const reads = 400;
  await using volume = await Volume.make('ext4');
  const path = `${volume.folder}/data`;
  const elsewhere = makeElsewhere(volume);
  makeFragmentedFile(path, extents);
  await using bare = await Volume.make('ext4', 128);
  const bareFile = makeElsewhere(bare);
  const used = (): number => Number(readFileSync(ALLOCATED, 'latin1'));
  const create = (tool: string): Cost => costOf(tool, 'create', '--filemap', '--nomonitor', path);
  const memory = new Map<Way, number>();
  const regions = new Map<Way, number>();
  const creations = { ours: [] as Cost[], C: [] as Cost[] };
  const times: Record<Way, number[]> = { 'no regions': [], ours: [], C: [] };
  const ratios: Record<Way, number[]> = { 'no regions': [], ours: [], C: [] };
  const starts = { ours: [] as Cost[], C: [] as Cost[] };
  const node: Cost[] = [];
  const warm: number[] = [];
  costOf(OUR_DMSTATS, 'version');
  // The first commands read the files of the modules that they alone load.
  create(OUR_DMSTATS);
  for (let round = 0; round < rounds; round++) {
    for (const way of WAYS) {
      say(`packed: ${extents} extents, ${way}, round ${round + 1} of ${rounds}`);
      await volume.forgetRegions();
      const before = used();
      if (way !== 'no regions') {
        const tool = way === 'ours' ? OUR_DMSTATS : C_DMSTATS;
        if (way === 'ours') node.push(costOf(process.execPath, '-e', '0'));
        starts[way].push(costOf(tool, 'version'));
        creations[way].push(create(tool));
        memory.set(way, used() - before);
        regions.set(way, (await volume.stats.list()).regions.length);
      } else warm.push(...(await createAgain(volume, path)));
      for (let batch = 0; batch < batches; batch++) {
        // In turn, since the machine is not equally fast at all times.
        const none = readUs(bareFile, reads);
        const us = readUs(elsewhere, reads);
        times[way].push(us);
        ratios[way].push(us / none);
      }
    }
  }
  const wall = (list: readonly Cost[]): number[] => list.map(({ wallMs }) => wallMs);
  const cpu = (list: readonly Cost[]): number[] => list.map(({ cpuMs }) => cpuMs);
  const row = (way: Way): string[] => {
    const created = way === 'no regions' ? undefined : creations[way];
    return [
      way,
      `${regions.get(way) ?? 0}`,
      short((memory.get(way) ?? 0) / MB),
      created === undefined ? '–' : spread(wall(created)),
      created === undefined ? '–' : spread(cpu(created)),
      spread(times[way]),
      spread(ratios[way]),
    ];
  };
  const ratioOf = (of: (list: readonly Cost[]) => number[]): string =>
    short(median(of(creations.ours)) / median(of(creations.C)));
  const net = (way: 'ours' | 'C', of: (list: readonly Cost[]) => number[]): number =>
    median(of(creations[way])) - median(of(starts[way]));
  const netRatioOf = (of: (list: readonly Cost[]) => number[]): string => short(net('ours', of) / net('C', of));
  const startText = (way: 'ours' | 'C'): string =>
    `${spread(wall(starts[way]))} ms, ${spread(cpu(starts[way]))} of CPU`;
  return {
    title: 'A file of thousands of extents',
    method:
      `An ext4 file of ${extents} extents of 4 KiB, every other block of it punched out, is mapped by \`dmstats create ` +
      '--filemap --nomonitor`; beside it fio reads 4 KiB blocks of another file of the device with O_DIRECT, one at a ' +
      `time, ${reads} in a batch, in turn with batches on another device of the same disk, which has no regions. The three ` +
      `ways in turn, ${rounds} rounds of ${batches} batches; memory by \`stats_current_allocated_bytes\`. Creation is the ` +
      `whole command; \`dmstats version\` takes ${startText('ours')} (ours) and ${startText('C')} (C). ` +
      `Node alone (\`node -e 0\`) takes ${spread(wall(node))} ms. The command itself makes the regions, also when a ` +
      'dmfilemapd service runs and follows the file then; the service makes those of files by a pattern, in a process ' +
      `that has done it before, which takes ${spread(warm)} ms a file here (the library's \`createFilemap\`, the last ` +
      `${CREATIONS / 2} of ${CREATIONS} times in each round). Median (min–max).`,
    tables: [
      {
        title: 'Kernel memory, creation, reads elsewhere on the device',
        columns: [
          '',
          'regions',
          'kernel memory, MB',
          'creation, ms',
          'CPU ms',
          'µs a read',
          '/ device without regions',
        ],
        rows: WAYS.map(row),
        notes: [
          `Goals: under 8 MB (${short((memory.get('ours') ?? 0) / MB)}); creation under 1/10 of C’s (${ratioOf(wall)} as ` +
            `whole commands, by CPU ${ratioOf(cpu)}; ${netRatioOf(wall)} without the start of both, by CPU ` +
            `${netRatioOf(cpu)}; ${short(median(warm) / net('C', wall))} in a running process); reads at most 1.15 times as slow (${short(median(ratios.ours))}; C ${short(median(ratios.C))}).`,
        ],
      },
    ],
  };
};
