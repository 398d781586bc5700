import type { DeviceMapper } from '../../mapper/device-mapper.ts';
import { UsageError } from '../../mapper/errors.ts';
import { findMirrors } from './mirrors.ts';

/**
 * Loads the table of a mirror anew and resumes it: the kernel then tries its log and its legs again, and lets the writes go
 * on that it has held since one of them failed. Not for the server's own process: all of it waits for the server.
 *
 * @param mirror the log's uuid, or the name of a mapped device
 * @returns the names of the mapped devices that have the log
 * @throws UsageError when none has it; DmError as the kernel's calls do
 */
export async function reloadMirror(dm: DeviceMapper, mirror: string): Promise<readonly string[]> {
  const lines = (await findMirrors(dm)).filter((line) => line.isLive && (line.uuid === mirror || line.name === mirror));
  const devices = new Map(lines.map(({ name, number }) => [name, number]));
  if (devices.size === 0)
    throw new UsageError(
      `there is no mapped device ${mirror} with a mirror, and none has a mirror with the log ${mirror}`,
    );
  for (const number of devices.values()) {
    await dm.load(number, await dm.table(number));
    // Held writes would never end: they are taken back and go to the new table.
    await using _suspended = await dm.suspended(number, { noflush: true });
  }
  return [...devices.keys()];
}
