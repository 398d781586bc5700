import { ERRNO } from '../kernel/errno.ts';
import { sameWord, splitWords } from '../targets/words.ts';
import type { SimulatedDevice } from './device.ts';
import { Refusal } from './errors.ts';
import type { SimulatedKernel } from './kernel.ts';
import { parseStatsMessage } from './stats-messages.ts';
import type { Work } from './work.ts';

/**
 * What a message comes to: an answer; `silent` has none, `full` has one that did not fit; `ignored` was looked at by
 * nobody, and not even the header is answered.
 */
export type MessageResult = { readonly answer: string } | 'silent' | 'full' | 'ignored';

/** The longest id in decimal, tested for before the region is made: a client that asks again must not leak one. */
const LONGEST_ID = '2147483647'.length;

/**
 * Runs a message to a device. Words that begin with `@` are for device-mapper itself, others for the target there.
 *
 * @param sector where the target is that it is for
 * @param text the message, a string of bytes
 * @param limit the room for the answer, in bytes
 * @throws Refusal
 */
export function* runMessage(
  kernel: SimulatedKernel,
  device: SimulatedDevice,
  sector: bigint,
  text: string,
  limit: number,
): Work<MessageResult> {
  const words = splitWords(text).map((word) => word.text);
  const [name] = words;
  if (name === undefined) throw new Refusal(ERRNO.EINVAL);
  if (!name.startsWith('@')) {
    if (device.live === undefined && !kernel.facts.refusesMessageWithoutTable) return 'ignored';
    const model = device.live?.at(sector)?.model;
    if (model?.message === undefined) throw new Refusal(ERRNO.EINVAL);
    const answer = model.message(words);
    return answer === undefined ? 'silent' : { answer };
  }
  if (sameWord(name, '@cancel_deferred_remove')) {
    if (words.length !== 1) throw new Refusal(ERRNO.EINVAL);
    device.deferredRemove = false;
    return 'silent';
  }
  const message = parseStatsMessage(words, device.sizeSectors);
  if (message.kind !== 'create') return device.stats.run(message, kernel.instant(), limit);
  if (LONGEST_ID + 1 >= limit) return 'full';
  const { definition } = message;
  const memoryBytes = device.stats.charge(definition);
  let id: number | undefined;
  try {
    id = yield* device.quiesced(() => device.stats.insert(definition, memoryBytes));
  } finally {
    if (id === undefined) device.stats.uncharge(memoryBytes);
  }
  return { answer: String(id) };
}
