import { askStatus } from '../../dirtylog/daemon/client.ts';
import { type CommandContext, refuseWords } from '../dmlogd.ts';
import { type Heading, writeTable } from './write-table.ts';

const HEADINGS: readonly Heading[] = [
  ['Log', 'left'],
  ['Luid', 'left'],
  ['Phase', 'left'],
  ['Words', 'left'],
];

/** `dmlogd logs`. */
export async function run({ words, stateFolder, stdout }: CommandContext): Promise<number> {
  refuseWords(words, ['--json']);
  const { mirrors } = await askStatus({ stateFolder });
  const logs = mirrors.flatMap(({ uuid, tables }) => tables.map((table) => ({ uuid, ...table })));
  if (words.includes('--json')) {
    stdout.write(`${JSON.stringify(logs)}\n`);
    return 0;
  }
  const rows = logs.map(({ uuid, luid, phase, words: text }) => [uuid, `0x${BigInt(luid).toString(16)}`, phase, text]);
  writeTable(stdout, HEADINGS, rows, 'No logs');
  return 0;
}
