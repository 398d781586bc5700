import { sizeText } from '../model/format.ts';
import { inSyncText, logAbout, logName } from '../model/log-text.ts';
import type { WireLog } from '../wire.ts';
import { element, setText } from './dom.ts';
import { VirtualRows } from './virtual-rows.ts';

const ROW_HEIGHT = 56;
const COLUMNS: readonly { readonly isWide: boolean; readonly text: (log: WireLog) => string }[] = [
  { isWide: false, text: inSyncText },
  { isWide: false, text: ({ dirty }) => `${dirty}` },
  { isWide: true, text: ({ regions }) => `${regions}` },
  { isWide: true, text: ({ regionBytes }) => sizeText(Number(regionBytes)) },
  { isWide: true, text: ({ heat }) => `${heat.length}` },
];

interface Row {
  readonly button: HTMLButtonElement;
  readonly about: HTMLElement;
  readonly cells: readonly HTMLTableCellElement[];
  uuid: string;
}

/** The table of the mirrors whose dirty logs are served; hidden when there are none. */
export class LogTable {
  readonly #section = element('logs-section', HTMLElement);
  readonly #parts = new WeakMap<HTMLTableRowElement, Row>();
  readonly #rows = new VirtualRows(element('logs', HTMLTableSectionElement), ROW_HEIGHT, () => this.#makeRow());
  readonly #open: (uuid: string) => void;
  #logs: readonly WireLog[] = [];

  constructor(open: (uuid: string) => void) {
    this.#open = open;
  }

  show(logs: readonly WireLog[]): void {
    this.#section.hidden = logs.length === 0;
    this.#logs = logs;
    this.#rows.show(logs.length, (line, index) => {
      const row = this.#parts.get(line);
      const log = logs[index];
      if (row === undefined || log === undefined) return;
      row.uuid = log.uuid;
      setText(row.button, logName(log));
      setText(row.about, logAbout(log));
      for (const [column, { text }] of COLUMNS.entries()) {
        const cell = row.cells[column];
        if (cell !== undefined) setText(cell, text(log));
      }
    });
  }

  /** Puts the focus on a log's row. */
  focus(uuid: string): void {
    const index = this.#logs.findIndex((log) => log.uuid === uuid);
    if (index < 0) return;
    this.#rows.reveal(index);
    this.show(this.#logs);
    const row = this.#rows.at(index);
    if (row !== undefined) this.#parts.get(row)?.button.focus({ preventScroll: true });
  }

  #makeRow(): HTMLTableRowElement {
    const line = document.createElement('tr');
    const button = document.createElement('button');
    button.type = 'button';
    const about = document.createElement('small');
    line.insertCell().append(button, about);
    const cells = COLUMNS.map(({ isWide }) => {
      const cell = line.insertCell();
      if (isWide) cell.className = 'wide';
      return cell;
    });
    const row: Row = { button, about, cells, uuid: '' };
    button.addEventListener('click', () => this.#open(row.uuid));
    this.#parts.set(line, row);
    return line;
  }
}
