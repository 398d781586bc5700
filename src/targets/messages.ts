import { examine } from './examine.ts';
import type { Part, ValueOf } from './part.ts';

/** Messages by their leading words; the part is what follows. */
export type Messages = Readonly<Record<string, Part<unknown>>>;

/** Values as an argument; it may be left out when none of them must be there. */
export type Argument<V> = Partial<V> extends V ? [values?: V] : [values: V];

/** Functions that give a message's text, by its leading words. @throws RangeError for values it cannot have */
export type MessageBuilders<M> = { readonly [K in keyof M]: (...values: Argument<ValueOf<M[K]>>) => string };

/** Makes the functions that give the messages' texts. */
export function messageBuilders<M extends Messages>(type: string, messages: M | undefined): MessageBuilders<M> {
  const builders: Record<string, (values?: unknown) => string> = {};
  for (const [name, part] of Object.entries(messages ?? {})) {
    builders[name] = (values: unknown = {}): string => {
      const text = part.print(values, '', {}, undefined).join(' ');
      const { findings } = examine(part, text, {}, true);
      const [fault] = findings;
      if (fault !== undefined) throw new RangeError(`${type} ${name}: ${fault.message}`);
      return text === '' ? name : `${name} ${text}`;
    };
  }
  // One builder for each declared message, made from its declaration.
  return builders as MessageBuilders<M>;
}
