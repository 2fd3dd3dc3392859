const BARE = /^[A-Za-z0-9_-]+$/;
/** Multi-line strings are never written; these characters must be escaped in a basic string beyond what JSON does. */
// oxlint-disable-next-line no-control-regex
const NOT_LITERAL = /['\u0000-\u0008\u000A-\u001F\u007F]/;
const DELETE = '\u007F';

export function formatKey(name: string): string {
  return BARE.test(name) ? name : formatString(name);
}

export function formatKeys(path: readonly string[]): string {
  return path.map(formatKey).join('.');
}

function formatString(text: string): string {
  return JSON.stringify(text.toWellFormed()).replaceAll(DELETE, '\\u007F');
}

/**
 * A value as TOML. `before` is the text it replaces: its quotes and its decimal point are kept where they fit.
 * Throws `TypeError` for a value TOML has no form for.
 */
export function formatValue(value: unknown, before = ''): string {
  switch (typeof value) {
    case 'string': {
      const isLiteral = before.startsWith("'") && !before.startsWith("'''") && !NOT_LITERAL.test(value);
      return isLiteral && value.isWellFormed() ? `'${value}'` : formatString(value);
    }
    case 'boolean':
      return String(value);
    case 'bigint':
      return value.toString();
    case 'number':
      return formatNumber(value, before);
    default:
      break;
  }
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return `[${value.map((item) => formatValue(item)).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const pairs = Object.entries(value).map(([key, item]) => `${formatKey(key)} = ${formatValue(item)}`);
    return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
  }
  throw new TypeError(`TOML has no form for ${String(value)}`);
}

function formatNumber(value: number, before: string): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  if (Object.is(value, -0)) return '-0.0';
  const text = String(value);
  // Programs that read a fraction may refuse a whole number in its place.
  const wasFraction = /^[+-]?\d[\d_]*\.\d/.test(before);
  if (Number.isInteger(value) && /^-?\d+$/.test(text))
    return wasFraction || !Number.isSafeInteger(value) ? `${text}.0` : text;
  return text;
}
