import { refText } from '../../mapper/device-ref.ts';
import { UsageError } from '../../mapper/errors.ts';
import type { NamedDevice } from '../../mapper/nodes.ts';
import { checkTable, type TableLine } from '../../mapper/table-line.ts';
import { type DeepSurvey, pathBetween } from '../survey.ts';
import { areaProblems, typeProblems } from '../table-problems.ts';
import { usesOf } from '../table-uses.ts';
import { setOf, tableText } from '../text.ts';

/** A device before a swap. */
export interface SwapState extends NamedDevice {
  /** Its live table; empty when it has none. */
  readonly table: readonly TableLine[];
  readonly readOnly: boolean;
  readonly suspended: boolean;
  /** Whether another table waits for a resume. */
  readonly inactive: boolean;
}

/** The table that a device is to have. */
export interface WantedTable {
  readonly table: readonly TableLine[];
  /** As it is now, when not given. */
  readonly readOnly?: boolean;
  /** There are keys in it: see `LoadOptions`. */
  readonly secure?: boolean;
}

/** One step of a swap. */
export type SwapStep =
  | {
      readonly step: 'load';
      readonly table: readonly TableLine[];
      readonly readOnly: boolean;
      readonly secure: boolean;
    }
  | { readonly step: 'resume' };

/** A table, and how it was loaded. */
export interface SavedTable {
  readonly table: readonly TableLine[];
  readonly readOnly: boolean;
}

/** What will be done to give a device another table; `applySwap` does it. */
export class SwapPlan {
  readonly before: SwapState;
  readonly steps: readonly SwapStep[];
  /** What is put back when the new table does not start; undefined when nothing can be. */
  readonly saved: SavedTable | undefined;

  constructor(before: SwapState, steps: readonly SwapStep[], saved: SavedTable | undefined) {
    this.before = before;
    this.steps = steps;
    this.saved = saved;
  }

  /** The plan in lines for people, without keys. */
  toString(): string {
    const { name, suspended, inactive } = this.before;
    const lines = [`swap the table of ${name} (${refText(this.before.number)})`];
    if (suspended) lines.push('  it is suspended, and will run afterwards');
    if (inactive) lines.push('  a table that waits to be resumed is thrown away');
    for (const step of this.steps) {
      if (step.step === 'load')
        lines.push(`  load${step.readOnly ? ' read-only' : ''}\n${tableText(step.table).trimEnd()}`);
      else lines.push('  resume: the new table becomes live once the I/O in flight has ended');
    }
    lines.push(
      this.saved === undefined
        ? '  there is no table to put back when the new one does not start'
        : `  when the new table does not start, put back${this.saved.readOnly ? ' read-only' : ''}\n${tableText(this.saved.table).trimEnd()}`,
    );
    return `${lines.join('\n')}\n`;
  }
}

/**
 * Plans the swap of a device's table.
 *
 * @param found what `deepSurvey` says of the devices under the new table; undefined leaves all but the table's form to the
 *   kernel, which may then take the table and refuse to start it
 * @throws UsageError for gaps and the like (`checkTable`), areas beyond the end of a device, a device that would stand
 *   on itself, and types that cannot take each other's place
 */
export function planSwap(before: SwapState, wanted: WantedTable, found: DeepSurvey | undefined): SwapPlan {
  const { table, readOnly = before.readOnly, secure = false } = wanted;
  checkTable(table);
  if (found !== undefined) {
    const problems = [
      ...typeProblems(table, before.table),
      ...areaProblems(table, (device) => found.sizeOf(device)),
      ...cycleProblems(before, table, found),
    ];
    if (problems.length > 0) throw new UsageError(`The table is not for ${before.name}: ${setOf(problems)}`);
  }
  return new SwapPlan(before, [{ step: 'load', table, readOnly, secure }, { step: 'resume' }], savedOf(before));
}

function savedOf({ table, readOnly, suspended }: SwapState): SavedTable | undefined {
  if (table.length === 0) return undefined;
  // "key wipe" works on suspended devices, and leaves random bytes where the key was (drivers/md/dm-crypt.c,
  // `crypt_wipe_key`): such a table, loaded, would write with a key that nobody has.
  if (suspended && table.some(({ type, params }) => type === 'crypt' && !/^\S+ (:|- )/.test(params))) return undefined;
  return { table, readOnly };
}

/** The kernel refuses a device under itself, but not one under another that stands on it: I/O would never end. */
function cycleProblems({ number, name }: SwapState, table: readonly TableLine[], found: DeepSurvey): string[] {
  for (const { device } of table.flatMap(usesOf)) {
    const used = found.numberOf(device);
    const path = used && pathBetween(found, used, number);
    if (path !== undefined) return [`${[number, ...path].map(refText).join(' on ')}: ${name} would stand on itself`];
  }
  return [];
}
