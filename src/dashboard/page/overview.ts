import { countText, nameText, sizeText, timeText } from '../model/format.ts';
import type { Frame } from '../model/history.ts';
import { countsOf, type ShownObject } from '../model/objects.ts';
import { type Rates, ratesOf } from '../model/rates.ts';
import { element, resize, setText } from './dom.ts';

interface Row {
  readonly row: HTMLTableRowElement;
  readonly button: HTMLButtonElement;
  readonly device: HTMLElement;
  readonly cells: readonly HTMLTableCellElement[];
  key: string;
}

const COLUMNS: readonly { readonly isWide: boolean; readonly text: (rates: Rates) => string }[] = [
  { isWide: false, text: ({ reads }) => countText(reads) },
  { isWide: false, text: ({ writes }) => countText(writes) },
  { isWide: true, text: ({ readBytes }) => sizeText(readBytes) },
  { isWide: true, text: ({ writtenBytes }) => sizeText(writtenBytes) },
  { isWide: true, text: ({ readNs }) => (readNs === undefined ? '–' : timeText(readNs)) },
  { isWide: true, text: ({ writeNs }) => (writeNs === undefined ? '–' : timeText(writeNs)) },
  { isWide: false, text: ({ p99 }) => p99Text(p99) },
];

/** The upper bound of the bin of the 99th percentile. */
export function p99Text(p99: Rates['p99']): string {
  if (p99 === undefined) return '–';
  return p99.upper === undefined ? `> ${timeText(p99.lower)}` : timeText(p99.upper);
}

/** The table of all followed files and single regions. */
export class Overview {
  readonly #body = element('rows', HTMLTableSectionElement);
  readonly #empty = element('empty', HTMLElement);
  readonly #problems = element('problems', HTMLUListElement);
  readonly #rows: Row[] = [];
  readonly #lines: HTMLTableRowElement[] = [];
  readonly #open: (key: string) => void;
  readonly #seen = new Set<Element>();
  readonly #watch = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#seen.add(target);
      else this.#seen.delete(target);
    }
    if (this.#shown !== undefined) this.show(this.#shown.frame, this.#shown.problems);
  });
  #shown: { readonly frame: Frame; readonly problems: readonly string[] } | undefined;

  constructor(open: (key: string) => void) {
    this.#open = open;
  }

  show(frame: Frame, problems: readonly string[]): void {
    this.#shown = { frame, problems };
    const { sample, objects } = frame;
    const list = [...objects.values()];
    resize(this.#body, this.#lines, list.length, (index) => this.#makeRow(index));
    this.#rows.length = list.length;
    for (const [index, object] of list.entries()) {
      const row = this.#rows[index];
      if (row === undefined) continue;
      nameRow(row, object);
      // A thousand rows cost more to lay out than a frame has; what is not seen is filled when it comes into view.
      if (this.#seen.has(row.row)) fill(row, ratesOf(countsOf(object, sample), object.bounds));
    }
    this.#empty.hidden = list.length > 0;
    if (this.#problems.childElementCount === problems.length) return;
    this.#problems.replaceChildren(
      ...problems.map((problem) => {
        const item = document.createElement('li');
        item.textContent = nameText(problem);
        return item;
      }),
    );
  }

  /** Moves the keyboard's focus by so many rows. */
  move(by: number): void {
    const at = this.#rows.findIndex(({ button }) => button === document.activeElement);
    const to = at < 0 ? 0 : Math.min(this.#rows.length - 1, Math.max(0, at + by));
    this.#rows[to]?.button.focus();
  }

  /** Puts the focus on an object's row. */
  focus(key: string): void {
    this.#rows.find((row) => row.key === key)?.button.focus();
  }

  #makeRow(index: number): HTMLTableRowElement {
    const row = document.createElement('tr');
    const name = row.insertCell();
    const button = document.createElement('button');
    button.type = 'button';
    const device = document.createElement('small');
    name.append(button, device);
    const cells = COLUMNS.map(({ isWide }) => {
      const cell = row.insertCell();
      if (isWide) cell.className = 'wide';
      return cell;
    });
    const made: Row = { row, button, device, cells, key: '' };
    button.addEventListener('click', () => this.#open(made.key));
    this.#rows[index] = made;
    this.#watch.observe(row);
    return row;
  }
}

function nameRow(row: Row, { key, name, device }: ShownObject): void {
  if (row.key === key) return;
  row.key = key;
  setText(row.button, nameText(name));
  row.button.title = nameText(name);
  setText(row.device, nameText(device));
}

function fill(row: Row, rates: Rates): void {
  for (const [index, { text }] of COLUMNS.entries()) {
    const cell = row.cells[index];
    if (cell !== undefined) setText(cell, text(rates));
  }
}
