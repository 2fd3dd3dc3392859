/** Units of Go's `time.Duration` text, milliseconds. */
const GO_UNIT_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
  us: 0.001,
  µs: 0.001,
  μs: 0.001,
  ns: 0.000_001,
};
const NUMBER = /^\d+(\.\d+)?$/;
const GO_DURATION = /^(\d+(\.\d+)?(ms|us|µs|μs|ns|h|m|s))+$/;
const GO_PART = /(\d+(?:\.\d+)?)(ms|us|µs|μs|ns|h|m|s)/g;
const IMF_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/;
const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(\.\d+)?(?:\s?([Zz]|UTC|[+-]\d{2}:\d{2}))?$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MAX_LENGTH = 64;
const UNIX_SECONDS_FROM = 1e9;
const UNIX_MS_FROM = 1e12;

/** A plain decimal number; signs, exponents, hex and the empty text are none. */
export function parseDecimal(text: string): number | undefined {
  return text.length <= MAX_LENGTH && NUMBER.test(text) ? Number(text) : undefined;
}

/** `1h2m3.5s` as milliseconds. */
export function parseGoDurationMs(text: string): number | undefined {
  if (text.length > MAX_LENGTH || !GO_DURATION.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(GO_PART)) totalMs += Number(amount) * (GO_UNIT_MS[unit ?? ''] ?? 0);
  return totalMs;
}

/** An HTTP date or RFC 3339 time as unix milliseconds. A time without zone is read as UTC. */
export function parseDateMs(text: string): number | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const imf = IMF_DATE.exec(text);
  if (imf !== null) {
    const month = MONTHS.indexOf(imf[2] ?? '');
    return utcMs(imf[3], month, imf[1], imf[4], imf[5], imf[6]);
  }
  const rfc = RFC3339.exec(text);
  if (rfc === null) return undefined;
  const wholeMs = utcMs(rfc[1], Number(rfc[2]) - 1, rfc[3], rfc[4], rfc[5], rfc[6]);
  const offsetMs = zoneOffsetMs(rfc[8]);
  if (wholeMs === undefined || offsetMs === undefined) return undefined;
  return wholeMs + (rfc[7] === undefined ? 0 : Number(rfc[7]) * 1000) - offsetMs;
}

function zoneOffsetMs(zone: string | undefined): number | undefined {
  if (zone === undefined || !/^[+-]/.test(zone)) return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4));
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

type Digits = string | undefined;

function utcMs(year: Digits, month: number, day: Digits, hour: Digits, minute: Digits, second: Digits) {
  const [d, h, m, s] = [Number(day), Number(hour), Number(minute), Number(second)];
  // 60 is a leap second.
  if (month < 0 || month > 11 || h > 23 || m > 59 || s > 60) return undefined;
  const date = new Date(Date.UTC(Number(year), month, d, h, m, s));
  // Date.UTC turns 31 February into March; such a day is none.
  if (d < 1 || d > new Date(Date.UTC(Number(year), month + 1, 0)).getUTCDate()) return undefined;
  return date.getTime();
}

/** A wait given as seconds, Go duration or point in time. `undefined` for anything else and for the past. */
export function parseWaitMs(text: string, wallMs: number): number | undefined {
  const trimmed = text.trim();
  const seconds = parseDecimal(trimmed);
  if (seconds !== undefined) return seconds * 1000;
  return parseGoDurationMs(trimmed) ?? untilMs(parseDateMs(trimmed), wallMs);
}

/** As `parseWaitMs`; large numbers are unix seconds (from 1e9) or unix milliseconds (from 1e12). */
export function parseResetMs(text: string, wallMs: number): number | undefined {
  const number = parseDecimal(text.trim());
  return number === undefined ? parseWaitMs(text, wallMs) : resetNumberMs(number, wallMs);
}

/** A number in a reset field: seconds from now, unix seconds or unix milliseconds, by its size. */
export function resetNumberMs(value: number, wallMs: number): number | undefined {
  if (!(value >= 0) || value === Infinity) return undefined;
  if (value >= UNIX_MS_FROM) return untilMs(value, wallMs);
  if (value >= UNIX_SECONDS_FROM) return untilMs(value * 1000, wallMs);
  return value * 1000;
}

export function untilMs(atMs: number | undefined, wallMs: number): number | undefined {
  return atMs === undefined || atMs < wallMs ? undefined : atMs - wallMs;
}

export function maxOf(values: Iterable<number | undefined>): number | undefined {
  let most: number | undefined;
  for (const value of values) if (value !== undefined && (most === undefined || value > most)) most = value;
  return most;
}
