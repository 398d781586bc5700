import type { Nanoseconds } from '../mapper/units.ts';
import { bins } from '../stats/counters.ts';
import { formatTime } from '../stats/histogram-bounds.ts';
import { percent, percentText } from './number.ts';

/** How a histogram is written in one line. */
export interface HistogramForm {
  readonly values: 'none' | 'count' | 'percent';
  readonly bounds: 'none' | 'lower' | 'range';
  /** Without padding, for programs. */
  readonly packed: boolean;
  /** Times with their units, or plain nanoseconds. */
  readonly timeSuffix: boolean;
}

const VALUE_WIDTH = 6;
const BOUND_WIDTH = 6;
const BOUND_WIDTH_NANOSECONDS = 10;

/**
 * A histogram as `dm_histogram_to_string()` of libdevmapper writes it; empty without bounds.
 *
 * @param counts one more than there are bounds; missing ones are 0
 */
export function histogramText(bounds: readonly Nanoseconds[], counts: readonly bigint[], form: HistogramForm): string {
  const all = bins(bounds, counts);
  const total = Number(all.reduce((sum, bin) => sum + bin.count, 0n));
  const time = (value: bigint): string => (form.timeSuffix ? formatTime(value) : `${value}`);
  const hasValues = form.values !== 'none';
  const padded = hasValues && !form.packed;
  const boundWidth = padded ? (form.timeSuffix ? BOUND_WIDTH : BOUND_WIDTH_NANOSECONDS) : 0;
  const colon = hasValues ? ':' : '';

  const texts = all.map(({ lower, upper, count }) => {
    let bound = '';
    if (form.bounds === 'lower') bound = `${time(lower).padStart(boundWidth)}${colon}`;
    // A range is not padded; the last bin has none.
    if (form.bounds === 'range') {
      bound = upper === undefined ? `>${time(lower)}`.padStart(boundWidth) : `${time(lower)}-${time(upper)}`;
      bound += colon;
    }
    if (!hasValues) return bound;
    const value = form.values === 'count' ? `${count}` : percentText(percent(Number(count), total));
    // What a bound takes beyond its width, the value gives.
    const excess = bound === '' ? 0 : bound.length - (boundWidth + 1);
    const width = padded ? Math.max(0, VALUE_WIDTH - excess) : 0;
    return `${bound}${value.padStart(width)}${form.values === 'percent' ? '%' : ''}`;
  });
  if (form.bounds === 'none') return texts.join(padded ? '' : ':');
  return texts.join(padded || !hasValues ? ',' : ':');
}
