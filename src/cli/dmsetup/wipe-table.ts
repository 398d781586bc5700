import type { SuspendOptions } from '../../mapper/options.ts';
import { sectors } from '../../mapper/units.ts';
import { Changes } from './changes.ts';
import type { Context } from './context.ts';
import { ask, CommandFailure } from './failure.ts';
import { forEachNamed, type Subject } from './subject.ts';

/** `dmsetup wipe_table`. */
export async function wipeTable(context: Context): Promise<number> {
  await forEachNamed(context, async (subject) => {
    using changes = new Changes(context);
    if (!(await failAll(context, changes, subject))) {
      throw new CommandFailure('The device has no table: there is nothing to replace.');
    }
    await changes.end();
  });
  return 0;
}

/** Replaces a table by one of the same size that fails all I/O. @returns false when there is no table */
export async function failAll(context: Context, changes: Changes, subject: Subject): Promise<boolean> {
  const { dm } = context;
  const { ref } = subject;
  const last = (await ask('table', subject, () => dm.table(ref, { secure: true }))).at(-1);
  if (last === undefined) return false;
  const line = { start: sectors(0), length: sectors(last.start + last.length), type: 'error', params: '' };
  const { readOnly } = await ask('info', subject, () => dm.info(ref));
  await ask('reload', subject, () => dm.load(ref, [line], { readOnly }));
  await changes.resume(subject, suspendOptions(context));
  return true;
}

/** How a device is suspended, as the options say. */
export function suspendOptions({ options, signal }: Context): SuspendOptions {
  return { noflush: options.has('noflush'), skipLockfs: options.has('nolockfs'), signal };
}
