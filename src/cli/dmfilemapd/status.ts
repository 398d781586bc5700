import { serviceStatus } from '../../filemapd/service/client.ts';
import type { FileStatus } from '../../filemapd/service/status.ts';
import { UsageError } from '../../mapper/errors.ts';
import { type Column, TableWriter } from '../../report/columns.ts';
import { carefulPercentText, percent } from '../../report/number.ts';
import { RECORD_SCHEMA } from '../../report/records.ts';
import { parseUnits, sizeText } from '../../report/size.ts';
import { visible } from '../../report/visible.ts';
import type { CommandContext } from '../dmfilemapd.ts';

const COLUMNS: readonly Column[] = [
  { heading: 'File', width: 0, align: 'left' },
  { heading: 'State', width: 0, align: 'left' },
  { heading: 'Device', width: 0, align: 'left' },
  { heading: 'GrpID', width: 0, align: 'right' },
  { heading: '#Regions', width: 0, align: 'right' },
  { heading: 'Mapped', width: 0, align: 'right' },
  { heading: 'Cover%', width: 0, align: 'right' },
  { heading: 'Missed', width: 0, align: 'right' },
  { heading: 'LastChange', width: 0, align: 'left' },
];

const SECTOR_BYTES = 512n;
const UNITS = parseUnits('h');

/** `dmfilemapd status`. */
export async function run({ words, options, folder, stdout }: CommandContext): Promise<number> {
  if (words.length > 0) throw new UsageError('status takes no words');
  const status = await serviceStatus(folder);
  if (options.has('json')) {
    stdout.write(`${JSON.stringify({ schema: RECORD_SCHEMA, command: 'status', ...status })}\n`);
    return 0;
  }
  const table = new TableWriter(COLUMNS, { headings: true, separator: undefined });
  stdout.write(status.files.length === 0 ? 'No files\n' : table.write(status.files.map(row)));
  for (const { path, state, reason } of status.files) {
    const again = state === 'waiting' ? 'tried again each minute' : 'tried again';
    if (reason !== null) stdout.write(`${visible(path)}: ${again}: ${visible(reason)}\n`);
  }
  for (const { pattern, file_count, is_watching, reason, refused } of status.patterns) {
    const why = `its folder cannot be read (${visible(reason ?? 'not tried yet')}); tried again each minute`;
    const state = is_watching ? `${file_count} file(s)` : why;
    stdout.write(`${visible(pattern)}: ${state}\n`);
    for (const { path, reason } of refused) stdout.write(`  ${visible(path)}: ${visible(reason)}\n`);
  }
  return 0;
}

function row(file: FileStatus): string[] {
  const size = (bytes: number | null): string => (bytes === null ? '-' : sizeText(BigInt(bytes) / SECTOR_BYTES, UNITS));
  return [
    file.path,
    file.state,
    file.device_name ?? file.device,
    String(file.group_id),
    String(file.region_count ?? '-'),
    size(file.mapped_bytes),
    file.coverage_ratio === null ? '-' : carefulPercentText(percent(file.coverage_ratio, 1)),
    size(file.missed_bytes),
    file.last_change ?? '-',
  ];
}
