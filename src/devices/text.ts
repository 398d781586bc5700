import { printTable, type TableLine } from '../mapper/table-line.ts';
import { targetNamed } from '../targets/registry.ts';

/** Several things in one line. */
export function setOf(texts: readonly string[]): string {
  return texts.join('; ');
}

/** A table as people read it, each line indented, with zeros for keys. */
export function tableText(table: readonly TableLine[]): string {
  return printTable(table.map((line) => ({ ...line, params: targetNamed(line.type).hideKeys(line.params) }))).replace(
    /^/gm,
    (_, offset: number, whole: string) => (offset === whole.length ? '' : '    '),
  );
}
