const KIB = 1024;
const SIZES = ['', 'K', 'M', 'G', 'T', 'P', 'E'];

/** At least three digits of a number, without needless ones. */
function digits(value: number): string {
  if (value >= 100 || Number.isInteger(value)) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 2);
}

/** A count or a rate in five columns: `0.25`, `9999`, `12.3k`. */
export function shortCount(value: number): string {
  if (value < 10_000) return digits(value);
  return value < 1e6 ? `${digits(value / 1e3)}k` : `${digits(value / 1e6)}M`;
}

/** Bytes in binary units, in five columns: `0`, `512`, `1.50M`. */
export function shortSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= KIB && unit < SIZES.length - 1) {
    value /= KIB;
    unit++;
  }
  return `${digits(value)}${SIZES[unit]}`;
}

/** A time in six columns: `5ms`, `1.25s`. */
export function shortTime(ns: number): string {
  if (ns >= 1e9) return `${digits(ns / 1e9)}s`;
  if (ns >= 1e6) return `${digits(ns / 1e6)}ms`;
  return ns >= 1e3 ? `${digits(ns / 1e3)}us` : `${digits(ns)}ns`;
}
