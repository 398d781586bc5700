import type { Line } from './frame.ts';

const ESC = '\u001b[';
const STYLES = { plain: '', bold: `${ESC}1m`, inverse: `${ESC}7m` } as const;
const RESET = `${ESC}0m`;
const CLEAR_LINE = `${ESC}K`;
const CLEAR_SCREEN = `${ESC}2J`;

/** Draws frames: what has changed since the last one, so that little goes over a slow line. */
export class Painter {
  #lines: readonly string[] | undefined;

  /** The next frame is drawn whole. */
  reset(): void {
    this.#lines = undefined;
  }

  /** What to write to have the frame on the screen. */
  paint(frame: readonly Line[]): string {
    const lines = frame.map(({ text, style }) => (style === 'plain' ? text : STYLES[style] + text + RESET));
    const before = this.#lines?.length === lines.length ? this.#lines : undefined;
    // Cleared before, not after: behind a line as wide as the screen, the cursor stands on its last character.
    let output = before === undefined ? CLEAR_SCREEN : '';
    for (const [index, line] of lines.entries()) {
      if (before?.[index] !== line) output += `${ESC}${index + 1};1H${CLEAR_LINE}${line}`;
    }
    this.#lines = lines;
    return output;
  }
}
