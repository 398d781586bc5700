import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { C_DMSTATS, type Cost, costOf, OUR_DMSTATS } from '../cost.ts';
import { mapFile } from '../filemap.ts';
import { appendExtent, checkExtents, makeFragmentedFile } from '../files.ts';
import { type Scenario, say } from '../scenario.ts';
import { median, short, spread } from '../statistics.ts';
import { Volume } from '../volume.ts';

const LEAST_MS = 20;
/** Updates in one process, and how many of the last ones count as warm. */
const PASSES = 8;
const WARM = 3;
const CHILD = fileURLToPath(new URL('../update-child.js', import.meta.url));

/** An update after one extent was appended. */
export const update: Scenario = async ({ quick }) => {
  await using volume = await Volume.make('ext4', 768);
  const allStarts = { ours: [] as number[], c: [] as number[] };
  const cpu: string[][] = [];
  const wall: string[][] = [];
  for (const extents of quick ? [1000] : [10, 100, 1000, 5000, 10_000]) {
    say(`update: ${extents} extents`);
    const path = `${volume.folder}/file${extents}`;
    makeFragmentedFile(path, extents);
    await volume.forgetRegions();
    const groupId = await mapFile(volume, path);
    // Group 0, and at the tail: the C tool crashes when the extent of the leader of any other group changes.
    const words = ['update_filemap', '--nomonitor', '--groupid', `${groupId}`, path];
    const first: Cost[] = [];
    const warm: Cost[] = [];
    const ours: Cost[] = [];
    const c: Cost[] = [];
    const starts = { ours: [] as number[], c: [] as number[] };
    costOf(OUR_DMSTATS, 'version');
    let now = extents;
    const rounds = quick ? 1 : extents > 1000 ? 4 : 5;
    for (let round = 0; round < rounds; round++) {
      starts.ours.push(costOf(OUR_DMSTATS, 'version').cpuMs);
      starts.c.push(costOf(C_DMSTATS, 'version').cpuMs);
      const child = [CHILD, path, `${groupId}`, `${PASSES}`];
      const costs: Cost[] = JSON.parse(execFileSync(process.execPath, child, { encoding: 'utf8' }));
      first.push(costs[0] as Cost);
      warm.push(...costs.slice(-WARM));
      appendExtent(path);
      c.push(costOf(C_DMSTATS, ...words));
      appendExtent(path);
      ours.push(costOf(OUR_DMSTATS, ...words));
      now += PASSES + 2;
      checkExtents(path, now);
      const { regions } = await volume.stats.list();
      if (regions.length !== now) throw new Error(`${regions.length} regions for ${now} extents`);
    }
    allStarts.ours.push(...starts.ours);
    allStarts.c.push(...starts.c);
    const less = (list: readonly Cost[], start: number): number[] =>
      list.map(({ cpuMs }) => Math.max(0, cpuMs - start));
    const ofC = less(c, median(starts.c));
    const cpuOf = (list: readonly Cost[]): number[] => list.map(({ cpuMs }) => cpuMs);
    const wallOf = (list: readonly Cost[]): number[] => list.map(({ wallMs }) => wallMs);
    // Below this the start of the process hides what the update costs.
    const ratio = (list: readonly number[]): string =>
      median(ofC) < LEAST_MS ? '–' : short(median(list) / median(ofC));
    const commandLess = less(ours, median(starts.ours));
    cpu.push([
      `${extents}`,
      ...[spread(ofC), spread(cpuOf(first)), ratio(cpuOf(first)), spread(cpuOf(warm)), ratio(cpuOf(warm))],
      ...[spread(commandLess), ratio(commandLess)],
    ]);
    wall.push([`${extents}`, spread(wallOf(c)), spread(wallOf(first)), spread(wallOf(warm)), spread(wallOf(ours))]);
  }
  return {
    title: 'Update with one extent appended',
    method:
      'An ext4 file of N extents is mapped, one extent is appended and fsynced, then the group is updated; ours and C’s ' +
      'in turn, on the same group. CPU is user and system time without the start of the process: for commands the time of ' +
      `\`dmstats version\` is taken off (C ${spread(allStarts.c)} ms, ours ${spread(allStarts.ours)} ms; measured anew for each N); ` +
      '“first” is the first call of `updateFilemap()` in a fresh Node process, as in a command, “warm” are the last ' +
      `${WARM} of ${PASSES} in one process, as in a daemon. ` +
      'Median (min–max).',
    tables: [
      {
        title: 'CPU, ms',
        columns: ['extents', 'C', 'ours, first', '/C', 'ours, warm', '/C', 'our command', '/C'],
        rows: cpu,
        notes: [`–: C’s update is too short (less than ${LEAST_MS} ms) to be told from the start of its process.`],
      },
      {
        title: 'Wall, ms (commands with the start of the process)',
        columns: ['extents', 'C command', 'ours, first', 'ours, warm', 'our command'],
        rows: wall,
        notes: [],
      },
    ],
  };
};
