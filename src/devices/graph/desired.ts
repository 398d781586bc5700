import type { TableLine } from '../../mapper/table-line.ts';
import { sectors } from '../../mapper/units.ts';
import type { Target } from '../../targets/target.ts';

/** A device that is to be. */
export interface DesiredDevice {
  readonly name: string;
  readonly uuid?: string;
  /** Where a word is `/dev/mapper/NAME` and NAME is another device of the graph, that device is meant. */
  readonly table: readonly TableLine[];
  readonly readOnly?: boolean;
  /** There are keys in the table: see `LoadOptions`. */
  readonly secure?: boolean;
}

/** Targets one after another as a table, each with its length. @throws as `Target.params` */
export function tableOf(
  ...targets: readonly (readonly [target: Pick<Target, 'tableLine'>, length: bigint | number])[]
): TableLine[] {
  let start = 0n;
  return targets.map(([target, length]) => {
    const line = target.tableLine(sectors(start), sectors(length));
    start += line.length;
    return line;
  });
}

/** The sectors of a table. */
export function sizeOfTable(table: readonly TableLine[]): bigint {
  const last = table.at(-1);
  return last === undefined ? 0n : last.start + last.length;
}
