import { type Glyphs, sparkline } from './glyphs.ts';
import { binBound, hurt, type Sort } from './measure.ts';
import { shortCount, shortSize, shortTime } from './short.ts';
import type { Row } from './state.ts';
import { cutStart, fit } from './text.ts';

const KINDS = { device: 'D', group: 'G', region: 'R', area: 'A' } as const;
const MIN_NAME = 16;
const MIN_TREND = 10;
const MAX_TREND = 60;
/** The share of the columns that are left over which goes to the trend. */
const TREND_SHARE = 0.4;

interface Column {
  readonly heading: string;
  readonly width: number;
  readonly cell: (row: Row) => string;
}

/** The columns after the name, and in which order they go where the terminal is narrow. */
const COLUMNS: readonly Column[] = [
  { heading: 'R/s', width: 5, cell: ({ measure }) => shortCount(measure.reads) },
  { heading: 'W/s', width: 5, cell: ({ measure }) => shortCount(measure.writes) },
  { heading: 'RSz/s', width: 5, cell: ({ measure }) => shortSize(measure.readBytes) },
  { heading: 'WSz/s', width: 5, cell: ({ measure }) => shortSize(measure.writeBytes) },
  {
    heading: 'AWait',
    width: 6,
    cell: ({ measure: { waitNs } }) => (waitNs === undefined ? '-' : shortTime(waitNs)),
  },
  { heading: 'P99', width: 7, cell: ({ measure }) => binBound(measure.p99) },
  { heading: 'Util%', width: 5, cell: ({ measure }) => (measure.utilization * 100).toFixed(1) },
];
const LEAVING = ['RSz/s', 'WSz/s', 'P99', 'R/s', 'W/s', 'AWait'];

/** The table of a terminal so wide. */
export interface Table {
  readonly heading: string;
  line(row: Row): string;
}

/** Lays out the columns for a width. @param sort what the trend shows */
export function tableFor(width: number, sort: Sort, glyphs: Glyphs): Table {
  let columns = COLUMNS;
  const taken = (): number => columns.reduce((sum, column) => sum + column.width + 1, 0);
  // The kind and a mark, then the name; the trend is the last to come and the first to go.
  const left = (): number => width - 2 - taken();
  for (const heading of LEAVING) {
    if (left() < MIN_NAME) columns = columns.filter((column) => column.heading !== heading);
  }
  const spare = left() - MIN_NAME - MIN_TREND - 1;
  const trend = spare < 0 ? 0 : Math.min(MAX_TREND, MIN_TREND + Math.floor(spare * TREND_SHARE));
  const name = Math.max(0, left() - (trend === 0 ? 0 : trend + 1));
  const trendSort = sort === 'name' ? 'util' : sort;
  const inLine = (start: string, cell: (column: Column) => string, end: string): string => {
    const cells = columns.map((column) => fit(cell(column), column.width, 'right'));
    return [start, ...cells, ...(trend === 0 ? [] : [end])].join(' ');
  };
  return {
    heading: inLine(`  ${fit('NAME', name)}`, ({ heading }) => heading, fit(`${trendSort} so far`, trend)),
    line(row) {
      const { item, trail } = row;
      const start = `${KINDS[item.kind]}${item.wasCleared ? '!' : ' '}`;
      const values = trail.map((one) => hurt(one, trendSort));
      return inLine(
        start + fit(cutStart(item.name, name, glyphs.cutMark), name),
        ({ cell }) => cell(row),
        trendOf(values, trend, trendSort, glyphs),
      );
    },
  };
}

function trendOf(values: readonly (number | undefined)[], width: number, sort: Sort, glyphs: Glyphs): string {
  const most = Math.max(0, ...values.slice(-width).map((value) => value ?? 0));
  return sparkline(values, { width, full: sort === 'util' ? 1 : most, glyphs });
}
