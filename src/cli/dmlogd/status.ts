import { askStatus, stateOf } from '../../dirtylog/daemon/client.ts';
import { settingsOf } from '../../dirtylog/resync-book.ts';
import { visible } from '../../report/visible.ts';
import { type CommandContext, refuseWords } from '../dmlogd.ts';
import { type Heading, writeTable } from './write-table.ts';

const HEADINGS: readonly Heading[] = [
  ['Log', 'left'],
  ['Devices', 'left'],
  ['LogDevice', 'left'],
  ['State', 'left'],
  ['Regions', 'right'],
  ['InSync', 'right'],
  ['Dirty', 'right'],
];

/** `dmlogd status`. */
export async function run({ words, stateFolder, stdout }: CommandContext): Promise<number> {
  refuseWords(words, ['--json']);
  const status = await askStatus({ stateFolder });
  if (words.includes('--json')) {
    stdout.write(`${JSON.stringify(status)}\n`);
    return 0;
  }
  const rows = status.mirrors.map((mirror) => {
    const { uuid, devices, log, regions, inSync, dirty } = mirror;
    return [uuid, devices.join(','), log, stateOf(mirror), String(regions), String(inSync), String(dirty)];
  });
  writeTable(stdout, HEADINGS, rows, 'No mirrors');
  if (status.policy !== undefined) stdout.write(`The resync goes by the policy ${visible(status.policy)}.\n`);
  if (status.resync.all.paused) stdout.write('The resync is paused.\n');
  for (const { uuid } of status.mirrors) {
    const { paused } = settingsOf(status.resync, uuid);
    if (paused === status.resync.all.paused) continue;
    stdout.write(`The resync of ${visible(uuid)} ${paused ? 'is paused' : 'goes on'}.\n`);
  }
  return 0;
}
