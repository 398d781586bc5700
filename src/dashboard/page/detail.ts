import { seenAtAll, seenIn, seenText } from '../model/coverage.ts';
import { type Watched, watchedOf } from '../model/file-map.ts';
import { binText, countText, nameText, sizeText, timeText } from '../model/format.ts';
import type { HeatGrid, Span } from '../model/heat.ts';
import type { Frame } from '../model/history.ts';
import { type Known, type KnownFile, makeKnown, makeKnownFile, OFFSET_ROWS, PLACE_ROWS } from '../model/known.ts';
import { countsOf, type ShownObject } from '../model/objects.ts';
import { p99Of, type Rates } from '../model/rates.ts';
import type { WireCoverage, WireFile, WireRole } from '../wire.ts';
import { element, frameTime, setText } from './dom.ts';
import { ExtentMap } from './extent-map.ts';
import { HeatMap } from './heat-map.ts';
import { p99Text } from './overview.ts';
import { Plot } from './plots.ts';
import { RegionList } from './region-list.ts';

const MIB = 2 ** 20;
const NS_PER_MS = 1e6;
const SECTOR = 512;

/** What is shown. */
export interface Subject {
  readonly object: ShownObject;
  /** Where its file lies, if that is known. */
  readonly file: WireFile | undefined;
  /** What was counted since groups were made. */
  readonly coverage: WireCoverage;
  readonly frames: readonly Frame[];
  readonly span: Span;
  /** Between two samples. */
  readonly intervalMs: number;
}

interface Showing extends Subject {
  readonly known: Known;
  readonly isTimeUp: () => boolean;
}

/** As many columns as have room, each for two samples: of columns for one, a late sample would leave one empty. */
function columnsOf(map: HeatMap, { span: { from, to }, intervalMs }: Subject): number {
  return Math.max(1, Math.min(map.columns, Math.floor((to - from) / (2 * intervalMs))));
}

/** What is watched of a file, as one line. */
function watchedText({ allocated, covered, unplaced }: Watched): string {
  const share = allocated === 0 ? 100 : Math.floor((1000 * covered) / allocated) / 10;
  const nowhere = unplaced === 0 ? '' : `; ${sizeText(unplaced)} have no place on the device`;
  return `${share} % of ${sizeText(allocated)} are watched${nowhere}`;
}

/** What an object consists of: `12 regions, 2 packed, 2 companion, 1 look-ahead`. */
function regionsText(object: ShownObject): string {
  if (object.role !== undefined) return '1 region';
  const { listed } = object;
  const count = (role: WireRole | undefined): number => listed.filter((region) => region.role === role).length;
  const own = count(undefined);
  const others = (['packed', 'companion', 'look-ahead'] as const).flatMap((role) => {
    const there = count(role);
    return there === 0 ? [] : [`${there} ${role}`];
  });
  return [`${own} region${own === 1 ? '' : 's'}`, ...others].join(', ');
}

