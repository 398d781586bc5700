/** Above the table: what is shown and the headings; below it: the keys. */
const FRAME_ROWS = 3;
/** A rule with the selected row's name, what it is, percentiles, the bars, their labels. */
const DETAIL_ROWS = 8;
/** Below so many lines of terminal there is no room for both. */
const MIN_ROWS_WITH_DETAIL = 18;

/** The lines of the detail's bars. */
export const BAR_ROWS = DETAIL_ROWS - 4;

/** Whether the selected row's histogram is shown. */
export function hasDetail({ rows }: { readonly rows: number }): boolean {
  return rows >= MIN_ROWS_WITH_DETAIL;
}

/** How many rows the table shows. */
export function tableHeight(size: { readonly rows: number }): number {
  return Math.max(1, size.rows - FRAME_ROWS - (hasDetail(size) ? DETAIL_ROWS : 0));
}
