import type { DeviceMapper } from '../../mapper/device-mapper.ts';
import { UsageError } from '../../mapper/errors.ts';
import { findMirrors } from './mirrors.ts';

/**
 * Loads the table of a mirror anew and resumes it: the kernel then tries its log and its legs again, and lets the writes go
 * on that it has held since one of them failed. Not for the server's own process: all of it waits for the server.
 *
 * @param uuid the log's
 * @returns the names of the mapped devices that have it
 * @throws UsageError when none has it; DmError as the kernel's calls do
 */
export async function reloadMirror(dm: DeviceMapper, uuid: string): Promise<readonly string[]> {
  const lines = (await findMirrors(dm)).filter((line) => line.isLive && line.uuid === uuid);
  const devices = new Map(lines.map(({ name, number }) => [name, number]));
  if (devices.size === 0) throw new UsageError(`no mapped device has a mirror with the log ${uuid}`);
  for (const number of devices.values()) {
    await dm.load(number, await dm.table(number));
    // Held writes would never end: they are taken back and go to the new table.
    await using _suspended = await dm.suspended(number, { noflush: true });
  }
  return [...devices.keys()];
}
