import { Changes } from './changes.ts';
import type { Context } from './context.ts';
import { ask, CommandFailure } from './failure.ts';
import { firstSubject } from './subject.ts';

/** `dmsetup rename`. */
export async function rename(context: Context): Promise<number> {
  const {
    subject,
    words: [text],
  } = await firstSubject(context);
  if (text === undefined) throw new CommandFailure('Please name the device and its new name or uuid.');
  const change = context.options.has('setuuid') ? { uuid: context.mangled(text) } : { name: context.newName(text) };
  const info = await ask('rename', subject, () => context.dm.info(subject.ref));
  using changes = new Changes(context);
  await changes.rename(subject, info, change);
  await changes.end();
  return 0;
}