/** All about one file or region. */
export class Detail {
  readonly #title = element('title', HTMLElement);
  readonly #facts = element('facts', HTMLElement);
  readonly #watched = element('watched', HTMLElement);
  readonly #coverage = element('coverage', HTMLElement);
  readonly #coverageSince = element('coverage-since', HTMLElement);
  readonly #coverageNow = element('coverage-now', HTMLElement);
  readonly #ofFile = document.querySelectorAll<HTMLElement>('.of-file');
  readonly #noFile = element('no-file', HTMLElement);
  readonly #operations = new Plot('operations', ['reads', 'writes']);
  readonly #throughput = new Plot('throughput', ['read', 'written']);
  readonly #duration = new Plot('duration', ['reads', 'writes']);
  readonly #latency = new HeatMap('latency', { empty: 'No histogram: create the regions with --bounds' });
  readonly #places = new HeatMap('places');
  readonly #offsets = new HeatMap('offsets');
  readonly #extents = new ExtentMap('extents');
  readonly #regions = new RegionList();
  #known: Known | undefined;
  #knownFile: KnownFile | undefined;
  /** The parts of the picture; false for one that is to be gone on with. */
  readonly #parts: readonly ((now: Showing) => boolean)[] = [
    (now) => this.#computeRates(now),
    (now) => this.#showRates(now, this.#operations, [({ reads }) => reads, ({ writes }) => writes]),
    (now) => this.#showRates(now, this.#throughput, [(one) => one.readBytes / MIB, (one) => one.writtenBytes / MIB]),
    (now) =>
      this.#showRates(now, this.#duration, [(one) => milliseconds(one.readNs), (one) => milliseconds(one.writeNs)]),
    (now) => this.#showLatency(now),
    (now) => this.#showPlaces(now),
    (now) => this.#showWatched(now),
    (now) => this.#showCoverage(now),
    (now) => this.#showExtents(now),
    (now) => this.#showOffsets(now),
  ];
  #next = 0;
  #left = 0;

  /** The pictures with their titles, from top to bottom. */
  get pictures(): readonly (readonly [title: string, canvas: HTMLCanvasElement])[] {
    const plots = [
      ['Operations a second: reads, writes', this.#operations.canvas],
      ['MiB a second: read, written', this.#throughput.canvas],
      ['Mean duration, ms: reads, writes', this.#duration.canvas],
      ['Durations of I/Os over time', this.#latency.canvas],
      ['Sectors over the file’s offsets, over time', this.#offsets.canvas],
      ['Where the file lies: place on the device over offset in the file', this.#extents.canvas],
      ['Sectors over the regions in the order of the device, over time', this.#places.canvas],
    ] as const;
    return plots.flatMap(([title, canvas]) => {
      return canvas === undefined || canvas.clientWidth === 0 ? [] : [[title, canvas] as const];
    });
  }

  /**
   * Shows as much as a frame has time for.
   *
   * @param isNew whether it is another subject than the last time; else what was left is gone on with
   * @returns whether all is shown; else it is to be called again
   */
  show(subject: Subject, isNew: boolean): boolean {
    const { object, file } = subject;
    if (this.#known?.object !== object) this.#known = makeKnown(object);
    const now: Showing = { ...subject, known: this.#known, isTimeUp: frameTime() };
    this.#showFacts(now);
    for (const part of this.#ofFile) part.hidden = file === undefined;
    this.#noFile.hidden = file !== undefined;
    if (isNew) this.#left = this.#parts.length;
    // In turn, so that the last part is shown too when there is news before all are.
    while (this.#left > 0) {
      if (this.#parts[this.#next]?.(now) === false) return false;
      this.#next = (this.#next + 1) % this.#parts.length;
      this.#left--;
      if (now.isTimeUp()) break;
    }
    return this.#left === 0;
  }

  /** Draws the pictures anew in the page's colours. */
  restyle(): void {
    for (const plot of [this.#operations, this.#throughput, this.#duration]) plot.restyle();
    for (const map of [this.#latency, this.#places, this.#offsets, this.#extents]) map.draw();
  }

  #showFacts({ object, frames }: Showing): void {
    const { name, device, bytes, bounds } = object;
    const newest = frames.at(-1);
    const then = newest?.objects.get(object.key);
    const counts = newest && then && countsOf(then, newest.sample);
    const inFlight = newest && this.#known?.rates(newest)?.inFlight;
    setText(this.#title, nameText(name));
    setText(
      this.#facts,
      `${nameText(device)}, ${regionsText(object)}, ${sizeText(bytes)}; ` +
        `in flight ${inFlight ?? 0}; p99 up to ${p99Text(p99Of(counts, bounds))}`,
    );
    this.#regions.show(object, newest);
  }

  #computeRates({ frames, known, isTimeUp }: Showing): boolean {
    return frames.every((frame) => {
      known.rates(frame);
      return !isTimeUp();
    });
  }

  #showRates(
    { frames, known, span }: Showing,
    plot: Plot,
    [first, second]: readonly [(one: Rates) => number | undefined, (one: Rates) => number | undefined],
  ): boolean {
    const series = (value: (one: Rates) => number | undefined): (number | null)[] =>
      frames.map((frame) => {
        const rates = known.rates(frame);
        return rates === undefined ? null : (value(rates) ?? null);
      });
    const times = frames.map(({ sample }) => sample.time);
    plot.show(span, times, series(first), series(second));
    return true;
  }

  #showLatency(now: Showing): boolean {
    const { bounds } = now.object;
    return this.#showHeat(
      now,
      this.#latency,
      now.known.latency,
      (row) => timeText(bounds[row - 1] ?? 0),
      (row, value) => `${countText(value)} I/Os${row < 0 ? '' : ` of ${binText(bounds, row)}`}`,
    );
  }

  #showPlaces(now: Showing): boolean {
    return this.#showSectors(now, this.#places, now.known.places, now.object.bytes / PLACE_ROWS);
  }

  #showWatched({ object, file }: Showing): boolean {
    if (file === undefined) return true;
    const { map } = this.#knownFileOf(object, file);
    setText(this.#watched, `${nameText(file.path)}: ${watchedText(watchedOf(map))}`);
    return true;
  }

  #showCoverage({ object, coverage, frames }: Showing): boolean {
    const all = seenAtAll(object, coverage);
    this.#coverage.hidden = all === undefined;
    if (all === undefined) return true;
    setText(this.#coverageSince, seenText(all));
    setText(this.#coverageNow, seenText(seenIn(object, frames)));
    return true;
  }

  #showExtents({ object, file }: Showing): boolean {
    if (file !== undefined) this.#extents.show(this.#knownFileOf(object, file).map);
    return true;
  }

  #showOffsets(now: Showing): boolean {
    if (now.file === undefined) return true;
    const { map, offsets, unplaced } = this.#knownFileOf(now.object, now.file);
    const rowBytes = map.size / OFFSET_ROWS;
    const nowhere: Nowhere = {
      text: (row) => (unplaced[row] ? `; ${sizeText(unplaced[row])} there have no place on the device` : ''),
      // Sums of parts of rows may be a little less.
      isAll: (row) => (unplaced[row] ?? 0) > rowBytes * (1 - 1e-6),
    };
    return this.#showSectors(now, this.#offsets, offsets, rowBytes, nowhere);
  }

  #showSectors(
    now: Showing,
    map: HeatMap,
    grid: HeatGrid,
    rowBytes: number,
    nowhere: Nowhere = { text: () => '', isAll: () => false },
  ): boolean {
    const place = (row: number): string => sizeText(row * rowBytes);
    const cell = (row: number, value: number): string => {
      const where = row < 0 ? '' : ` at ${place(row)} of ${place(grid.rows)}${nowhere.text(row)}`;
      return `${sizeText(value * SECTOR)}${where}`;
    };
    return this.#showHeat(now, map, grid, place, cell, nowhere.isAll);
  }

  #showHeat(now: Showing, map: HeatMap, grid: HeatGrid, ...texts: HeatTexts): boolean {
    const heat = grid.gather(now.frames, now.span, columnsOf(map, now), now.isTimeUp);
    map.show(heat, now.span, ...texts);
    return heat.isWhole;
  }

  #knownFileOf(object: ShownObject, file: WireFile): KnownFile {
    const before = this.#knownFile;
    const known = before?.object === object && before.file === file ? before : makeKnownFile(object, file);
    this.#knownFile = known;
    return known;
  }
}

type HeatTexts = readonly [
  rowText: (row: number) => string,
  cellText: (row: number, value: number) => string,
  isBarred?: (row: number) => boolean,
];

/** What of rows can have no I/O, since it has no place on the device. */
interface Nowhere {
  readonly text: (row: number) => string;
  readonly isAll: (row: number) => boolean;
}

const milliseconds = (ns: number | undefined): number | undefined => ns && ns / NS_PER_MS;
