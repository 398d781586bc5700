import { askChanges, type Named } from '../../dirtylog/daemon/client.ts';
import type { MirrorChanges } from '../../dirtylog/daemon/messages.ts';
import { UsageError } from '../../mapper/errors.ts';
import { visible } from '../../report/visible.ts';
import { type CommandContext, refuseWords, takeOption } from '../dmlogd.ts';

/** `dmlogd changed --since EPOCH`. */
export async function run({ words, stateFolder, stdout, stderr }: CommandContext): Promise<number> {
  const [since, others] = takeOption(words, '--since', 'an epoch, as "dmlogd epoch" has printed it');
  const [mirror, rest] = takeOption(others, '--mirror', 'a device or the uuid of a log');
  refuseWords(rest, ['--json']);
  if (since === undefined) throw new UsageError('changed: changed --since EPOCH [--mirror NAME] [--json]');
  // A word that was never printed is a mistake; an epoch that is over has an answer: everything.
  if (!/^[0-9a-f]{8}-\d+$/.test(since)) throw new UsageError(`"${since}" is no epoch: "dmlogd epoch" prints one`);
  const mirrors = await askChanges(since, { stateFolder, mirror });
  if (rest.includes('--json')) {
    stdout.write(`${JSON.stringify(mirrors)}\n`);
    return 0;
  }
  for (const one of mirrors) {
    if (one.unknown !== undefined) stderr.write(`${visible(one.uuid)}: unknown: everything: ${one.unknown}\n`);
    stdout.write(sectorLines(one));
  }
  return 0;
}

/** A line for each range: the log, the first sector of the mirror, and how many sectors. */
export function sectorLines({ uuid, regionSectors, lengthSectors, changed }: Named<MirrorChanges>): string {
  const lines = changed.map(([first, last]) => {
    const start = first * regionSectors;
    return `${visible(uuid)} ${start} ${Math.min((last + 1) * regionSectors, lengthSectors) - start}\n`;
  });
  return lines.join('');
}
