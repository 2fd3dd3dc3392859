const FORMULA = /^[=+\-@\t\r]/;
const QUOTED = /[",\r\n]/;

/** RFC 4180. Text that a spreadsheet would run as a formula gets an apostrophe in front: names come from callers. */
export function csvOf(columns: readonly string[], rows: Iterable<Readonly<Record<string, unknown>>>): string {
  let text = `${columns.join(',')}\r\n`;
  for (const row of rows) text += `${columns.map((column) => cell(row[column])).join(',')}\r\n`;
  return text;
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  const plain = typeof value === 'string' ? value : JSON.stringify(value);
  const safe = FORMULA.test(plain) ? `'${plain}` : plain;
  return QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
