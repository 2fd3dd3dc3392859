import type { JsonObject } from '../spec/json.ts';
import { isJsonObject } from '../spec/json.ts';
import { maxOf, parseDecimal, parseGoDurationMs, parseResetMs, parseWaitMs, resetNumberMs } from './wait-grammar.ts';
import { parseWaitText } from './wait-text.ts';

export interface WaitHintSource {
  /** Lower-case names; repeated headers joined with `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The parsed body, whatever it is. */
  readonly body?: unknown;
  /** The vendor's error text. */
  readonly message?: string;
  /** Now, unix milliseconds. */
  readonly wallMs: number;
}

/**
 * How long the vendor asks us to wait, whole milliseconds rounded up, or `undefined` when it says nothing usable.
 * The first source that holds a valid wait decides: `retry-after-ms`, `retry-after`, the body's fields, rate-limit
 * headers of the exhausted dimension, the error text. 0 means "now"; a time in the past or a malformed value is no hint.
 */
export function parseWaitHintMs(source: WaitHintSource): number | undefined {
  const { headers, body, message, wallMs } = source;
  const errors = errorObjects(body);
  const waitMs =
    retryAfterMs(headers) ??
    retryAfter(headers['retry-after'], wallMs) ??
    fromBody(errors, wallMs) ??
    exhaustedDimensions(headers, wallMs) ??
    nestedHeaders(errors, wallMs) ??
    anthropicResets(headers, wallMs) ??
    codexWindows(headers, wallMs) ??
    parseWaitText(message ?? '', wallMs);
  // Rounded up, but not for the noise of binary fractions.
  return waitMs === undefined || !Number.isFinite(waitMs) ? undefined : Math.ceil(Number(waitMs.toFixed(3)));
}

function retryAfterMs(headers: WaitHintSource['headers']): number | undefined {
  const read = (value: string | undefined) => maxOf((value ?? '').split(',').map((part) => parseDecimal(part.trim())));
  return read(headers['retry-after-ms']) ?? read(headers['x-ms-retry-after-ms']);
}

/** Duplicates arrive joined, and a date holds a comma itself. */
const RETRY_AFTER_PART = /\s*[A-Za-z]{3}, [^,]*|[^,]+/g;

function retryAfter(value: string | undefined, wallMs: number): number | undefined {
  const parts = (value ?? '').slice(0, 500).match(RETRY_AFTER_PART) ?? [];
  return maxOf(parts.map((part) => parseWaitMs(part, wallMs)));
}

/** Places in an error body where vendors put hints, outermost last. */
function errorObjects(body: unknown): JsonObject[] {
  const root: unknown = Array.isArray(body) ? body[0] : body;
  if (!isJsonObject(root)) return [];
  const found: JsonObject[] = [];
  for (const value of [root['error'], root['detail'], first(root['errors']), root['response']]) {
    if (!isJsonObject(value)) continue;
    if (isJsonObject(value['error'])) found.push(value['error']);
    found.push(value);
    if (isJsonObject(value['metadata'])) found.push(value['metadata']);
  }
  found.push(root);
  return found;
}

function first(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : value;
}

function fromBody(errors: readonly JsonObject[], wallMs: number): number | undefined {
  const details = errors.flatMap(detailObjects);
  return (
    firstOf(details, retryInfoMs) ??
    firstOf(errors, (error) => secondsOf(error['resets_in_seconds'])) ??
    firstOf(errors, (error) => resetAt(error['resets_at'], wallMs)) ??
    firstOf(details, quotaResetDelayMs) ??
    // OpenRouter's metadata and several small gateways.
    firstOf(errors, (error) => secondsOf(error['retry_after_seconds']) ?? secondsOf(error['retry_after']))
  );
}

function firstOf<T>(items: readonly T[], read: (item: T) => number | undefined): number | undefined {
  for (const item of items) {
    const value = read(item);
    if (value !== undefined) return value;
  }
  return undefined;
}

function detailObjects(error: JsonObject): JsonObject[] {
  const details = error['details'];
  return Array.isArray(details) ? details.filter(isJsonObject) : [];
}

