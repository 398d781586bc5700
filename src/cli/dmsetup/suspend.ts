import { Changes } from './changes.ts';
import type { Context } from './context.ts';
import { ask } from './failure.ts';
import { tellIfVerbose } from './info-text.ts';
import { applyReadAhead, readAheadOf } from './read-ahead.ts';
import { forEachNamed } from './subject.ts';
import { suspendOptions } from './wipe-table.ts';

/** `dmsetup suspend`. */
export async function suspend(context: Context): Promise<number> {
  await forEachNamed(context, async (subject) => {
    const call = () => context.dm.suspend(subject.ref, suspendOptions(context));
    tellIfVerbose(context, await ask('suspend', subject, call));
  });
  return 0;
}

/** `dmsetup resume`. */
export async function resume(context: Context): Promise<number> {
  readAheadOf(context.options);
  await forEachNamed(context, async (subject) => {
    using changes = new Changes(context);
    const info = await changes.resume(subject, suspendOptions(context));
    applyReadAhead(context, info);
    await changes.end();
    tellIfVerbose(context, info);
  });
  return 0;
}

/** `dmsetup clear`. */
export async function clear(context: Context): Promise<number> {
  await forEachNamed(context, async (subject) => {
    tellIfVerbose(context, await ask('clear', subject, () => context.dm.clear(subject.ref)));
  });
  return 0;
}
