/** Numbers, times and money as they are shown. Unknown is "–" or the word, never 0. */

export const UNKNOWN = '–';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? UNKNOWN : whole.format(value);
}

/** 950, 12.3k, 4.56M. */
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN;
  if (Math.abs(value) < 1_000) return whole.format(value);
  for (const [size, unit] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    // 999,950 would print as 1000.0k.
    if (Math.abs(value) >= size * 0.9995) return `${precise(value / size)}${unit}`;
  }
  return whole.format(value);
}

function precise(value: number): string {
  const size = Math.abs(value);
  return size >= 99.95 ? value.toFixed(0) : size >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

/** 640 ms, 1.24 s, 12.4 s, 2 m 05 s. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return UNKNOWN;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${precise(ms / 1_000)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} m ${pad(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 1_440) return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} m`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)} d ${pad(hours % 24)} h`;
}

const pad = (value: number): string => String(value).padStart(2, '0');

export function rate(perSecond: number | null | undefined): string {
  if (perSecond === null || perSecond === undefined) return UNKNOWN;
  if (perSecond === 0) return '0';
  return perSecond >= 99.5 ? whole.format(perSecond) : perSecond >= 0.995 ? perSecond.toFixed(1) : perSecond.toFixed(2);
}

/** 0.049 → 4.9 %. */
export function share(part: number | null | undefined): string {
  if (part === null || part === undefined || !Number.isFinite(part)) return UNKNOWN;
  const percent = part * 100;
  if (percent === 0) return '0 %';
  if (percent < 0.05) return '< 0.1 %';
  return percent >= 99.95
    ? '100 %'
    : percent >= 99.5 || percent < 9.95
      ? `${percent.toFixed(1)} %`
      : `${percent.toFixed(0)} %`;
}

/** Money as text of nano-USD precision → $1.20, $0.0042. Small amounts keep two digits that say something. */
export function usd(text: string | null | undefined): string {
  if (text === null || text === undefined || text === '') return 'unknown';
  const value = Number(text);
  if (!Number.isFinite(value)) return 'unknown';
  if (value === 0) return '$0';
  const size = Math.abs(value);
  if (size >= 1_000) return `$${whole.format(value)}`;
  if (size >= 0.995) return `$${value.toFixed(2)}`;
  const digits = Math.min(9, Math.max(2, 1 - Math.floor(Math.log10(size))));
  return `$${value.toFixed(digits)}`;
}

/** A sum some of whose parts have no known price: "≥ $0.05"; when none is known: "unknown". */
export function partialUsd(text: string | null | undefined, unknown: number, total: number): string {
  if (unknown <= 0) return usd(text);
  if (unknown >= total || text === null || text === undefined) return 'unknown';
  return `≥ ${usd(text)}`;
}

const clockFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const dayFormat = new Intl.DateTimeFormat('en-GB', { day: '2-digit', month: 'short' });
const fullFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

export function clockTime(ms: number): string {
  return clockFormat.format(ms);
}

/** With the day when it is not today's. */
export function moment(ms: number, now: number): string {
  const isToday = new Date(ms).toDateString() === new Date(now).toDateString();
  return isToday ? clockTime(ms) : `${dayFormat.format(ms)} ${clockTime(ms)}`;
}

export function fullTime(ms: number): string {
  return fullFormat.format(ms);
}

/** "in 12 s", "3 m 05 s ago", "now". */
export function relative(ms: number, now: number): string {
  const gap = ms - now;
  if (Math.abs(gap) < 1_000) return 'now';
  const seconds = Math.round(Math.abs(gap) / 1_000);
  const text = seconds < 60 ? `${seconds} s` : duration(seconds * 1_000);
  return gap > 0 ? `in ${text}` : `${text} ago`;
}

export function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return UNKNOWN;
  if (value < 1_024) return `${value} B`;
  if (value < 1_048_576) return `${precise(value / 1_024)} KiB`;
  return `${precise(value / 1_048_576)} MiB`;
}
