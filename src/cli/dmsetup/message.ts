import type { Context } from './context.ts';
import { ask, CommandFailure } from './failure.ts';
import { firstSubject } from './subject.ts';

/** `dmsetup message`. */
export async function message(context: Context): Promise<number> {
  const {
    subject,
    words: [sector = '', ...words],
  } = await firstSubject(context);
  if (!/^\d{1,20}$/.test(sector))
    throw new CommandFailure(`Invalid sector "${sector}": a whole number; 0 where none is meant`);
  if (words.length === 0) throw new CommandFailure('No message supplied.');
  // dm-crypt's and dm-integrity's messages that set keys begin so.
  const secure = words[0] === 'key';
  const options = { sector: BigInt(sector), mayWait: true, secure, signal: context.signal };
  const answer = await ask('message', subject, () => context.dm.message(subject.ref, words.join(' '), options));
  if (answer === undefined) return 0;
  context.outcome.tell(answer === '' || answer.endsWith('\n') ? answer : `${answer}\n`, { answer });
  return 0;
}
