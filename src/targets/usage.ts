import { label, type Part } from './part.ts';

/** So much of a total, as `used/total` in one word. */
export interface Usage {
  readonly used: bigint;
  readonly total: bigint;
}

/** A word `used/total`. */
export function usage(about: string): Part<Usage> {
  return {
    form: (name) => `<${name}>/<total>`,
    help: (name) => [{ name, text: about }],
    read(reader, name) {
      const column = reader.column;
      const word = reader.take(label(name));
      if (word === undefined) return undefined;
      const [, used, total] = /^(\d+)\/(\d+)$/.exec(word.text) ?? [];
      if (used === undefined || total === undefined) {
        reader.refuse(`${label(name)} must be used/total, not ${JSON.stringify(word.text)}`, {
          column,
          unreadable: true,
        });
        return undefined;
      }
      return { used: BigInt(used), total: BigInt(total) };
    },
    print: ({ used, total }) => [`${used}/${total}`],
  };
}
