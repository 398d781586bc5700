import { type Column, TableWriter } from '../../report/columns.ts';
import { type CommandContext, refuseWords } from '../dmlogd.ts';
import { askStatus } from './ask.ts';

const COLUMNS: readonly Column[] = [
  { heading: 'Log', width: 0, align: 'left' },
  { heading: 'Devices', width: 0, align: 'left' },
  { heading: 'LogDevice', width: 0, align: 'left' },
  { heading: 'State', width: 0, align: 'left' },
  { heading: 'Regions', width: 0, align: 'right' },
  { heading: 'InSync', width: 0, align: 'right' },
  { heading: 'Dirty', width: 0, align: 'right' },
];

/** `dmlogd status`. */
export async function run({ words, stateFolder, stdout }: CommandContext): Promise<number> {
  refuseWords(words, ['--json']);
  const status = await askStatus(stateFolder);
  if (words.includes('--json')) {
    stdout.write(`${JSON.stringify(status)}\n`);
    return 0;
  }
  const rows = status.mirrors.map(({ uuid, devices, log, failure, regions, inSync, dirty, tables }) => {
    const phase = tables.some((table) => table.phase === 'running') ? 'running' : (tables[0]?.phase ?? 'gone');
    return [
      uuid,
      devices.join(','),
      log,
      failure === undefined ? phase : 'failed',
      String(regions),
      String(inSync),
      String(dirty),
    ];
  });
  stdout.write(
    rows.length === 0 ? 'No mirrors\n' : new TableWriter(COLUMNS, { headings: true, separator: undefined }).write(rows),
  );
  if (status.resync.paused) stdout.write('The resync is paused.\n');
  return 0;
}
