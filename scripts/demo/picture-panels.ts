import { escapeXml, linear, px, type Scale, ticks } from './picture-scale.ts';
import type { Row } from './recording.ts';

/** A panel's place in the picture. */
export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export const text = (x: number, y: number, words: string, rest = ''): string =>
  `<text x="${px(x)}" y="${px(y)}" ${rest}>${escapeXml(words)}</text>`;

/** An axis' name and numbers: at most so many, each so many of the scale's units. */
export interface Axis {
  readonly name: string;
  readonly most: number;
  readonly unit: number;
}

/** Background, grid, numbers and the axis' name. */
export function drawFrame(box: Box, x: Scale, y: Scale, axis: Axis): string {
  const { left, right, top, bottom } = box;
  const parts = [`<rect class="panel" x="${left}" y="${top}" width="${right - left}" height="${bottom - top}"/>`];
  for (const second of ticks(x.to / 1000, 15)) {
    const at = px(x(second * 1000));
    parts.push(`<path class="grid" d="M${at} ${top}V${bottom}"/>`);
  }
  for (const tick of ticks(y.to / axis.unit, axis.most)) {
    const at = y(tick * axis.unit);
    parts.push(`<path class="grid" d="M${left} ${px(at)}H${right}"/>`);
    parts.push(text(left - 7, at + 4, `${tick}`, 'text-anchor="end" class="faint"'));
  }
  const middle = px((top + bottom) / 2);
  parts.push(
    `<text class="faint" transform="translate(16 ${middle}) rotate(-90)" text-anchor="middle">${escapeXml(axis.name)}</text>`,
  );
  return parts.join('\n');
}

/** Seconds under the lowest panel. */
export function drawTimeAxis({ left, right, bottom }: Box, x: Scale): string {
  const parts = ticks(x.to / 1000, 15).map((second) =>
    text(x(second * 1000), bottom + 17, `${second}`, 'text-anchor="middle" class="faint"'),
  );
  parts.push(
    text((left + right) / 2, bottom + 34, 'seconds since the program began', 'text-anchor="middle" class="faint"'),
  );
  return parts.join('\n');
}

/** A second's rate is drawn over that second. */
function steps(rows: readonly Row[], x: Scale, y: Scale, value: (row: Row) => number): string {
  const path = [`M${px(x(0))} ${px(y(0))}`];
  for (const row of rows) path.push(`V${px(y(value(row)))}H${px(x(row.atMs))}`);
  return path.join('');
}

/** Read and write rates. */
export function drawRates(box: Box, x: Scale, rows: readonly Row[]): string {
  const highest = Math.max(1, ...rows.flatMap((row) => [row.readBytesPerSecond, row.writeBytesPerSecond]));
  const y = linear(0, highest * 1.05, box.bottom, box.top);
  const read = steps(rows, x, y, (row) => row.readBytesPerSecond);
  const write = steps(rows, x, y, (row) => row.writeBytesPerSecond);
  return [
    drawFrame(box, x, y, { name: 'MiB/s', most: 4, unit: 1024 * 1024 }),
    `<path class="read" d="${read}"/>`,
    `<path class="write" d="${write}"/>`,
    `<text class="panel-title" x="${box.left}" y="${box.top - 8}">counted by the regions: ` +
      '<tspan class="read">read</tspan>, <tspan class="write">written</tspan></text>',
  ].join('\n');
}

/** All that the program moved, by whether it was counted. */
export function drawCoverage(box: Box, x: Scale, rows: readonly Row[]): string {
  const last = rows.at(-1);
  const total = Math.max(1, ...rows.map((row) => row.countedSectors + row.notSeenSectors)) * 512;
  const y = linear(0, total * 1.05, box.bottom, box.top);
  const line = (value: (row: Row) => number): string[] =>
    rows.map((row) => `L${px(x(row.atMs))} ${px(y(value(row) * 512))}`);
  const counted = line((row) => row.countedSectors);
  const all = line((row) => row.countedSectors + row.notSeenSectors);
  const origin = `${px(x(0))} ${px(y(0))}`;
  const mib = (sectors: number): string => ((sectors * 512) / 1024 / 1024).toFixed(1);
  const words =
    last === undefined
      ? 'nothing was moved'
      : `read and written by the program so far: ${mib(last.countedSectors)} MiB counted, ${mib(last.notSeenSectors)} MiB not seen (hatched)`;
  return [
    drawFrame(box, x, y, { name: 'MiB', most: 4, unit: 1024 * 1024 }),
    last === undefined ? '' : `<path class="counted" d="M${origin}${counted.join('')}V${px(y(0))}Z"/>`,
    last === undefined
      ? ''
      : `<path fill="url(#hatch)" d="M${origin}${all.join('')}${counted.toReversed().join('')}Z"/>`,
    `<path class="size" d="M${origin}${all.join('')}"/>`,
    text(box.left, box.top - 8, words, 'class="panel-title"'),
  ].join('\n');
}
