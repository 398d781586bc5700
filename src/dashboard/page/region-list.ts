import { sizeText } from '../model/format.ts';
import type { Frame } from '../model/history.ts';
import type { ShownObject } from '../model/objects.ts';
import { sectorsOf } from '../model/rates.ts';
import { element, setText } from './dom.ts';
import { VirtualRows } from './virtual-rows.ts';

const ROW_HEIGHT = 30;
const COLUMNS = 6;
const WIDE_COLUMNS = [1, 4];
const SECTOR = 512;

/** The table of an object's regions. */
export class RegionList {
  readonly #rows = new VirtualRows(element('regions', HTMLTableSectionElement), ROW_HEIGHT, makeRow);

  show({ listed, key, deviceIndex }: ShownObject, newest: Frame | undefined): void {
    const isSame = newest?.objects.get(key)?.listed === listed;
    const device = isSame ? newest?.sample.devices[deviceIndex] : undefined;
    this.#rows.show(listed.length, (row, index) => {
      const region = listed[index];
      if (region === undefined) return;
      const { id, start, length, step, role } = region;
      const texts = [
        `${id}`,
        role ?? 'own',
        sizeText(start),
        sizeText(length),
        `${Math.ceil(length / step)}`,
        sizeText(sectorsOf(device?.regions[id]) * SECTOR),
      ];
      for (const [column, text] of texts.entries()) {
        const cell = row.cells[column];
        if (cell !== undefined) setText(cell, text);
      }
    });
  }
}

function makeRow(): HTMLTableRowElement {
  const row = document.createElement('tr');
  for (let column = 0; column < COLUMNS; column++)
    row.insertCell().className = WIDE_COLUMNS.includes(column) ? 'wide' : '';
  return row;
}
