import { listRows, type StatsRow } from '../../report/rows.ts';
import type { Context } from './context.ts';
import { devicesOf } from './devices.ts';
import { checkProgram, listOf, unlessGone } from './regions.ts';
import { listFields, RowWriter, selectionOf, shownProgram } from './table-options.ts';

/** `dmstats list`. */
export async function list(context: Context): Promise<number> {
  checkProgram(context);
  const writer = new RowWriter(context.options, listFields(context.options));
  const selection = selectionOf(context);
  const rows: StatsRow[] = [];
  for (const device of await devicesOf(context)) {
    const listing = await unlessGone(context, () => listOf(context, device, shownProgram(context)));
    if (listing !== undefined) rows.push(...listRows(device.name, listing, selection));
  }
  context.print(writer.write(rows));
  return 0;
}
