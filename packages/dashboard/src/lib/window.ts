export interface Visible {
  /** First row to draw, and the one after the last. */
  readonly from: number;
  readonly to: number;
}

/** Which rows of equal height a window shows, with `spare` rows beyond each edge. */
export function visibleRows(scrollTop: number, height: number, rowHeight: number, rows: number, spare = 5): Visible {
  const first = Math.floor(Math.max(0, scrollTop) / rowHeight);
  const shown = Math.ceil(Math.max(0, height) / rowHeight) + 1;
  const from = Math.max(0, Math.min(first - spare, rows - shown - spare));
  return { from, to: Math.min(rows, Math.max(0, first + shown + spare)) };
}
