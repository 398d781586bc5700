import { heatOf, px, type Scale } from './picture-scale.ts';
import type { Frame, Stretch } from './recording.ts';

/** A rectangle of the picture's top panel: a stretch of the file over a time. */
export interface Cell extends Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A region's stretch with a heat. */
export interface HeatCell extends Cell {
  readonly heat: number;
}

/** Joins what stays the same from frame to frame. `key` tells what must be the same. */
function runs<T extends Stretch>(
  frames: readonly Frame[],
  stretchesOf: (frame: Frame) => readonly T[],
  key: (stretch: T) => string,
): (T & Cell)[] {
  const done: (T & Cell)[] = [];
  let open = new Map<string, T & Cell>();
  for (const [index, frame] of frames.entries()) {
    // What a frame shows is drawn over the time since the one before: that is what its rates are of.
    const fromMs = frames[index - 1]?.atMs ?? frame.atMs;
    const next = new Map<string, T & Cell>();
    for (const stretch of stretchesOf(frame)) {
      const name = `${stretch.offset}+${stretch.length} ${key(stretch)}`;
      next.set(name, { ...stretch, fromMs: open.get(name)?.fromMs ?? fromMs, toMs: frame.atMs });
    }
    for (const [name, cell] of open) if (!next.has(name)) done.push(cell);
    open = next;
  }
  return [...done, ...open.values()];
}

/** What the frames show, as few rectangles as can be. */
export function heatCells(frames: readonly Frame[]): {
  readonly heats: HeatCell[];
  /** One for each region's stretch, from its creation to its end. */
  readonly lives: Cell[];
  readonly uncovered: Cell[];
} {
  const pieces = (frame: Frame) => frame.pieces.map((piece) => ({ ...piece, heat: heatOf(piece.sectorsPerSecond) }));
  return {
    heats: runs(frames, pieces, ({ region, heat }) => `${region} ${heat}`),
    lives: runs(frames, pieces, ({ region }) => region),
    uncovered: runs(
      frames,
      ({ uncovered }) => uncovered,
      () => '',
    ),
  };
}

const rectangle = (x: Scale, y: Scale, { fromMs, toMs, offset, length }: Cell, rest: string): string => {
  const [left, right, top, bottom] = [x(fromMs), x(toMs), y(offset + length), y(offset)];
  return `<rect x="${px(left)}" y="${px(top)}" width="${px(right - left)}" height="${px(Math.max(bottom - top, 0.6))}" ${rest}/>`;
};

/** The regions' bars, what has none, and the end of the file. `x` takes milliseconds, `y` bytes. */
export function drawHeat(frames: readonly Frame[], x: Scale, y: Scale): string {
  const { heats, lives, uncovered } = heatCells(frames);
  const [first] = frames;
  // What the first frame shows was created before.
  const created = lives.filter(({ fromMs }) => fromMs !== first?.atMs);
  const creations = created.map(({ fromMs, offset, length }) => {
    const [top, bottom] = [y(offset + length), y(offset)];
    return `M${px(x(fromMs))} ${px(top)}V${px(bottom)}`;
  });
  // Lines between bars that are hardly thicker would hide them.
  const separated = lives.filter(({ offset, length }) => y(offset) - y(offset + length) > 4);
  const size = frames.map(({ atMs, sizeBytes }, index) =>
    index === 0 ? `M${px(x(atMs))} ${px(y(sizeBytes))}` : `V${px(y(sizeBytes))}H${px(x(atMs))}`,
  );
  return [
    ...uncovered.map((cell) => rectangle(x, y, cell, 'fill="url(#hatch)"')),
    ...heats.map((cell) => rectangle(x, y, cell, `class="h${cell.heat}"`)),
    ...separated.map((cell) => rectangle(x, y, cell, 'class="gap"')),
    `<path class="edge" d="${creations.join('')}"/>`,
    `<path class="size" d="${size.join('')}"/>`,
  ].join('\n');
}