/** `google.rpc.RetryInfo`: `retryDelay` is `"36.43s"`, `"10h17m5.7s"` or `{seconds, nanos}`. */
function retryInfoMs(detail: JsonObject): number | undefined {
  const delay = detail['retryDelay'];
  if (typeof delay === 'string') return parseGoDurationMs(delay.trim());
  if (!isJsonObject(delay)) return undefined;
  const seconds = delay['seconds'] === undefined ? 0 : secondsOf(delay['seconds']);
  const nanos = delay['nanos'] === undefined ? 0 : Number(delay['nanos']);
  return seconds !== undefined && nanos >= 0 && nanos < 1e9 ? seconds + nanos / 1e6 : undefined;
}

/** `google.rpc.ErrorInfo`. */
function quotaResetDelayMs(detail: JsonObject): number | undefined {
  const metadata = detail['metadata'];
  const delay = isJsonObject(metadata) ? metadata['quotaResetDelay'] : undefined;
  return typeof delay === 'string' ? parseGoDurationMs(delay.trim()) : undefined;
}

function secondsOf(value: unknown): number | undefined {
  const seconds = typeof value === 'string' ? parseDecimal(value.trim()) : value;
  return typeof seconds === 'number' && seconds >= 0 ? seconds * 1000 : undefined;
}

/** A point in time, never a distance: numbers below 1e9 are no hint. */
function resetAt(value: unknown, wallMs: number): number | undefined {
  const number = typeof value === 'string' ? parseDecimal(value.trim()) : value;
  if (typeof number === 'number') return number < 1e9 ? undefined : resetNumberMs(number, wallMs);
  return typeof value === 'string' ? parseWaitMs(value, wallMs) : undefined;
}

const REMAINING = /^(x-ratelimit-|ratelimit-)remaining(-.+)?$/;

/** Only a dimension that is used up tells how long to wait; the others reset at their own pace. */
function exhaustedDimensions(headers: WaitHintSource['headers'], wallMs: number): number | undefined {
  let mostMs: number | undefined;
  for (const name of Object.keys(headers)) {
    const match = REMAINING.exec(name);
    if (match === null || !isZero(headers[name])) continue;
    const reset = headers[`${match[1]}reset${match[2] ?? ''}`];
    if (reset !== undefined) mostMs = maxOf([mostMs, ...reset.split(',').map((part) => parseResetMs(part, wallMs))]);
  }
  return mostMs;
}

function isZero(value: string | undefined): boolean {
  return (value ?? '').split(',').some((part) => parseDecimal(part.trim()) === 0);
}

/** OpenRouter repeats the upstream's rate headers in `error.metadata.headers`. */
function nestedHeaders(errors: readonly JsonObject[], wallMs: number): number | undefined {
  return firstOf(errors, (error) => {
    const nested = error['headers'];
    if (!isJsonObject(nested)) return undefined;
    const lower: Record<string, string> = {};
    for (const [name, value] of Object.entries(nested)) {
      if (typeof value === 'string' || typeof value === 'number') lower[name.toLowerCase()] = String(value);
    }
    return retryAfterMs(lower) ?? retryAfter(lower['retry-after'], wallMs) ?? exhaustedDimensions(lower, wallMs);
  });
}

const ANTHROPIC_RESET = /^anthropic-ratelimit-(.+)-reset$/;

/** All dimensions are sent with every answer; those with something remaining, or still allowed, do not count. */
function anthropicResets(headers: WaitHintSource['headers'], wallMs: number): number | undefined {
  let mostMs: number | undefined;
  for (const name of Object.keys(headers)) {
    const dimension = ANTHROPIC_RESET.exec(name)?.[1];
    if (dimension === undefined) continue;
    const remaining = headers[`anthropic-ratelimit-${dimension}-remaining`];
    const status = headers[`anthropic-ratelimit-${dimension}-status`];
    if (remaining !== undefined && !isZero(remaining)) continue;
    if (status !== undefined && status !== 'rejected') continue;
    mostMs = maxOf([mostMs, parseResetMs(headers[name] ?? '', wallMs)]);
  }
  return mostMs;
}

/** Codex plan windows: the ones that are used up. */
function codexWindows(headers: WaitHintSource['headers'], wallMs: number): number | undefined {
  return maxOf(
    ['primary', 'secondary'].map((window) => {
      const used = parseDecimal((headers[`x-codex-${window}-used-percent`] ?? '').trim());
      if (used === undefined || used < 100) return undefined;
      const after = headers[`x-codex-${window}-reset-after-seconds`];
      const at = headers[`x-codex-${window}-reset-at`];
      return secondsOf(after) ?? (at === undefined ? undefined : parseResetMs(at, wallMs));
    }),
  );
}
