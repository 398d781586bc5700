import { coverageText, type Seen, seenAtAll } from '../model/coverage.ts';
import { countText, nameText, sizeText, timeText } from '../model/format.ts';
import type { Frame } from '../model/history.ts';
import { countsOf, type ShownObject } from '../model/objects.ts';
import { type PercentileBin, p99Of, type Rates, ratesOf } from '../model/rates.ts';
import type { WireCoverage } from '../wire.ts';
import { element, setText } from './dom.ts';
import { VirtualRows } from './virtual-rows.ts';

const ROW_HEIGHT = 56;

interface Row {
  readonly button: HTMLButtonElement;
  readonly device: HTMLElement;
  readonly cells: readonly HTMLTableCellElement[];
  key: string;
}

const COLUMNS: readonly {
  readonly isWide: boolean;
  readonly text: (rates: Rates, p99: PercentileBin | undefined, seen: Seen | undefined) => string;
}[] = [
  { isWide: false, text: ({ reads }) => countText(reads) },
  { isWide: false, text: ({ writes }) => countText(writes) },
  { isWide: true, text: ({ readBytes }) => sizeText(readBytes) },
  { isWide: true, text: ({ writtenBytes }) => sizeText(writtenBytes) },
  { isWide: true, text: ({ readNs }) => (readNs === undefined ? '–' : timeText(readNs)) },
  { isWide: true, text: ({ writeNs }) => (writeNs === undefined ? '–' : timeText(writeNs)) },
  { isWide: false, text: (_, p99) => p99Text(p99) },
  { isWide: true, text: (_, __, seen) => (seen === undefined ? '–' : `${coverageText(seen)} %`) },
];

/** The upper bound of the bin of the 99th percentile. */
export function p99Text(p99: PercentileBin | undefined): string {
  if (p99 === undefined) return '–';
  return p99.upper === undefined ? `>${timeText(p99.lower)}` : timeText(p99.upper);
}

/** The table of all followed files and single regions. */
export class Overview {
  readonly #filter = element('filter', HTMLInputElement);
  readonly #empty = element('empty', HTMLElement);
  readonly #none = element('none', HTMLElement);
  readonly #problems = element('problems', HTMLUListElement);
  readonly #open: (key: string) => void;
  readonly #parts = new WeakMap<HTMLTableRowElement, Row>();
  readonly #rows = new VirtualRows(element('rows', HTMLTableSectionElement), ROW_HEIGHT, () => this.#makeRow());
  readonly #serving = element('serving', HTMLInputElement);
  readonly #servingSwitch = element('serving-switch', HTMLElement);
  readonly #servingCount = element('serving-count', HTMLElement);
  #shown: readonly ShownObject[] = [];
  #coverage: WireCoverage = { devices: [] };
  #frame: Frame | undefined;

  constructor(open: (key: string) => void) {
    this.#open = open;
  }

  /** @param coverage what was counted since groups were made */
  show(frame: Frame, coverage: WireCoverage, problems: readonly string[]): void {
    this.#frame = frame;
    this.#coverage = coverage;
    const wanted = this.#filter.value.toLowerCase();
    const all = [...frame.objects.values()];
    const serving = all.filter(({ role }) => role !== undefined).length;
    this.#servingSwitch.hidden = serving === 0;
    setText(this.#servingCount, `${serving}`);
    const objects = this.#serving.checked ? all : all.filter(({ role }) => role === undefined);
    this.#shown =
      wanted === ''
        ? objects
        : objects.filter(({ name, device }) => `${name}\n${device}`.toLowerCase().includes(wanted));
    this.#empty.hidden = objects.length > 0;
    this.#none.hidden = objects.length === 0 || this.#shown.length > 0;
    this.#fillRows();
    const texts = problems.map(nameText);
    if (texts.join('\n') === [...this.#problems.children].map(({ textContent }) => textContent).join('\n')) return;
    this.#problems.replaceChildren(
      ...texts.map((text) => {
        const item = document.createElement('li');
        item.textContent = text;
        return item;
      }),
    );
  }

  /** Moves the keyboard's focus by so many rows. */
  move(by: number): void {
    const key = [...this.#rowsThere()].find(({ button }) => button === document.activeElement)?.key;
    const at = this.#shown.findIndex((object) => object.key === key);
    this.#focusAt(at < 0 ? 0 : Math.min(this.#shown.length - 1, Math.max(0, at + by)));
  }

  /** Puts the focus on an object's row. */
  focus(key: string): void {
    const at = this.#shown.findIndex((object) => object.key === key);
    if (at >= 0) this.#focusAt(at);
  }

  #focusAt(index: number): void {
    this.#rows.reveal(index);
    this.#fillRows();
    const row = this.#rows.at(index);
    if (row !== undefined) this.#parts.get(row)?.button.focus({ preventScroll: true });
  }

  *#rowsThere(): Generator<Row> {
    for (const row of element('rows', HTMLTableSectionElement).rows) {
      const parts = this.#parts.get(row);
      if (parts !== undefined) yield parts;
    }
  }

  #fillRows(): void {
    this.#rows.show(this.#shown.length, (line, index) => {
      const row = this.#parts.get(line);
      const object = this.#shown[index];
      if (row === undefined || object === undefined || this.#frame === undefined) return;
      nameRow(row, object);
      const counts = countsOf(object, this.#frame.sample);
      const rates = ratesOf(counts);
      const p99 = p99Of(counts, object.bounds);
      const seen = seenAtAll(object, this.#coverage);
      for (const [column, { text }] of COLUMNS.entries()) {
        const cell = row.cells[column];
        if (cell !== undefined) setText(cell, text(rates, p99, seen));
      }
    });
  }

  #makeRow(): HTMLTableRowElement {
    const line = document.createElement('tr');
    const name = line.insertCell();
    const button = document.createElement('button');
    button.type = 'button';
    const device = document.createElement('small');
    name.append(button, device);
    const cells = COLUMNS.map(({ isWide }) => {
      const cell = line.insertCell();
      if (isWide) cell.className = 'wide';
      return cell;
    });
    const row: Row = { button, device, cells, key: '' };
    button.addEventListener('click', () => this.#open(row.key));
    this.#parts.set(line, row);
    return line;
  }
}

function nameRow(row: Row, { key, name, device }: ShownObject): void {
  if (row.key === key) return;
  row.key = key;
  setText(row.button, nameText(name));
  row.button.title = nameText(name);
  setText(row.device, nameText(device));
}
