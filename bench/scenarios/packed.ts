import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { C_DMSTATS, type Cost, costOf, OUR_DMSTATS } from '../cost.ts';
import { makeFragmentedFile } from '../files.ts';
import { type Scenario, say } from '../scenario.ts';
import { median, short, spread } from '../statistics.ts';
import { Volume } from '../volume.ts';

const ALLOCATED = '/sys/module/dm_mod/parameters/stats_current_allocated_bytes';
const MB = 1e6;

const WAYS = ['no regions', 'ours', 'C'] as const;
type Way = (typeof WAYS)[number];

/** Microseconds of a 4 KiB read with O_DIRECT from random places of a file beside the mapped one, by fio. */
function readUs(path: string, reads: number): number {
  const words =
    `--name=r --filename=${path} --ioengine=psync --direct=1 --rw=randread --bs=4k --size=32m --io_size=${reads * 4}k ` +
    '--output-format=json --randrepeat=1';
  const { jobs } = JSON.parse(execFileSync('fio', words.split(' '), { encoding: 'utf8', cwd: '/tmp' })) as {
    jobs: readonly { read: { lat_ns: { mean: number } } }[];
  };
  return (jobs[0]?.read.lat_ns.mean ?? Number.NaN) / 1000;
}

/** What a file of thousands of extents costs the kernel and everybody's I/O on its device. */
export const packed: Scenario = async ({ quick }) => {
  const extents = quick ? 1000 : 4000;
  const rounds = quick ? 2 : 3;
  const reads = quick ? 500 : 2000;
  await using volume = await Volume.make('ext4');
  const path = `${volume.folder}/data`;
  const elsewhere = `${volume.folder}/elsewhere`;
  makeFragmentedFile(path, extents);
  execFileSync('dd', ['if=/dev/zero', `of=${elsewhere}`, 'bs=1M', 'count=32', 'oflag=direct'], { stdio: 'ignore' });
  const used = (): number => Number(readFileSync(ALLOCATED, 'latin1'));
  const create = (tool: string): Cost => costOf(tool, 'create', '--filemap', '--nomonitor', path);
  const memory = new Map<Way, number>();
  const regions = new Map<Way, number>();
  const creations = { ours: [] as Cost[], C: [] as Cost[] };
  const times: Record<Way, number[]> = { 'no regions': [], ours: [], C: [] };
  const starts = { ours: [] as Cost[], C: [] as Cost[] };
  costOf(OUR_DMSTATS, 'version');
  for (let round = 0; round < rounds; round++) {
    for (const way of WAYS) {
      say(`packed: ${extents} extents, ${way}, round ${round + 1} of ${rounds}`);
      await volume.forgetRegions();
      const before = used();
      if (way !== 'no regions') {
        const tool = way === 'ours' ? OUR_DMSTATS : C_DMSTATS;
        starts[way].push(costOf(tool, 'version'));
        creations[way].push(create(tool));
        memory.set(way, used() - before);
        regions.set(way, (await volume.stats.list()).regions.length);
      }
      times[way].push(readUs(elsewhere, reads));
    }
  }
  const none = median(times['no regions']);
  // Each round has its own, since the machine is not equally fast at all times.
  const ratios = (way: Way): number[] => times[way].map((us, round) => us / (times['no regions'][round] as number));
  const wall = (list: readonly Cost[]): number[] => list.map(({ wallMs }) => wallMs);
  const row = (way: Way): string[] => {
    const created = way === 'no regions' ? [] : wall(creations[way]);
    return [
      way,
      `${regions.get(way) ?? 0}`,
      short((memory.get(way) ?? 0) / MB),
      created.length === 0 ? '–' : spread(created),
      spread(times[way]),
      way === 'no regions' ? '1' : spread(ratios(way)),
    ];
  };
  const creation = median(wall(creations.ours)) / median(wall(creations.C));
  const startText = (way: 'ours' | 'C'): string => spread(wall(starts[way]));
  return {
    title: 'A file of thousands of extents',
    method:
      `An ext4 file of ${extents} extents of 4 KiB, every other block of it punched out, is mapped by \`dmstats create ` +
      '--filemap --nomonitor`; beside it fio reads 4 KiB blocks of another file of the device with O_DIRECT, one at a ' +
      `time, ${reads} of them. The three ways in turn, ${rounds} rounds; memory by \`stats_current_allocated_bytes\`. ` +
      `Creation is the whole command; \`dmstats version\` takes ${startText('ours')} ms (ours) and ${startText('C')} ms (C). ` +
      'Median (min–max).',
    tables: [
      {
        title: 'Kernel memory, creation, reads elsewhere on the device',
        columns: ['', 'regions', 'kernel memory, MB', 'creation, ms', 'µs a read', '/ no regions, same round'],
        rows: WAYS.map(row),
        notes: [
          `Goals: under 8 MB (${short((memory.get('ours') ?? 0) / MB)}); creation under 1/10 of C’s (${short(creation)}); ` +
            `reads at most 1.15 times as slow (${short(median(ratios('ours')))}; C ${short(median(times.C) / none)}).`,
        ],
      },
    ],
  };
};
