import { UsageError } from '../../mapper/errors.ts';
import { metricsText } from '../../report/openmetrics.ts';
import { readDevices } from '../../stats/sample-devices.ts';
import { formatOf, replaceFile } from '../metrics-output.ts';
import type { Context } from './context.ts';
import { checkProgram, shownPrograms } from './regions.ts';

/** `dmstats metrics`. */
export async function metrics(context: Context): Promise<number> {
  const { options } = context;
  if (context.words.length > 0) throw new UsageError('dmstats metrics is about all devices: it takes no words.');
  checkProgram(context);
  const format = formatOf(options.text('format') ?? 'prometheus');
  const readings = await readDevices(context.dm, { programId: shownPrograms(context) });
  for (const { name, reading } of readings) {
    for (const problem of reading.listing.problems) context.warn(`${name}: ${problem}`);
  }
  const text = metricsText(readings, format);
  const path = options.text('output');
  if (path === undefined) context.print(text);
  else await replaceFile(path, text);
  return 0;
}
