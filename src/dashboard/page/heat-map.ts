import { clockText } from '../model/format.ts';
import type { Heat, Span } from '../model/heat.ts';
import { colour, darkness, element, setText } from './dom.ts';

/** Room for the words on the left and below, CSS pixels. */
const LEFT = 64;
const BOTTOM = 18;
const FONT = '11px system-ui, sans-serif';
const COLUMN_WIDTH = 4;

type Colour = readonly [red: number, green: number, blue: number];
// From the panel's colour to the strongest: read in this order on light and on dark ground.
const LIGHT: readonly Colour[] = [
  [244, 246, 248],
  [120, 174, 222],
  [23, 84, 150],
  [8, 30, 70],
];
const DARK: readonly Colour[] = [
  [26, 34, 43],
  [32, 92, 150],
  [230, 140, 60],
  [255, 240, 190],
];

/** What a cell says when it is pointed at. */
export type CellText = (row: number, value: number) => string;

/** How a map looks. */
interface HeatMapOptions {
  /** Whether colours go by the logarithm of values in place of the square root. */
  readonly isLogarithmic?: boolean;
  /** What stands in place of a map without rows. */
  readonly empty?: string;
}

/** A picture of values by time and place. */
export class HeatMap {
  readonly canvas: HTMLCanvasElement;
  readonly #isLogarithmic: boolean;
  readonly #empty: string;
  readonly #readout: HTMLElement;
  #heat: Heat | undefined;
  #span: Span = { from: 0, to: 1 };
  #rowText: (row: number) => string = () => '';
  #cellText: CellText = () => '';
  #isBarred: (row: number) => boolean = () => false;
  #pointed: { readonly x: number; readonly y: number } | undefined;

  constructor(id: string, { isLogarithmic = false, empty = '' }: HeatMapOptions = {}) {
    this.#isLogarithmic = isLogarithmic;
    this.#empty = empty;
    this.canvas = element(id, HTMLCanvasElement);
    this.#readout = element(`${id}-readout`, HTMLElement);
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    this.canvas.addEventListener('pointermove', ({ offsetX, offsetY }) => {
      this.#pointed = { x: offsetX, y: offsetY };
      this.#tell();
    });
    this.canvas.addEventListener('pointerleave', () => {
      this.#pointed = undefined;
      this.#tell();
    });
  }

  /** How many columns have room. */
  get columns(): number {
    return Math.max(1, Math.floor((this.canvas.clientWidth - LEFT) / COLUMN_WIDTH));
  }

  /** @param isBarred whether a row can have no values */
  show(
    heat: Heat,
    span: Span,
    rowText: (row: number) => string,
    cellText: CellText,
    isBarred: (row: number) => boolean = () => false,
  ): void {
    this.#heat = heat;
    this.#span = span;
    this.#rowText = rowText;
    this.#cellText = cellText;
    this.#isBarred = isBarred;
    this.draw();
    this.#tell();
  }

  draw(): void {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const context = this.canvas.getContext('2d');
    if (width === 0 || context === null) return;
    const scale = devicePixelRatio;
    const pixels = [Math.round(width * scale), Math.round(height * scale)] as const;
    if (this.canvas.width !== pixels[0]) this.canvas.width = pixels[0];
    if (this.canvas.height !== pixels[1]) this.canvas.height = pixels[1];
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.fillStyle = colour('panel');
    context.fillRect(0, 0, width, height);
    context.strokeStyle = colour('line');
    context.strokeRect(LEFT - 0.5, 0.5, width - LEFT, height - BOTTOM);
    context.font = FONT;
    context.fillStyle = colour('soft');
    this.#drawTimes(context, width, height);
    const heat = this.#heat;
    if (heat === undefined || heat.rows === 0) {
      context.fillText(this.#empty, LEFT + 8, height / 2);
      return;
    }
    this.#drawRows(context, heat, height - BOTTOM);
    this.#drawBars(context, heat, width, height - BOTTOM);
    if (heat.max === 0) return;
    const shareOf = this.#isLogarithmic ? logarithmicShare : rootShare;
    const picture = pictureOf(heat, darkness.matches ? PALETTES.dark : PALETTES.light, shareOf);
    context.imageSmoothingEnabled = false;
    context.drawImage(picture, LEFT, 0, width - LEFT, height - BOTTOM);
  }

  #drawTimes(context: CanvasRenderingContext2D, width: number, height: number): void {
    const { from, to } = this.#span;
    context.textBaseline = 'alphabetic';
    context.textAlign = 'left';
    context.fillText(clockText(from), LEFT, height - 4);
    context.textAlign = 'right';
    context.fillText(clockText(to), width, height - 4);
    context.textAlign = 'left';
  }

