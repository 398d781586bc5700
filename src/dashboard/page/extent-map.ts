import type { FileMap, Stretch } from '../model/file-map.ts';
import { sizeText } from '../model/format.ts';
import { colour, element, setText } from './dom.ts';

/** Room for the words on the left and below, CSS pixels. */
const LEFT = 64;
const BOTTOM = 18;
const FONT = '11px system-ui, sans-serif';
/** An extent is shown this large at least. */
const LEAST = 2;

/** A picture of a file's extents: to the right the offset in the file, upwards the place on the device. */
export class ExtentMap {
  readonly canvas: HTMLCanvasElement;
  readonly #readout: HTMLElement;
  #map: FileMap | undefined;
  /** The part of the device in which the file lies, bytes. */
  #from = 0;
  #to = 1;
  #pointed: number | undefined;

  constructor(id: string) {
    this.canvas = element(id, HTMLCanvasElement);
    this.#readout = element(`${id}-readout`, HTMLElement);
    new ResizeObserver(() => this.draw()).observe(this.canvas);
    this.canvas.addEventListener('pointermove', ({ offsetX }) => {
      this.#pointed = offsetX;
      this.#tell();
    });
    this.canvas.addEventListener('pointerleave', () => {
      this.#pointed = undefined;
      this.#tell();
    });
  }

  /** Draws a map, if it is another one than before. */
  show(map: FileMap): void {
    if (map === this.#map) return;
    this.#map = map;
    this.#from = map.extents.reduce((least, { physical }) => Math.min(least, physical), Number.POSITIVE_INFINITY);
    this.#to = map.extents.reduce((most, { physical, length }) => Math.max(most, physical + length), 0);
    this.draw();
    this.#tell();
  }

  draw(): void {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const context = this.canvas.getContext('2d');
    if (width === 0 || context === null) return;
    const scale = devicePixelRatio;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.fillStyle = colour('panel');
    context.fillRect(0, 0, width, height);
    context.strokeStyle = colour('line');
    context.strokeRect(LEFT - 0.5, 0.5, width - LEFT, height - BOTTOM);
    const map = this.#map;
    if (map === undefined) return;
    this.#drawWords(context, map, width, height);
    const span = Math.max(1, this.#to - this.#from);
    const room = { x: width - LEFT, y: height - BOTTOM };
    context.fillStyle = colour('line');
    for (const { logical, length } of map.unplaced) {
      const w = Math.max(LEAST, (length / map.size) * room.x);
      context.fillRect(LEFT + (logical / map.size) * room.x, 0, w, room.y);
    }
    for (const isCovered of [true, false]) {
      context.fillStyle = colour(isCovered ? 'first' : 'second');
      for (const { logical, physical, length, covered } of map.extents) {
        if ((covered === length) !== isCovered) continue;
        const w = Math.max(LEAST, (length / map.size) * room.x);
        const h = Math.max(LEAST, (length / span) * room.y);
        const bottom = room.y - ((physical - this.#from) / span) * room.y;
        context.fillRect(LEFT + (logical / map.size) * room.x, Math.max(0, bottom - h), w, h);
      }
    }
  }

  #drawWords(context: CanvasRenderingContext2D, { size, extents }: FileMap, width: number, height: number): void {
    context.font = FONT;
    context.fillStyle = colour('soft');
    context.textBaseline = 'alphabetic';
    context.textAlign = 'left';
    context.fillText('0', LEFT, height - 4);
    context.textAlign = 'right';
    context.fillText(sizeText(size), width, height - 4);
    if (extents.length === 0) return;
    context.fillText(sizeText(this.#from), LEFT - 4, height - BOTTOM);
    context.fillText(sizeText(this.#to), LEFT - 4, 10);
  }

  #tell(): void {
    setText(this.#readout, this.#map === undefined ? '' : this.#text(this.#map));
  }

  #text({ extents, unplaced, size }: FileMap): string {
    const count = `${extents.length} ${extents.length === 1 ? 'extent' : 'extents'}`;
    if (this.#pointed === undefined) {
      return `${count}; orange: not wholly watched${unplaced.length === 0 ? '' : '; grey: no place on the device'}`;
    }
    const offset = ((this.#pointed - LEFT) / (this.canvas.clientWidth - LEFT)) * size;
    const nowhere = unplaced[stretchAt(unplaced, offset)];
    if (nowhere !== undefined) {
      return `${count}; ${sizeText(nowhere.length)} at ${sizeText(nowhere.logical)} have no place on the device`;
    }
    const at = stretchAt(extents, offset);
    const extent = extents[at];
    if (extent === undefined) return `${count}; nothing allocated at ${sizeText(Math.max(0, offset))}`;
    const { logical, physical, length, covered } = extent;
    const watched = covered === length ? '' : `; ${sizeText(covered)} of it watched`;
    return `Extent ${at + 1} of ${extents.length}: ${sizeText(length)} at ${sizeText(logical)}, on the device at ${sizeText(physical)}${watched}`;
  }
}

/** The index of the stretch at an offset of the file; -1 in a hole. */
function stretchAt(stretches: readonly Stretch[], offset: number): number {
  return stretches.findIndex(({ logical, length }) => offset >= logical && offset < logical + length);
}
