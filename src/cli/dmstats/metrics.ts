import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { UsageError } from '../../mapper/errors.ts';
import { type MetricsFormat, metricsText } from '../../report/openmetrics.ts';
import { readDevices } from '../../stats/sample-devices.ts';
import type { Context } from './context.ts';
import { checkProgram, shownPrograms } from './regions.ts';

const READABLE_BY_ALL = 0o644;

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

/** @throws UsageError for a format that there is none of */
function formatOf(text: string): MetricsFormat {
  if (text === 'prometheus' || text === 'openmetrics') return text;
  throw new UsageError(`Invalid --format argument "${text}": prometheus or openmetrics`);
}

/** Replaces a file in one step: whoever reads it sees the old text or the new one, whole. */
async function replaceFile(path: string, text: string): Promise<void> {
  // node_exporter reads *.prom only, so it never sees this one.
  const temporary = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    const file = await open(temporary, 'wx', READABLE_BY_ALL);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