  #drawRows(context: CanvasRenderingContext2D, { rows }: Heat, height: number): void {
    const rowHeight = height / rows;
    const every = Math.max(1, Math.ceil(14 / rowHeight));
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    for (let row = 0; row < rows; row += every) {
      context.fillText(this.#rowText(row), LEFT - 4, height - (row + 0.5) * rowHeight);
    }
  }

  #drawBars(context: CanvasRenderingContext2D, { rows }: Heat, width: number, height: number): void {
    const rowHeight = height / rows;
    context.fillStyle = colour('line');
    for (let row = 0; row < rows; row++) {
      if (this.#isBarred(row)) context.fillRect(LEFT, height - (row + 1) * rowHeight, width - LEFT, rowHeight);
    }
  }

  #tell(): void {
    setText(this.#readout, this.#heat === undefined ? '' : this.#text(this.#heat));
  }

  #text({ cells, rows, max }: Heat): string {
    if (rows === 0) return '';
    const strongest = `Strongest: ${this.#cellText(-1, max)}`;
    if (this.#pointed === undefined) return strongest;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const column = Math.floor(((this.#pointed.x - LEFT) / (width - LEFT)) * cells.length);
    const row = rows - 1 - Math.floor((this.#pointed.y / (height - BOTTOM)) * rows);
    const value = cells[column]?.[row];
    if (value === undefined) return strongest;
    const { from, to } = this.#span;
    const time = from + ((column + 1) / cells.length) * (to - from);
    return `${clockText(time)}: ${this.#cellText(row, value)}`;
  }
}

const SHADES = 64;
const PALETTES = { light: palette(LIGHT), dark: palette(DARK) } as const;

/** From 15 % on: what is little must be seen too. */
function palette(stops: readonly Colour[]): readonly Colour[] {
  return Array.from({ length: SHADES }, (_, shade) => blend(stops, 0.15 + (0.85 * shade) / (SHADES - 1)));
}

/** A picture of a pixel a cell; the browser makes it as large as there is room. */
function pictureOf({ cells, rows, max }: Heat, shades: readonly Colour[], shareOf: typeof rootShare): OffscreenCanvas {
  const picture = new OffscreenCanvas(cells.length, rows);
  const context = picture.getContext('2d');
  const image = new ImageData(cells.length, rows);
  for (const [column, values] of cells.entries()) {
    for (const [row, value] of values.entries()) {
      if (value === 0) continue;
      const shade = shades[Math.round((SHADES - 1) * shareOf(value, max))];
      image.data.set([...(shade ?? []), 255], 4 * ((rows - 1 - row) * cells.length + column));
    }
  }
  context?.putImageData(image, 0, 0);
  return picture;
}

/** The square root: rare slow I/Os are what is looked for, and they are few. */
function rootShare(value: number, max: number): number {
  return Math.sqrt(value / max);
}

/** Orders of magnitude: a region may be written once or a thousand times. */
function logarithmicShare(value: number, max: number): number {
  return Math.log1p(value) / Math.log1p(max);
}

function blend(stops: readonly Colour[], share: number): Colour {
  const place = Math.min(1, share) * (stops.length - 1);
  const low = Math.min(stops.length - 2, Math.floor(place));
  const mix = (index: 0 | 1 | 2): number => {
    const [from, to] = [stops[low]?.[index] ?? 0, stops[low + 1]?.[index] ?? 0];
    return Math.round(from + (to - from) * (place - low));
  };
  return [mix(0), mix(1), mix(2)];
}
