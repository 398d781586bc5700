import { listRows, type StatsRow } from '../../report/rows.ts';
import type { Context } from './context.ts';
import { devicesOf } from './devices.ts';
import { checkProgram, listOf, unlessGone } from './regions.ts';
import { ABOUT_DEVICES, fieldHelp, listFields, reportOf, selectionOf, shownProgram } from './table-options.ts';

/** `dmstats list`. */
export async function list(context: Context): Promise<number> {
  const help = fieldHelp(context.options);
  if (help !== undefined) {
    context.print(help);
    return 0;
  }
  checkProgram(context);
  const table = reportOf(context, listFields(context.options));
  const selection = selectionOf(context);
  const rows: StatsRow[] = [];
  for (const device of await devicesOf(context)) {
    await unlessGone(context, async () => {
      const listing = await listOf(context, device, shownProgram(context));
      if (listing.regions.length === 0) return;
      const facts = table.uses(ABOUT_DEVICES) ? await context.facts.read(device.ref) : undefined;
      rows.push(...listRows(device.name, listing, selection, facts));
    });
  }
  context.print(table.write(rows) + table.end());
  return 0;
}
