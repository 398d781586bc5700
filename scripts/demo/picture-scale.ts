/** A number on an axis to a place in the picture. */
export interface Scale {
  (value: number): number;
  readonly from: number;
  readonly to: number;
}

export function linear(from: number, to: number, start: number, end: number): Scale {
  const span = to === from ? 1 : to - from;
  return Object.assign((value: number) => start + ((value - from) / span) * (end - start), { from, to });
}

/** Round steps for an axis from 0: at most `most` of them. */
export function ticks(to: number, most: number): number[] {
  if (!(to > 0)) return [0];
  const power = 10 ** Math.floor(Math.log10(to / most));
  const step = power * ([1, 2, 5, 10].find((factor) => to / (power * factor) <= most) as number);
  // Multiples of the step, not sums: those drift.
  return Array.from({ length: Math.floor(to / step + 1e-9) + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

/** The lowest sectors per second of each heat but the first, which is rest. Half decades. */
export const HEAT_BOUNDS: readonly number[] = [1, 100, 300, 1000, 3000, 10_000];

/** The heat of a rate: 0 for rest, then by half decades. */
export function heatOf(sectorsPerSecond: number): number {
  return HEAT_BOUNDS.filter((bound) => sectorsPerSecond >= bound).length;
}

/** A coordinate with no more digits than can be seen. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Text inside SVG. */
export function escapeXml(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: XML has no way to write them
  const clean = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '\ufffd');
  return clean.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
