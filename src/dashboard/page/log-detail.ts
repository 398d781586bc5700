import { countText, sizeText } from '../model/format.ts';
import type { HeatGrid, Span } from '../model/heat.ts';
import { type LogFrame, type LogRows, logGrid, logRows, resyncPace } from '../model/log-history.ts';
import { logFacts, logName, resyncText } from '../model/log-text.ts';
import type { WireLog } from '../wire.ts';
import { element, setText } from './dom.ts';
import { HeatMap } from './heat-map.ts';
import { Plot } from './plots.ts';

/** Of shorter columns, a late answer of a busy server would leave one empty. */
const LEAST_COLUMN_MS = 1000;

/** All about the dirty log of one mirror. */
export class LogDetail {
  readonly #title = element('log-title', HTMLElement);
  readonly #facts = element('log-facts', HTMLElement);
  readonly #resync = element('log-resync', HTMLElement);
  readonly #progress = element('log-progress', HTMLProgressElement);
  readonly #share = new Plot('log-share', ['in sync', 'dirty']);
  readonly #heat = new HeatMap('log-heat', { isLogarithmic: true, empty: 'The log is not loaded' });
  #grid: HeatGrid<LogFrame> | undefined;
  #rows: LogRows | undefined;
  #uuid = '';

  /** The pictures with their titles, from top to bottom. */
  get pictures(): readonly (readonly [title: string, canvas: HTMLCanvasElement])[] {
    const plot = this.#share.canvas;
    return [
      ...(plot === undefined ? [] : [['Regions in sync, dirty, %', plot] as const]),
      ['Writes by region, over time', this.#heat.canvas],
    ];
  }

  /**
   * @param frames the log's of the span
   * @param intervalMs between two of them
   * @param isTimeUp as `HeatGrid.gather()`'s
   * @returns whether all is shown; else it is to be called again
   */
  show(log: WireLog, frames: readonly LogFrame[], span: Span, intervalMs: number, isTimeUp: () => boolean): boolean {
    const { regions, inSync, regionBytes } = log;
    setText(this.#title, logName(log));
    setText(this.#facts, logFacts(log));
    setText(this.#resync, resyncText(log, resyncPace(frames)));
    this.#progress.max = Math.max(1, regions);
    this.#progress.value = inSync;
    const share = (count: (one: WireLog) => number): (number | null)[] =>
      frames.map((frame) => (frame.log.regions === 0 ? null : (100 * count(frame.log)) / frame.log.regions));
    this.#share.show(
      span,
      frames.map(({ time }) => time),
      share((one) => one.inSync),
      share((one) => one.dirty),
    );
    const rows = logRows(log);
    const grid = this.#gridFor(log.uuid, rows);
    const columnMs = Math.max(LEAST_COLUMN_MS, 2 * intervalMs);
    const columns = Math.max(1, Math.min(this.#heat.columns, Math.floor((span.to - span.from) / columnMs)));
    const heat = grid.gather(frames, span, columns, isTimeUp);
    const place = (row: number): string => sizeText(row * rows.regionsOfRow * Number(regionBytes));
    this.#heat.show(heat, span, place, (row, writes) => {
      const last = Math.min(regions, (row + 1) * rows.regionsOfRow) - 1;
      const where = row < 0 ? '' : ` in regions ${row * rows.regionsOfRow} to ${last}, at ${place(row)}`;
      return `${countText(writes)} writes lately${where}`;
    });
    return heat.isWhole;
  }

  /** Draws the pictures anew in the page's colours. */
  restyle(): void {
    this.#share.restyle();
    this.#heat.draw();
  }

  #gridFor(uuid: string, rows: LogRows): HeatGrid<LogFrame> {
    const before = this.#rows;
    const isSame = uuid === this.#uuid && before?.rows === rows.rows && before.regionsOfRow === rows.regionsOfRow;
    if (isSame && this.#grid !== undefined) return this.#grid;
    const grid = logGrid(rows);
    this.#grid = grid;
    this.#rows = rows;
    this.#uuid = uuid;
    return grid;
  }
}
