import { removeWithRetry } from '../../mapper/holders/remove.ts';
import { Changes } from './changes.ts';
import type { Context } from './context.ts';
import { ask, CommandFailure } from './failure.ts';
import { forEachNamed, type Subject } from './subject.ts';
import { failAll } from './wipe-table.ts';

const RETRY_MS = 5_000;

/** `dmsetup remove`. */
export async function remove(context: Context): Promise<number> {
  await forEachNamed(context, (subject) => removeOne(context, subject));
  return 0;
}

async function removeOne(context: Context, subject: Subject): Promise<void> {
  const { dm, options, signal } = context;
  const deferred = options.has('deferred');
  const info = await ask('remove', subject, () => dm.info(subject.ref));
  const name = info.name;
  using changes = new Changes(context);
  if (options.has('force')) await failAll(context, changes, { ref: { name } });
  const removal = await ask('remove', subject, () =>
    removeWithRetry({
      remove: () => changes.remove(name, { deferred }),
      holders: () => context.holders(info.number),
      deadlineMs: options.has('retry') ? RETRY_MS : 0,
      signal,
    }),
  );
  await changes.end();
  const row = { action: removal.deferred ? 'deferred' : 'removed', name: context.shown(name) };
  context.outcome.tell('', row);
}

/** `dmsetup remove_all`. */
export async function removeAll(context: Context): Promise<number> {
  const { dm, options, signal } = context;
  const deferred = options.has('deferred');
  await dm.removeAll({ deferred, signal });
  if (options.has('force')) {
    for (const { name } of await dm.list()) await wipe(context, name);
    await dm.removeAll({ deferred, signal });
  }
  const left = await dm.list();
  context.updateNodes(left);
  for (const { name } of left) context.outcome.tell('', { action: 'kept', name: context.shown(name) });
  return 0;
}

/** Devices that are open stay; their I/O fails from now on. What cannot be replaced is told, the others go on. */
async function wipe(context: Context, name: string): Promise<void> {
  using changes = new Changes(context);
  try {
    await failAll(context, changes, { ref: { name } });
    await changes.end();
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    context.warn(error.message);
  }
}
