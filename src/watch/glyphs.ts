/** The characters that pictures are made of. */
export interface Glyphs {
  /** From nothing to full, for the heights within one line. */
  readonly heights: readonly string[];
  /** Before a text whose beginning was left out. */
  readonly cutMark: string;
}

/** For terminals that write UTF-8. */
export const UNICODE: Glyphs = { heights: [...' ▁▂▃▄▅▆▇█'], cutMark: '…' };

/** For all others. */
export const ASCII: Glyphs = { heights: [...' .:=#'], cutMark: '<' };

/** The character for a share of full height. @param share 0 to 1; anything above 0 is seen */
export function heightGlyph({ heights }: Glyphs, share: number): string {
  const top = heights.length - 1;
  const step = share <= 0 ? 0 : Math.min(top, Math.max(1, Math.round(share * top)));
  return heights[step] as string;
}

/** The last values as heights, the newest at the right; a gap where there is no value. @param full the value of full height */
export function sparkline(
  values: readonly (number | undefined)[],
  { width, full, glyphs }: { readonly width: number; readonly full: number; readonly glyphs: Glyphs },
): string {
  const shown = values.slice(-width);
  const line = shown.map((value) => heightGlyph(glyphs, value === undefined || full === 0 ? 0 : value / full));
  return ' '.repeat(Math.max(0, width - shown.length)) + line.join('');
}
