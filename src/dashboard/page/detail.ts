import { binText, countText, nameText, sizeText, timeText } from '../model/format.ts';
import { type HeatGrid, latencyGrid, placeGrid, type Span } from '../model/heat.ts';
import type { Frame } from '../model/history.ts';
import { countsOf, type ShownObject } from '../model/objects.ts';
import { type Rates, ratesOf, sectorsOf } from '../model/rates.ts';
import { element, resize, setText } from './dom.ts';
import { HeatMap } from './heat-map.ts';
import { p99Text } from './overview.ts';
import { Plot } from './plots.ts';

const MIB = 2 ** 20;
const NS_PER_MS = 1e6;
const SECTOR = 512;
const PLACE_ROWS = 48;
/** Rows of the table of regions: more are counted, not listed. */
const MAX_LISTED = 500;

/** What is computed of an object's samples once each. */
interface Known {
  readonly object: ShownObject;
  readonly rates: (frame: Frame) => Rates | undefined;
  readonly latency: HeatGrid;
  readonly places: HeatGrid;
}

function makeKnown(object: ShownObject): Known {
  const known = new WeakMap<Frame, Rates>();
  const rates = (frame: Frame): Rates | undefined => {
    const then = frame.objects.get(object.key);
    if (then === undefined) return undefined;
    const found = known.get(frame) ?? ratesOf(countsOf(then, frame.sample), then.bounds);
    known.set(frame, found);
    return found;
  };
  return { object, rates, latency: latencyGrid(object), places: placeGrid(object, PLACE_ROWS) };
}

/** As many columns as have room, each for two samples: of columns for one, a late sample would leave one empty. */
function columnsOf(map: HeatMap, { from, to }: Span, intervalMs: number): number {
  return Math.max(1, Math.min(map.columns, Math.floor((to - from) / (2 * intervalMs))));
}

/** All about one file or region. */
export class Detail {
  readonly #title = element('title', HTMLElement);
  readonly #facts = element('facts', HTMLElement);
  readonly #operations = new Plot('operations', ['reads', 'writes']);
  readonly #throughput = new Plot('throughput', ['read', 'written']);
  readonly #duration = new Plot('duration', ['reads', 'writes']);
  readonly #latency = new HeatMap('latency');
  readonly #places = new HeatMap('places');
  readonly #body = element('regions', HTMLTableSectionElement);
  readonly #more = element('more', HTMLElement);
  readonly #lines: HTMLTableRowElement[] = [];
  #known: Known | undefined;

  /** The pictures with their titles, from top to bottom. */
  get pictures(): readonly (readonly [title: string, canvas: HTMLCanvasElement])[] {
    const plots = [
      ['Operations a second: reads, writes', this.#operations.canvas],
      ['MiB a second: read, written', this.#throughput.canvas],
      ['Mean duration, ms: reads, writes', this.#duration.canvas],
      ['Durations of I/Os over time', this.#latency.canvas],
      ['Sectors over the regions in the order of the device, over time', this.#places.canvas],
    ] as const;
    return plots.flatMap(([title, canvas]) => (canvas === undefined ? [] : [[title, canvas] as const]));
  }

  /** @param intervalMs between two samples */
  show(object: ShownObject, frames: readonly Frame[], span: Span, intervalMs: number): void {
    const known = this.#knownOf(object);
    const rates = frames.map((frame) => known.rates(frame));
    const newest = rates.at(-1);
    setText(this.#title, nameText(object.name));
    setText(
      this.#facts,
      `${nameText(object.device)}, ${object.regions.length} region${object.regions.length === 1 ? '' : 's'}, ` +
        `${sizeText(object.bytes)}; in flight ${newest?.inFlight ?? 0}; p99 up to ${p99Text(newest?.p99)}`,
    );
    const times = frames.map(({ sample }) => sample.time);
    const series = (value: (one: NonNullable<(typeof rates)[number]>) => number | undefined): (number | null)[] =>
      rates.map((one) => (one === undefined ? null : (value(one) ?? null)));
    this.#operations.show(
      span,
      times,
      series((one) => one.reads),
      series((one) => one.writes),
    );
    this.#throughput.show(
      span,
      times,
      series((one) => one.readBytes / MIB),
      series((one) => one.writtenBytes / MIB),
    );
    const ms = (ns: number | undefined): number | undefined => ns && ns / NS_PER_MS;
    this.#duration.show(
      span,
      times,
      series((one) => ms(one.readNs)),
      series((one) => ms(one.writeNs)),
    );

    const { bounds, bytes } = object;
    this.#latency.show(
      known.latency.gather(frames, span, columnsOf(this.#latency, span, intervalMs)),
      span,
      (row) => timeText(bounds[row - 1] ?? 0),
      (row, value) => `${countText(value)} I/Os${row < 0 ? '' : ` of ${binText(bounds, row)}`}`,
    );
    const offset = (row: number): string => sizeText((bytes * row) / PLACE_ROWS);
    this.#places.show(
      known.places.gather(frames, span, columnsOf(this.#places, span, intervalMs)),
      span,
      offset,
      (row, value) => `${sizeText(value * SECTOR)}${row < 0 ? '' : ` at ${offset(row)} of ${sizeText(bytes)}`}`,
    );
    this.#list(object, frames.at(-1));
  }

  /** Draws the pictures anew in the page's colours. */
  restyle(): void {
    for (const plot of [this.#operations, this.#throughput, this.#duration]) plot.restyle();
    for (const map of [this.#latency, this.#places]) map.draw();
  }

  /** What was computed of an object's samples already. */
  #knownOf(object: ShownObject): Known {
    if (this.#known?.object !== object) this.#known = makeKnown(object);
    return this.#known;
  }

  #list(object: ShownObject, newest: Frame | undefined): void {
    const { regions, key } = object;
    const listed = regions.slice(0, MAX_LISTED);
    const isSame = newest?.objects.get(key) === object;
    const device = isSame ? newest?.sample.devices[object.deviceIndex] : undefined;
    resize(this.#body, this.#lines, listed.length, () => {
      const row = document.createElement('tr');
      for (let column = 0; column < 5; column++) row.insertCell().className = column === 3 ? 'wide' : '';
      return row;
    });
    for (const [row, { id, index, start, length, step }] of listed.entries()) {
      const texts = [
        `${id}`,
        sizeText(start),
        sizeText(length),
        `${Math.ceil(length / step)}`,
        sizeText(sectorsOf(device?.regions[index] ?? null) * SECTOR),
      ];
      for (const [column, text] of texts.entries()) {
        const cell = this.#lines[row]?.cells[column];
        if (cell !== undefined) setText(cell, text);
      }
    }
    setText(this.#more, regions.length > MAX_LISTED ? `and ${regions.length - MAX_LISTED} more` : '');
  }
}
