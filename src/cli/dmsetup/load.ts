import type { Context } from './context.ts';
import { ask } from './failure.ts';
import { tellIfVerbose } from './info-text.ts';
import { firstSubject } from './subject.ts';
import { hasKeys, tableOf } from './table-source.ts';

/** `dmsetup load`. */
export async function load(context: Context): Promise<number> {
  const {
    subject,
    words: [file],
  } = await firstSubject(context);
  const table = tableOf(context, file);
  const options = { readOnly: context.options.has('readonly'), secure: hasKeys(table), signal: context.signal };
  tellIfVerbose(context, await ask('reload', subject, () => context.dm.load(subject.ref, table, options)));
  return 0;
}
