import { visible } from './visible.ts';

/** A sample's labels, in the order in which they are written. */
export type Labels = readonly (readonly [name: string, value: string])[];

/** A whole number of the `digits`-th decimal place as an exact decimal number. */
export function decimal(value: bigint, digits: number): string {
  if (digits === 0) return `${value}`;
  const sign = value < 0n ? '-' : '';
  const text = `${value < 0n ? -value : value}`.padStart(digits + 1, '0');
  const fraction = text.slice(-digits).replace(/0+$/, '');
  return `${sign}${text.slice(0, -digits)}${fraction === '' ? '' : `.${fraction}`}`;
}

const LONE_SURROGATE = /\p{Surrogate}/gu;
const BYTE_MASK = 0xff;

/**
 * Text of any kind as a label's value: control characters and bytes that are no UTF-8, which the format cannot hold,
 * as `\xNN`; backslashes and quotation marks escaped.
 */
export function labelValue(text: string): string {
  const shown = visible(text).replace(LONE_SURROGATE, (one) => {
    // The kernel's bytes that are no UTF-8 come as lone surrogates that end in their value.
    return `\\x${(one.charCodeAt(0) & BYTE_MASK).toString(16).padStart(2, '0')}`;
  });
  return shown.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}

/** Labels in braces. */
export function labelsText(labels: Labels): string {
  return `{${labels.map(([name, value]) => `${name}="${labelValue(value)}"`).join(',')}}`;
}

const NS_DIGITS = 9;

/** A bound in seconds, as OpenMetrics wants the canonical numbers of `le`: with a point always. */
function bound(ns: bigint): string {
  const text = decimal(ns, NS_DIGITS);
  return text.includes('.') ? text : `${text}.0`;
}

/**
 * The samples of a histogram, from bins that exclude their upper bounds.
 *
 * @param bounds nanoseconds, ascending
 * @param bins counts, one more than there are bounds
 * @param sumNs of all durations
 */
export function histogramLines(
  name: string,
  labels: Labels,
  bounds: readonly bigint[],
  bins: readonly bigint[],
  sumNs: bigint,
): string[] {
  const bucket = (le: string, count: bigint): string => `${name}_bucket${labelsText([...labels, ['le', le]])} ${count}`;
  let below = 0n;
  const lines = bounds.map((upper, index) => {
    below += bins[index] ?? 0n;
    return bucket(bound(upper), below);
  });
  const total = below + (bins[bounds.length] ?? 0n);
  return [
    ...lines,
    bucket('+Inf', total),
    `${name}_sum${labelsText(labels)} ${decimal(sumNs, NS_DIGITS)}`,
    `${name}_count${labelsText(labels)} ${total}`,
  ];
}
