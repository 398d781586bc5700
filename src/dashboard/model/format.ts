const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
const KIB = 1024;

function short(value: number): string {
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}

/** A size in binary units: `1.50 MiB`. */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= KIB && unit < SIZES.length - 1) {
    value /= KIB;
    unit++;
  }
  return `${short(value)} ${SIZES[unit]}`;
}

/** A time in the largest unit in which it is at least 1: `1.50 ms`. */
export function timeText(ns: number): string {
  if (ns >= 1e9) return `${short(ns / 1e9)} s`;
  if (ns >= 1e6) return `${short(ns / 1e6)} ms`;
  if (ns >= 1e3) return `${short(ns / 1e3)} µs`;
  return `${short(ns)} ns`;
}

/** A rate or a count: `12.3`, `4567`. */
export function countText(value: number): string {
  return value === 0 ? '0' : short(value);
}

/** The bounds of a bin: `1 ms to 2 ms`, `over 100 ms`. */
export function binText(bounds: readonly number[], bin: number): string {
  const upper = bounds[bin];
  const lower = bounds[bin - 1] ?? 0;
  return upper === undefined ? `${timeText(lower)} and more` : `${timeText(lower)} to ${timeText(upper)}`;
}

/** The time of day: `13:05:59`. @param ms since 1970 */
export function clockText(ms: number): string {
  return new Date(ms).toTimeString().slice(0, 8);
}

// Control characters, and those that change the direction of the text around them.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const AWKWARD = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** A name from the kernel as text: what cannot be seen is written out. */
export function nameText(name: string): string {
  return name.replace(AWKWARD, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
