import uPlot from 'uplot';
import { clockText } from '../model/format.ts';
import type { Span } from '../model/heat.ts';
import { colour, element } from './dom.ts';

const HEIGHT = 190;
const AXIS_WIDTH = 52;
const TIME_SPACE = 80;
const TIME_HEIGHT = 30;
const MS_PER_SECOND = 1000;

const timeTexts = (_: uPlot, times: readonly number[]): string[] =>
  times.map((time) => clockText(time * MS_PER_SECOND));

/** A line chart of two series over time. */
export class Plot {
  readonly #box: HTMLElement;
  readonly #labels: readonly [string, string];
  #plot: uPlot | undefined;
  #span: Span = { from: 0, to: 1 };
  #data: uPlot.AlignedData = [[], [], []];

  constructor(id: string, labels: readonly [string, string]) {
    this.#box = element(id, HTMLElement);
    this.#labels = labels;
    new ResizeObserver(() => this.#fit()).observe(this.#box);
  }

  /** The picture, once there is one. */
  get canvas(): HTMLCanvasElement | undefined {
    return this.#plot?.ctx.canvas;
  }

  /** @param times milliseconds since 1970 */
  show(
    span: Span,
    times: readonly number[],
    first: readonly (number | null)[],
    second: readonly (number | null)[],
  ): void {
    this.#span = span;
    this.#data = [times.map((time) => time / MS_PER_SECOND), [...first], [...second]];
    if (this.#plot === undefined) this.#make();
    else this.#plot.setData(this.#data);
  }

  /** Draws it anew in the page's colours. */
  restyle(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
    this.#make();
  }

  #make(): void {
    const width = this.#box.clientWidth;
    if (width === 0) return;
    const axis = { stroke: colour('soft'), grid: { stroke: colour('line'), width: 1 }, ticks: { show: false } };
    const line = (label: string, stroke: string): uPlot.Series => ({
      label,
      stroke,
      width: 1.5,
      points: { show: false },
    });
    this.#plot = new uPlot(
      {
        width,
        height: HEIGHT,
        legend: { live: false },
        cursor: { drag: { x: false, y: false } },
        scales: {
          x: { range: () => [this.#span.from / MS_PER_SECOND, this.#span.to / MS_PER_SECOND] },
          y: { range: (_, __, max) => [0, Math.max(max, 1e-3) * 1.1] },
        },
        axes: [
          { ...axis, size: TIME_HEIGHT, space: TIME_SPACE, values: timeTexts },
          { ...axis, size: AXIS_WIDTH },
        ],
        series: [{}, line(this.#labels[0], colour('first')), line(this.#labels[1], colour('second'))],
      },
      this.#data,
      this.#box,
    );
  }

  #fit(): void {
    const width = this.#box.clientWidth;
    if (width === 0) return;
    if (this.#plot === undefined) this.#make();
    else if (this.#plot.width !== width) this.#plot.setSize({ width, height: HEIGHT });
  }
}
