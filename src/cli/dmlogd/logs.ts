import { type Column, TableWriter } from '../../report/columns.ts';
import { type CommandContext, refuseWords } from '../dmlogd.ts';
import { askStatus } from './ask.ts';

const COLUMNS: readonly Column[] = [
  { heading: 'Log', width: 0, align: 'left' },
  { heading: 'Luid', width: 0, align: 'left' },
  { heading: 'Phase', width: 0, align: 'left' },
  { heading: 'Words', width: 0, align: 'left' },
];

/** `dmlogd logs`. */
export async function run({ words, stateFolder, stdout }: CommandContext): Promise<number> {
  refuseWords(words, ['--json']);
  const { mirrors } = await askStatus(stateFolder);
  const logs = mirrors.flatMap(({ uuid, tables }) => tables.map((table) => ({ uuid, ...table })));
  if (words.includes('--json')) {
    stdout.write(`${JSON.stringify(logs)}\n`);
    return 0;
  }
  const rows = logs.map(({ uuid, luid, phase, words: text }) => [uuid, `0x${BigInt(luid).toString(16)}`, phase, text]);
  stdout.write(
    rows.length === 0 ? 'No logs\n' : new TableWriter(COLUMNS, { headings: true, separator: undefined }).write(rows),
  );
  return 0;
}
