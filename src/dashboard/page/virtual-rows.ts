/** Rows beyond the window, so that there is something when one scrolls. */
const SPARE = 6;

/**
 * The body of a table of any length, of which only the rows in the window exist. Their height is the style's, and the
 * same for all.
 */
export class VirtualRows {
  readonly #body: HTMLTableSectionElement;
  readonly #above: HTMLTableCellElement;
  readonly #below: HTMLTableCellElement;
  readonly #rowHeight: number;
  readonly #make: () => HTMLTableRowElement;
  #fill: (row: HTMLTableRowElement, index: number) => void = () => {};
  #count = 0;
  #first = 0;
  readonly #rows: HTMLTableRowElement[] = [];

  /** @param rowHeight CSS pixels */
  constructor(body: HTMLTableSectionElement, rowHeight: number, make: () => HTMLTableRowElement) {
    this.#body = body;
    this.#rowHeight = rowHeight;
    this.#make = make;
    const space = (place: 'beforebegin' | 'afterend'): HTMLTableCellElement => {
      const section = document.createElement('tbody');
      section.className = 'space';
      section.ariaHidden = 'true';
      body.insertAdjacentElement(place, section);
      return section.insertRow().insertCell();
    };
    this.#above = space('beforebegin');
    this.#below = space('afterend');
    let frame = 0;
    const later = (): void => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => this.#render());
    };
    addEventListener('scroll', later, { passive: true });
    addEventListener('resize', later);
  }

  /** Shows the rows in the window of so many. @param fill writes what has changed in a row */
  show(count: number, fill: (row: HTMLTableRowElement, index: number) => void): void {
    this.#count = count;
    this.#fill = fill;
    this.#render();
  }

  #render(): void {
    if (this.#above.getClientRects().length === 0) return;
    const count = this.#count;
    const top = this.#above.getBoundingClientRect().top;
    const visible = (y: number): number => Math.min(count, Math.max(0, Math.floor((y - top) / this.#rowHeight)));
    const first = Math.max(0, visible(0) - SPARE);
    const end = Math.min(count, visible(innerHeight) + 1 + SPARE);
    for (; this.#rows.length > 0 && this.#first < first; this.#first++) this.#rows.shift()?.remove();
    while (this.#rows.length > 0 && this.#first + this.#rows.length > end) this.#rows.pop()?.remove();
    if (this.#rows.length === 0) this.#first = first;
    while (this.#first > first) {
      const row = this.#make();
      this.#rows.unshift(row);
      this.#body.prepend(row);
      this.#first--;
    }
    while (this.#first + this.#rows.length < end) {
      const row = this.#make();
      this.#rows.push(row);
      this.#body.append(row);
    }
    const table = this.#body.parentElement;
    if (table !== null) table.ariaRowCount = `${count + 1}`;
    setHeight(this.#above, first * this.#rowHeight);
    setHeight(this.#below, (count - end) * this.#rowHeight);
    for (const [index, row] of this.#rows.entries()) {
      row.ariaRowIndex = `${first + index + 2}`;
      this.#fill(row, first + index);
    }
  }

  /** Scrolls so that a row is in the window. */
  reveal(index: number): void {
    const top = this.#above.getBoundingClientRect().top + index * this.#rowHeight;
    if (top < 0) scrollBy(0, top - this.#rowHeight);
    else if (top + this.#rowHeight > innerHeight) scrollBy(0, top + 2 * this.#rowHeight - innerHeight);
  }

  /** The row of an index, if it exists now. */
  at(index: number): HTMLTableRowElement | undefined {
    return index < this.#first ? undefined : this.#rows[index - this.#first];
  }
}

function setHeight(cell: HTMLElement, height: number): void {
  const text = `${height}px`;
  if (cell.style.height !== text) cell.style.height = text;
}
