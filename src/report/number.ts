/** Below it hundredths are wrong by less than a thousandth of one. */
const EXACT_LIMIT = 1e9;
const HUNDREDTHS = Array.from({ length: 100 }, (_, count) => `.${`${count}`.padStart(2, '0')}`);

/**
 * A number with two decimals as C's printf writes it: exact halves go to the even digit, where toFixed goes up.
 */
export function twoDecimals(value: number): string {
  // Most numbers of most reports.
  if (value === 0) return '0.00';
  if (value > 0 && value < EXACT_LIMIT) {
    const hundredths = value * 100;
    const near = Math.round(hundredths);
    // Far enough from a half, whichever way the product was rounded; toFixed takes several times as long.
    if (Math.abs(hundredths - near) < 0.499) {
      const whole = Math.floor(near / 100);
      return `${whole}${HUNDREDTHS[near - whole * 100]}`;
    }
  }
  // Of the halves of a hundredth only the odd eighths are exact in binary; toFixed is right about everything else.
  const eighths = Math.abs(value) * 8;
  if (Number.isInteger(eighths) && eighths % 4 === 1) {
    return `${value < 0 ? '-' : ''}${Math.trunc(Math.abs(value))}.${eighths % 8 === 1 ? '12' : '62'}`;
  }
  return value.toFixed(2);
}

/** Millionths of a percent, as libdevmapper counts percentages. */
export const PERCENT_1 = 1_000_000;
const PERCENT_100 = 100 * PERCENT_1;
const HUNDREDTH = PERCENT_1 / 100;

/** `part` of `whole` in millionths of a percent, cut off; 0 and 100 % only when they are exact. */
export function percent(part: number, whole: number): number {
  if (part === 0 || whole === 0) return 0;
  if (part === whole) return PERCENT_100;
  return Math.min(Math.max(Math.trunc(PERCENT_100 * (part / whole)), 1), PERCENT_100 - 1);
}

/** Millionths of a percent as percent with two decimals; libdevmapper keeps them in a 32-bit float. */
export function percentText(millionths: number): string {
  return twoDecimals(Math.fround(millionths / PERCENT_1));
}

/** As `percentText`, but 0.00 and 100.00 are only what is exactly that. */
export function carefulPercentText(millionths: number): string {
  if (millionths > 0 && millionths < HUNDREDTH) return '0.01';
  if (millionths > PERCENT_100 - HUNDREDTH && millionths < PERCENT_100) return '99.99';
  return percentText(millionths);
}
