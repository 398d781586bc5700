import { inspect } from 'node:util';
import { label, type Part } from './part.ts';
import { quoteWord } from './words.ts';

/**
 * Key material: hidden in everything that prints it, shown by `reveal()` only. A reference to a kernel key
 * (`:size:type:description`) is not secret.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The key itself. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return hidden(this.#text);
  }

  toJSON(): string {
    return hidden(this.#text);
  }

  [inspect.custom](): string {
    return `Secret(${hidden(this.#text)})`;
  }
}

/** A key from its text: hexadecimal, or `:size:type:description`, or `-`. */
export function secret(text: string): Secret {
  return new Secret(text);
}

/** A reference to a kernel key, with its size in bytes. */
export const KEY_REFERENCE = /^:(\d+):(?:logon|user|encrypted|trusted):./;

/** The form that dmsetup gives a key: zeros of the same length, one for the `-` of no key, too. */
export function hidden(key: string): string {
  return KEY_REFERENCE.test(key) ? key : '0'.repeat(key.length);
}

/** A word that is a key. */
export function key(about: string): Part<Secret> {
  return {
    form: (name) => `<${name}>`,
    help: (name) => [{ name, text: `${about}: hexadecimal, :size:type:description, or - for none` }],
    read(reader, name) {
      const word = reader.take(label(name));
      return word === undefined ? undefined : new Secret(word.text);
    },
    print: (value) => [quoteWord(value.reveal())],
  };
}
