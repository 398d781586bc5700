import { sizeText } from '../model/format.ts';
import type { Frame } from '../model/history.ts';
import type { ShownObject } from '../model/objects.ts';
import { sectorsOf } from '../model/rates.ts';
import { element, setText } from './dom.ts';
import { VirtualRows } from './virtual-rows.ts';

const ROW_HEIGHT = 30;
const COLUMNS = 5;
const AREAS_COLUMN = 3;
const SECTOR = 512;

/** The table of an object's regions. */
export class RegionList {
  readonly #rows = new VirtualRows(element('regions', HTMLTableSectionElement), ROW_HEIGHT, makeRow);

  show({ regions, key, deviceIndex }: ShownObject, newest: Frame | undefined): void {
    const isSame = newest?.objects.get(key)?.regions === regions;
    const device = isSame ? newest?.sample.devices[deviceIndex] : undefined;
    this.#rows.show(regions.length, (row, index) => {
      const region = regions[index];
      if (region === undefined) return;
      const { id, start, length, step } = region;
      const texts = [
        `${id}`,
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
  for (let column = 0; column < COLUMNS; column++) row.insertCell().className = column === AREAS_COLUMN ? 'wide' : '';
  return row;
}
