import { UsageError } from '../mapper/errors.ts';

/** Reads a selection's text from left to right; its errors name the column. */
export class SelectionReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** @returns the error of what was found in place of `expected` */
  error(expected: string, at = this.#at): UsageError {
    const found = at >= this.#text.length ? 'the end' : `"${this.#text.slice(at)}"`;
    return new UsageError(
      `Selection syntax error at column ${at + 1} of "${this.#text}": expected ${expected}, found ${found}`,
    );
  }

  /** Where reading stands. */
  get at(): number {
    return this.#at;
  }

  get isAtEnd(): boolean {
    this.skipBlanks();
    return this.#at >= this.#text.length;
  }

  skipBlanks(): void {
    this.match(/\s*/y);
  }

  /** Takes what matches here; undefined and nothing taken when it does not. @param pattern sticky */
  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  /** Takes blanks and then one of these words; undefined when none is here. */
  word<Word extends string>(...words: readonly Word[]): Word | undefined {
    this.skipBlanks();
    const found = words.find((word) => this.#text.startsWith(word, this.#at));
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  /**
   * Takes a quoted text without its quotes; undefined when no quote is here.
   *
   * @throws UsageError when the closing quote is missing
   */
  quoted(): string | undefined {
    const quote = this.#text[this.#at];
    if (quote !== '"' && quote !== "'") return undefined;
    const end = this.#text.indexOf(quote, this.#at + 1);
    if (end < 0) throw this.error(`a closing ${quote}`, this.#text.length);
    const text = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return text;
  }

  /** Takes text up to a blank, a logical operator, or a closing parenthesis or one of `closing` that was not opened in it. */
  bare(closing = ')'): string {
    const from = this.#at;
    let depth = 0;
    for (; this.#at < this.#text.length; this.#at++) {
      const rest = this.#text.slice(this.#at, this.#at + 2);
      const letter = rest[0] as string;
      if (/\s/.test(letter) || letter === ',' || letter === '#' || rest === '&&' || rest === '||') break;
      if (closing.includes(letter) && depth === 0) break;
      if (letter === '(') depth++;
      if (letter === ')') depth--;
    }
    return this.#text.slice(from, this.#at);
  }
}
