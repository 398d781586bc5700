import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { UsageError } from '../mapper/errors.ts';
import type { MetricsFormat } from '../report/openmetrics-text.ts';

const READABLE_BY_ALL = 0o644;

/** @throws UsageError for a format that there is none of */
export function formatOf(text: string): MetricsFormat {
  if (text === 'prometheus' || text === 'openmetrics') return text;
  throw new UsageError(`Invalid --format argument "${text}": prometheus or openmetrics`);
}

/** Replaces a file in one step: whoever reads it sees the old text or the new one, whole. */
export async function replaceFile(path: string, text: string): Promise<void> {
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
