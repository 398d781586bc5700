import { askStatus } from '../../dirtylog/daemon/client.ts';
import { dirtyLogMetricsText } from '../../report/dirtylog-metrics.ts';
import { type CommandContext, refuseWords, takeOption } from '../dmlogd.ts';
import { formatOf, replaceFile } from '../metrics-output.ts';

/** `dmlogd metrics`. */
export async function run({ words, stateFolder, stdout }: CommandContext): Promise<number> {
  const [format = 'prometheus', others] = takeOption(words, '--format', 'prometheus or openmetrics');
  const [path, rest] = takeOption(others, '--output', 'a file');
  refuseWords(rest);
  const known = formatOf(format);
  const text = dirtyLogMetricsText(await askStatus({ stateFolder }), known);
  if (path === undefined) stdout.write(text);
  else await replaceFile(path, text);
  return 0;
}
