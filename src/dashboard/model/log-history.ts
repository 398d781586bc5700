import type { WireLog, WireLogs } from '../wire.ts';
import { HeatGrid, type Span } from './heat.ts';

/** How far back the page can show. */
const MAX_MS = 3_600_000;
/** Numbers that are kept; beyond it the oldest go. */
const MAX_NUMBERS = 4_000_000;
/** Over how long the pace of a resync is taken. */
const PACE_MS = 60_000;

/** A log at a time, milliseconds since 1970. */
export interface LogFrame {
  readonly time: number;
  readonly log: WireLog;
}

/** What was told of dirty logs in the last hour, or in as much of it as fits. */
export class LogHistory {
  #told: WireLogs[] = [];
  #size = 0;

  add(told: WireLogs): void {
    this.#told.push(told);
    this.#size += sizeOf(told);
    while (this.#told.length > 1) {
      const [first] = this.#told;
      if (first === undefined || (first.time >= told.time - MAX_MS && this.#size <= MAX_NUMBERS)) return;
      this.#size -= sizeOf(first);
      this.#told.shift();
    }
  }

  /** What was told last at a time. */
  at(time: number): WireLogs | undefined {
    return this.#told.findLast((told) => told.time <= time);
  }

  /** A log after `from` up to and with `to`. */
  between({ from, to }: Span, uuid: string): LogFrame[] {
    return this.#told.flatMap(({ time, logs }) => {
      const log = time > from && time <= to ? logs.find((one) => one.uuid === uuid) : undefined;
      return log === undefined ? [] : [{ time, log }];
    });
  }
}

function sizeOf({ logs }: WireLogs): number {
  return logs.reduce((sum, { heat }) => sum + 10 + 2 * heat.length, 1);
}

/** The most rows of a heat map. */
const MAX_ROWS = 64;

/** How the parts of a log's heat share the rows of a map: each row has whole parts, the last one perhaps fewer. */
export interface LogRows {
  readonly rows: number;
  readonly partsOfRow: number;
  /** The last row may have fewer. */
  readonly regionsOfRow: number;
}

export function logRows({ regions, partRegions }: Pick<WireLog, 'regions' | 'partRegions'>): LogRows {
  const parts = Math.ceil(regions / partRegions);
  const partsOfRow = Math.max(1, Math.ceil(parts / MAX_ROWS));
  return { rows: Math.ceil(parts / partsOfRow), partsOfRow, regionsOfRow: partsOfRow * partRegions };
}

/** Writes by time and by region. They are a level: of several samples in a column the highest stands. */
export function logGrid({ rows, partsOfRow, regionsOfRow }: LogRows): HeatGrid<LogFrame> {
  const now = new Float64Array(rows);
  return new HeatGrid(rows, ({ log }, column) => {
    // Of another size: the log was loaded anew for another mirror.
    if (logRows(log).rows !== rows || logRows(log).regionsOfRow !== regionsOfRow) return;
    now.fill(0);
    for (const [part, writes] of log.heat) {
      const row = Math.floor(part / partsOfRow);
      now[row] = (now[row] ?? 0) + writes;
    }
    for (const [row, writes] of now.entries()) column[row] = Math.max(column[row] ?? 0, writes);
  });
}

/** How fast a resync goes on: regions a second, and the seconds that are left; undefined while it does not. */
export function resyncPace(frames: readonly LogFrame[]): { readonly rate: number; readonly left: number } | undefined {
  const last = frames.at(-1);
  const first = last && frames.find(({ time }) => time >= last.time - PACE_MS);
  if (last === undefined || first === undefined || last.time === first.time) return undefined;
  const rate = ((last.log.inSync - first.log.inSync) * 1000) / (last.time - first.time);
  return rate <= 0 ? undefined : { rate, left: (last.log.regions - last.log.inSync) / rate };
}
