import { C_DMSTATS, type Cost, costOf, OUR_DMSTATS } from '../cost.ts';
import { makeFragmentedFile } from '../files.ts';
import { type Scenario, say } from '../scenario.ts';
import { median, short, spread } from '../statistics.ts';
import type { Table } from '../table.ts';
import { Volume } from '../volume.ts';

const TOOLS = { ours: OUR_DMSTATS, c: C_DMSTATS } as const;
type Tool = keyof typeof TOOLS;
const ACTIONS = ['create', 'list', 'report'] as const;
type Action = (typeof ACTIONS)[number];

/** `dmstats create --filemap`, `list` and `report`, ours and C's, as whole commands. */
export const commands: Scenario = async ({ quick }) => {
  await using volume = await Volume.make('ext4');
  const starts = { ours: [] as Cost[], c: [] as Cost[] };
  for (let round = 0; round < (quick ? 3 : 6); round++) {
    // The first one fills the caches.
    for (const tool of ['ours', 'c'] as const) {
      const cost = costOf(TOOLS[tool], 'version');
      if (round > 0) starts[tool].push(cost);
    }
  }
  const rows: Record<Action, string[][]> = { create: [], list: [], report: [] };
  for (const extents of quick ? [1000] : [10, 100, 1000, 5000]) {
    const path = `${volume.folder}/file${extents}`;
    makeFragmentedFile(path, extents);
    const costs: Record<Action, Record<Tool, Cost[]>> = {
      create: { ours: [], c: [] },
      list: { ours: [], c: [] },
      report: { ours: [], c: [] },
    };
    const rounds = extents > 1000 || quick ? 1 : 3;
    for (let round = 0; round < rounds; round++) {
      for (const tool of ['ours', 'c'] as const) {
        say(`commands: ${extents} extents, ${tool}, round ${round + 1} of ${rounds}`);
        const command = TOOLS[tool];
        await volume.forgetRegions();
        // As many regions as the C tool makes, where this package would have extents share some.
        const own = tool === 'ours' ? ['--max-regions', `${extents}`] : [];
        costs.create[tool].push(costOf(command, 'create', '--filemap', '--nomonitor', ...own, path));
        costs.list[tool].push(costOf(command, 'list', volume.name));
        costs.report[tool].push(costOf(command, 'report', volume.name));
      }
    }
    for (const action of ACTIONS) {
      const { ours, c } = costs[action];
      const cpu = (list: readonly Cost[]): number[] => list.map(({ cpuMs }) => cpuMs);
      const wall = (list: readonly Cost[]): number[] => list.map(({ wallMs }) => wallMs);
      const ratio = (of: (list: readonly Cost[]) => number[]): string => short(median(of(ours)) / median(of(c)));
      rows[action].push([
        `${extents}`,
        spread(cpu(ours)),
        spread(cpu(c)),
        ratio(cpu),
        spread(wall(ours)),
        spread(wall(c)),
        ratio(wall),
      ]);
    }
  }
  const columns = ['extents', 'CPU ms, ours', 'CPU ms, C', 'ours/C', 'wall ms, ours', 'wall ms, C', 'ours/C'];
  const start = (tool: Tool): string =>
    `${spread(starts[tool].map(({ cpuMs }) => cpuMs))} ms of CPU and ${spread(starts[tool].map(({ wallMs }) => wallMs))} ms`;
  const table = (action: Action, title: string): Table => ({ title, columns, rows: rows[action], notes: [] });
  return {
    title: 'Commands: create, list, report',
    method:
      'Whole commands from start to end, on an ext4 file of N extents, median (min–max). ' +
      `The start of a process is in it: \`dmstats version\` takes ${start('ours')} in this package, ${start('c')} in C.`,
    tables: [
      table('create', '`dmstats create --filemap --nomonitor FILE`'),
      table('list', '`dmstats list DEVICE`'),
      table('report', '`dmstats report DEVICE`'),
    ],
  };
};
