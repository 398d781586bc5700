import type { Context } from './context.ts';
import { ask, CommandFailure } from './failure.ts';
import { tellIfVerbose } from './info-text.ts';
import { firstSubject } from './subject.ts';

/** `dmsetup wait`. */
export async function wait(context: Context): Promise<number> {
  const {
    subject,
    words: [text = '0'],
  } = await firstSubject(context);
  const eventNr = Number(text);
  if (!/^\d+$/.test(text) || eventNr > 0xffff_ffff) {
    throw new CommandFailure(`Invalid event number "${text}": a whole number, as "dmsetup info" shows it`);
  }
  const { dm, signal } = context;
  tellIfVerbose(context, await ask('waitevent', subject, () => dm.waitForEvent(subject.ref, eventNr, { signal })));
  return 0;
}
