/**
 * A number with two decimals as C's printf writes it: exact halves go to the even digit, where toFixed goes up.
 */
export function twoDecimals(value: number): string {
  // Of the halves of a hundredth only the odd eighths are exact in binary; toFixed is right about everything else.
  const eighths = Math.abs(value) * 8;
  if (Number.isInteger(eighths) && eighths % 4 === 1) {
    return `${value < 0 ? '-' : ''}${Math.trunc(Math.abs(value))}.${eighths % 8 === 1 ? '12' : '62'}`;
  }
  return value.toFixed(2);
}

const PERCENT_1 = 1e6;
const PERCENT_100 = 1e8;

/**
 * `part` of `whole` as libdevmapper rounds percentages: millionths of a percent, cut off, kept as a 32-bit float; 0 and
 * 100 only when they are exact.
 */
export function percent(part: number, whole: number): number {
  if (part === 0 || whole === 0) return 0;
  if (part === whole) return 100;
  const millionths = Math.trunc(PERCENT_100 * (part / whole));
  return Math.fround(Math.min(Math.max(millionths, 1), PERCENT_100 - 1) / PERCENT_1);
}

/** A percentage with two decimals that reads 0.00 or 100.00 only when it is. */
export function percentText(value: number): string {
  if (value > 0 && value < 0.01) return '0.01';
  if (value > 99.99 && value < 100) return '99.99';
  return twoDecimals(value);
}
