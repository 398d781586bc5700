import type { TargetGrammar } from './target-type.ts';
import { defineTarget } from './target-type.ts';

/** The parameters of a type that is not known here: the text as it is. */
export interface RawValues {
  readonly text: string;
}

/** A target of an unknown type: its text goes through unchanged, and nothing is checked. */
export function rawTarget(type: string): TargetGrammar<RawValues, RawValues> {
  const verbatim = {
    form: () => '…',
    help: () => [],
    read(reader: { readonly line: string; readonly words: readonly unknown[]; at: number }): RawValues {
      reader.at = reader.words.length;
      return { text: reader.line };
    },
    print: ({ text }: RawValues) => [text],
  };
  return defineTarget({ type, summary: 'a type that is not known here', params: verbatim, status: verbatim });
}
