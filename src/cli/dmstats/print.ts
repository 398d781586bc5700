import { DmError } from '../../mapper/errors.ts';
import type { RecordFormat } from '../../report/records.ts';
import { Report } from '../../report/report.ts';
import { sampleRows } from '../../report/rows.ts';
import { RECORD_SETS, STATS_FIELDS } from '../../report/stats-fields.ts';
import { type RegionReading, totals } from '../../stats/sampler.ts';
import { recordFormat } from '../report-layout.ts';
import type { Context } from './context.ts';
import { chosenRegions, type DeviceRegions } from './regions.ts';

/** `dmstats print`: the kernel's own words, each region once; as records its counters, area by area. */
export async function print(context: Context): Promise<number> {
  const clear = context.options.has('clear');
  const format = recordFormat(context.options);
  const chosen = await chosenRegions(context, { anyProgram: true });
  if (format !== undefined) return printRecords(context, chosen, clear, format);
  for (const { stats, regions } of chosen) {
    for (const { id } of regions) {
      await unlessDeleted(async () => context.print(await stats.rawPrint(id, { clear })));
    }
  }
  return 0;
}

async function printRecords(
  context: Context,
  chosen: readonly DeviceRegions[],
  clear: boolean,
  format: RecordFormat,
): Promise<number> {
  const { print: recordDefaults } = RECORD_SETS;
  const report = new Report(STATS_FIELDS, {
    defaults: recordDefaults,
    recordDefaults,
    base: ['region'],
    layout: { format, command: context.command.name },
  });
  let isDone = false;
  try {
    for (const { device, stats, listing, regions } of chosen) {
      const readings = new Map<number, RegionReading>();
      try {
        for (const region of regions) {
          await unlessDeleted(async () => {
            readings.set(region.id, { region, areas: await stats.print(region, { clear }), atNs: 0n });
          });
        }
      } finally {
        // What was cleared is told also when a later region fails.
        const sample = totals({ listing, regions: readings, atNs: 0n }, 1);
        const types = new Set(['area'] as const);
        context.print(report.write(sampleRows(device.name, sample, { types, skipSingleArea: false })));
      }
    }
    isDone = true;
  } finally {
    context.print(report.end(isDone));
  }
  return 0;
}

/** Somebody may have deleted the region since it was listed. */
async function unlessDeleted(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!DmError.is(error, 'ENOENT')) throw error;
  }
}
