import { type Bin, bins } from '../stats/counters.ts';
import { percentileBin } from '../stats/percentile.ts';
import type { Glyphs } from './glyphs.ts';
import { HELP_LINES } from './help.ts';
import { histogramChart } from './histogram-chart.ts';
import { BAR_ROWS, hasDetail, tableHeight } from './layout.ts';
import { binBound } from './measure.ts';
import { shortCount, shortTime } from './short.ts';
import { currentVisit, type Row, rowsOf, selectedIndex, type WatchState } from './state.ts';
import { tableFor } from './table.ts';
import { cut, cutStart, fit, printable, widthOf } from './text.ts';

/** A line of the screen. */
export interface Line {
  /** Printable, no wider than the screen. */
  readonly text: string;
  readonly style: 'plain' | 'bold' | 'inverse';
}

/** What does not change while the view is there. */
export interface FrameOptions {
  readonly intervalMs: number;
  readonly isSimulated: boolean;
  readonly glyphs: Glyphs;
}

/** The whole screen: as many lines as it has. */
export function frame(state: WatchState, options: FrameOptions): Line[] {
  const { columns, rows: height } = state.size;
  const lines = state.mode === 'help' ? helpLines(state) : listLines(state, options);
  // On a screen that is too low, the last line, which tells of the keys, stays.
  const shown = lines.length > height ? [...lines.slice(0, Math.max(0, height - 1)), ...lines.slice(-1)] : lines;
  return shown.map(({ text, style }) => ({ text: cut(text, columns), style }));
}

const plain = (text = ''): Line => ({ text, style: 'plain' });

function helpLines({ size: { rows } }: WatchState): Line[] {
  return [
    ...filled(
      HELP_LINES.map((text) => plain(text)),
      rows - 1,
    ),
    plain('any key: back'),
  ];
}

/** So many lines: empty ones where there are fewer. */
function filled(lines: readonly Line[], height: number): Line[] {
  return Array.from({ length: Math.max(0, height) }, (_, index) => lines[index] ?? plain());
}

function listLines(state: WatchState, options: FrameOptions): Line[] {
  const { size, sort } = state;
  const rows = rowsOf(state);
  const selected = selectedIndex(rows, currentVisit(state));
  const table = tableFor(size.columns, sort, options.glyphs);
  const height = tableHeight(size);
  const first = Math.floor(Math.max(0, selected) / height) * height;
  const body = rows.slice(first, first + height).map((row, index): Line => {
    const text = fit(table.line(row), size.columns);
    return { text, style: first + index === selected ? 'inverse' : 'plain' };
  });
  if (rows.length === 0) body.push(...emptyLines(state, options));
  const lines: Line[] = [
    { text: title(state, options), style: 'bold' },
    { text: table.heading, style: 'bold' },
    ...filled(body, height),
  ];
  if (hasDetail(size)) lines.push(...detailLines(rows[selected], state, options));
  return [...filled(lines, size.rows - 1), plain(footer(state, rows.length))];
}

function title(state: WatchState, { intervalMs, isSimulated }: FrameOptions): string {
  const order = `by ${state.sort}${state.isReversed ? ' upwards' : ''}`;
  const { sample } = state.frozen ?? state.live;
  const { columns } = state.size;
  const time = sample === undefined ? '' : ` ${new Date(sample.timeMs).toTimeString().slice(0, 8)}`;
  const missed = (sample?.missed ?? 0) > 0 ? `, ${sample?.missed} missed` : '';
  const left = `dmstats watch${time}, each ${intervalMs / 1000} s${missed}, ${order}${isSimulated ? ', SIMULATED' : ''}: `;
  const right = state.frozen === undefined ? '' : ' PAUSED';
  const path = state.visits.map(({ title: name }) => name).join(' > ');
  const room = Math.max(0, columns - widthOf(left) - widthOf(right));
  return fit(left + cutStart(path, room, '...'), columns - right.length) + right;
}

function emptyLines(state: WatchState, { intervalMs }: FrameOptions): Line[] {
  const { sample } = state.frozen ?? state.live;
  if (sample === undefined) return [plain(`  counting for ${intervalMs / 1000} s ...`)];
  if (state.filter !== '') return [plain('  nothing has such a name')];
  if (state.visits.length > 1) return [plain('  nothing is counted here (any more)')];
  return [plain('  nothing is counted yet: dmstats create --filemap FILE lays regions over a file')];
}

function footer(state: WatchState, count: number): string {
  if (state.mode === 'filter') return `Filter: ${printable(state.filter)}_   (Enter: keep, Esc: clear)`;
  const filter = state.filter === '' ? '' : `filter "${printable(state.filter)}": ${count}  `;
  return `${filter}q quit  ? help  s sort  r reverse  / filter  Enter open  Esc back  p pause`;
}

function detailLines(row: Row | undefined, { size: { columns } }: WatchState, { glyphs }: FrameOptions): Line[] {
  if (row === undefined) return [];
  const { item } = row;
  const ruled = (text: string): string => text + '-'.repeat(Math.max(0, columns - widthOf(text)));
  const cleared = item.wasCleared ? ' ! another program cleared its counters: less is shown than was' : '';
  const lines: Line[] = [
    { text: ruled(`-- ${cutStart(item.name, columns - 8, glyphs.cutMark)} `), style: 'bold' },
    plain(`${item.about}${cleared}`),
  ];
  const all = bins(item.bounds, item.counters.histogram);
  if (item.bounds.length === 0) {
    const why = item.kind === 'device' ? 'a histogram needs a region' : 'no histogram: it needs --bounds when created';
    return [...lines, plain(`(${why})`)];
  }
  const chart = histogramChart(all, { width: columns, height: BAR_ROWS, glyphs });
  return [...lines, plain(latencyText(all, row)), ...chart.map((text) => plain(text))];
}

function latencyText(all: readonly Bin[], { measure, item }: Row): string {
  const total = all.reduce((sum, { count }) => sum + count, 0n);
  if (total === 0n) return 'latency: no I/O in this interval';
  const wait = measure.waitNs === undefined ? '' : `, mean ${shortTime(measure.waitNs)}`;
  const percentiles = [50, 95, 99].map((percent) => `p${percent} ${binBound(percentileBin(all, percent))}`);
  const seconds = shortCount(item.intervalNs / 1e9);
  return `latency of ${total} I/Os in ${seconds} s: ${percentiles.join('  ')}${wait}`;
}
