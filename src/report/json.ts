/** What JSON can hold, and whole numbers of any size. */
export type JsonValue =
  | bigint
  | number
  | string
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

// What a terminal or a line-wise reader could take for a command, and JSON leaves as it is.
const AWKWARD = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/**
 * A value as JSON in one line. Whole numbers beyond 2^53, which readers would round, are decimal strings; numbers that
 * JSON has no words for are null.
 */
export function jsonText(value: JsonValue): string {
  const text = JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== 'bigint') return part;
    return part >= -BigInt(Number.MAX_SAFE_INTEGER) && part <= BigInt(Number.MAX_SAFE_INTEGER)
      ? Number(part)
      : `${part}`;
  });
  return text.replace(AWKWARD, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
