import { listRows, type StatsRow } from '../../report/rows.ts';
import { CARRIED_SET } from '../../report/stats-fields.ts';
import { hasPast, type Listing } from '../../stats/group.ts';
import type { Context } from './context.ts';
import { type Device, devicesOf } from './devices.ts';
import { checkProgram, listOf, unlessGone } from './regions.ts';
import { ABOUT_DEVICES, fieldHelp, listFields, reportOf, selectionOf, shownProgram } from './table-options.ts';

/** `dmstats list`. */
export async function list(context: Context): Promise<number> {
  const { options } = context;
  const help = fieldHelp(options);
  if (help !== undefined) {
    context.print(help);
    return 0;
  }
  checkProgram(context);
  const plain = reportOf(context, listFields(options));
  const selection = selectionOf(context);
  const listings: { readonly device: Device; readonly listing: Listing }[] = [];
  for (const device of await devicesOf(context)) {
    await unlessGone(context, async () => {
      const listing = await listOf(context, device, shownProgram(context));
      if (listing.regions.length > 0) listings.push({ device, listing });
    });
  }
  const showsPast = options.has('verbose') && listings.some(({ listing }) => listing.groups.some(hasPast));
  const table = showsPast ? reportOf(context, `${listFields(options)},${CARRIED_SET}`) : plain;
  const rows: StatsRow[] = [];
  for (const { device, listing } of listings) {
    await unlessGone(context, async () => {
      const facts = table.uses(ABOUT_DEVICES) ? await context.facts.read(device.ref) : undefined;
      rows.push(...listRows(device.name, listing, selection, facts));
    });
  }
  context.print(table.write(rows) + table.end());
  return 0;
}
