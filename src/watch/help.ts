import { SORTS } from './measure.ts';

/** The help of the view, for a screen of 80 columns and 24 lines. */
export const HELP_LINES: readonly string[] = [
  'dmstats watch: what device-mapper counts, the worst first',
  '',
  '  up, down, j, k      select a row             Home, g    follow the first row',
  '  PgUp, PgDn, End     ... by pages             Enter, l   open: parts of the row',
  '  Esc, Backspace, h   back                     p, blank   pause, go on',
  '  s, S                sort by the next, the previous column',
  `                      (${SORTS.join(', ')})`,
  '  r                   turn the order round     /          only names with a text',
  '  Ctrl-L              draw the screen anew     Ctrl-Z     stop, until fg',
  '  q, Ctrl-C           quit                     a          look-ahead, packed too',
  '',
  '  D device (all its I/O)   G group, such as a file   R region   A area',
  '  !      another program cleared its counters: less is shown than was',
  '  R/s W/s RSz/s WSz/s   I/Os and bytes a second, in units of 1024',
  '  AWait  mean time of an I/O   P99  the 99th percentile is below (<), above (>)',
  '  Util%  time with I/O in flight',
];
