import type { Bin } from '../stats/counters.ts';
import { type Glyphs, heightGlyph } from './glyphs.ts';
import { shortTime } from './short.ts';
import { cut } from './text.ts';

const WIDEST_CELL = 9;

interface Cell {
  readonly lower: bigint;
  readonly count: number;
}

/** Bins that lie side by side become one until a bar of one column and a gap fit for each. */
function mergedToFit(bins: readonly Bin[], width: number): Cell[] {
  const together = Math.ceil(bins.length / Math.max(1, Math.floor(width / 2)));
  const cells: Cell[] = [];
  for (let at = 0; at < bins.length; at += together) {
    const some = bins.slice(at, at + together);
    cells.push({ lower: (some[0] as Bin).lower, count: some.reduce((sum, { count }) => sum + Number(count), 0) });
  }
  return cells;
}

/**
 * A histogram as bars that stand side by side, and a line of their lower bounds.
 *
 * @returns one line more than `height`
 */
export function histogramChart(
  bins: readonly Bin[],
  { width, height, glyphs }: { readonly width: number; readonly height: number; readonly glyphs: Glyphs },
): string[] {
  const cells = mergedToFit(bins, width);
  const cellWidth = Math.min(WIDEST_CELL, Math.floor(width / Math.max(1, cells.length)));
  const most = Math.max(1, ...cells.map(({ count }) => count));
  const lines: string[] = [];
  for (let row = height - 1; row >= 0; row--) {
    const bars = cells.map(({ count }) => {
      // A bin that holds one of millions is seen too, at the bottom.
      const share = (count / most) * height - row;
      const glyph = heightGlyph(glyphs, row === 0 && count > 0 ? Math.max(share, Number.EPSILON) : share);
      return `${glyph.repeat(cellWidth - 1)} `;
    });
    lines.push(bars.join('').trimEnd());
  }
  const labels = cells.map(({ lower }) => (lower === 0n ? '0' : shortTime(Number(lower))));
  const every = Math.ceil((Math.max(...labels.map((label) => label.length)) + 1) / Math.max(1, cellWidth));
  const shown = labels.map((label, index) => (index % every === 0 ? label.padEnd(cellWidth * every) : ''));
  return [...lines, cut(shown.join('').trimEnd(), width)];
}
