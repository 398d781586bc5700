import stringWidth from 'string-width';
import { isPlain, visible } from '../report/visible.ts';

/** Text from the kernel and from people as a terminal may get it: nothing in it drives the terminal. */
export function printable(text: string): string {
  // Bytes that are no UTF-8 are lone surrogates here, and U+FFFD on the terminal.
  return isPlain(text) ? text : visible(text).replace(/\p{Surrogate}/gu, '\ufffd');
}

/** How many columns of a terminal printable text takes. */
export function widthOf(text: string): number {
  return isPlain(text) ? text.length : stringWidth(text);
}

const graphemes = new Intl.Segmenter();

/** As much of a text's beginning as fits. */
export function cut(text: string, width: number): string {
  if (isPlain(text)) return text.slice(0, Math.max(0, width));
  let taken = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += widthOf(segment);
    if (used > width) break;
    taken += segment;
  }
  return taken;
}

/** As much of a text's end as fits, with `mark` before it when that is not all: of a path, the end tells most. */
export function cutStart(text: string, width: number, mark: string): string {
  if (widthOf(text) <= width) return text;
  const room = width - widthOf(mark);
  if (room < 0) return '';
  let taken = '';
  for (const { segment } of [...graphemes.segment(text)].reverse()) {
    if (widthOf(segment + taken) > room) break;
    taken = segment + taken;
  }
  return mark + taken;
}

/** A text in exactly so many columns. */
export function fit(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const short = cut(text, width);
  const blanks = ' '.repeat(Math.max(0, width - widthOf(short)));
  return align === 'left' ? short + blanks : blanks + short;
}
