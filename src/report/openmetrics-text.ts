import { visible } from './visible.ts';

/**
 * `openmetrics`: OpenMetrics 1.0. `prometheus`: Prometheus' text format 0.0.4, which node_exporter's textfile collector
 * and `promtool check metrics` read.
 */
export type MetricsFormat = 'openmetrics' | 'prometheus';

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

type Kind = 'counter' | 'gauge' | 'histogram';

/** A metric: its name without the prefix that it shares with others, and its samples of one item. */
export interface Family<Item> {
  readonly name: string;
  readonly kind: Kind;
  readonly unit?: 'seconds' | 'bytes' | 'ratio';
  readonly help: string;
  readonly lines: (name: string, item: Item) => readonly string[];
}

/** The lines of all families that have samples. */
export function familyLines<Item>(
  prefix: string,
  families: readonly Family<Item>[],
  items: readonly Item[],
  format: MetricsFormat,
): string[] {
  return families.flatMap(({ name, kind, unit, help, lines }) => {
    const family = `${prefix}${name}`;
    const sample = kind === 'counter' ? `${family}_total` : family;
    const samples = items.flatMap((item) => lines(sample, item));
    if (samples.length === 0) return [];
    // OpenMetrics describes a family, the older format the name of its samples.
    const described = format === 'openmetrics' ? family : sample;
    const units = format === 'openmetrics' && unit !== undefined ? [`# UNIT ${described} ${unit}`] : [];
    return [`# HELP ${described} ${help}`, `# TYPE ${described} ${kind}`, ...units, ...samples];
  });
}

/** A whole document. */
export function documentText(lines: readonly string[], format: MetricsFormat): string {
  const whole = format === 'openmetrics' ? [...lines, '# EOF'] : lines;
  return whole.map((line) => `${line}\n`).join('');
}
