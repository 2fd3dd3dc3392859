import { parseDateMs, untilMs } from './wait-grammar.ts';

const MAX_TEXT = 4_000;

const UNIT_MS: readonly (readonly [RegExp, number])[] = [
  [/^(ms|msecs?|milliseconds?|millis)$/, 1],
  [/^(s|secs?|seconds?)$/, 1_000],
  [/^(m|mins?|minutes?)$/, 60_000],
  [/^(h|hrs?|hours?)$/, 3_600_000],
  [/^(d|days?)$/, 86_400_000],
];

// "try again in", "Please retry in", "retry after", "retry-after:", "wait", "available in", "reset in"
const LEAD =
  /\b(?:(?:try again|retry|retrying|available|resets?|wait|waiting|back)(?: again)?\s+(?:in|after|for|at least|about)|retry[-_]after["']?\s*[:=]|wait)\s*["']?(?:about |approximately |at least |another |~)?(?=\d)/gi;
const PIECE = /^(\d+(?:\.\d+)?)\s?([a-zA-Z]+)(?:\s*(?:,|and|, and)?\s*(?=\d))?/;
const BARE_SECONDS = /^\d+(?:\.\d+)?(?![\w.:/-]*\w)/;
const POINT_IN_TIME =
  /\b(?:resets?|regain access|available|try again|retry|access)(?: again)?(?: at| on| after|:)?\s+(\d{4}-\d{2}-\d{2})(?:(?:T|,? at |,? )(\d{2}:\d{2})(:\d{2}(?:\.\d+)?)?\s?(Z|UTC|GMT|[+-]\d{2}:\d{2})?)?/i;

/** A wait written in an error message, as milliseconds. Looks at the first 4,000 characters. */
export function parseWaitText(message: string, wallMs: number): number | undefined {
  const text = message.slice(0, MAX_TEXT);
  for (const lead of text.matchAll(LEAD)) {
    const rest = text.slice(lead.index + lead[0].length, lead.index + lead[0].length + 80);
    const waitMs = durationMs(rest) ?? bareSecondsMs(lead[0], rest);
    if (waitMs !== undefined) return waitMs;
  }
  const point = POINT_IN_TIME.exec(text);
  if (point === null) return undefined;
  const [, day, time = '00:00', seconds = ':00', zone = 'Z'] = point;
  return untilMs(parseDateMs(`${day}T${time}${seconds}${/^(utc|gmt)$/i.test(zone) ? 'Z' : zone}`), wallMs);
}

/** `1m47.58s`, `35 seconds`, `1 hour and 5 minutes`. */
function durationMs(text: string): number | undefined {
  let rest = text;
  let totalMs: number | undefined;
  for (let piece = PIECE.exec(rest); piece !== null; piece = PIECE.exec(rest)) {
    const unitMs = unitOf(piece[2] ?? '');
    if (unitMs === undefined) return totalMs;
    totalMs = (totalMs ?? 0) + Number(piece[1]) * unitMs;
    rest = rest.slice(piece[0].length);
  }
  return totalMs;
}

function unitOf(word: string): number | undefined {
  const lower = word.toLowerCase();
  return UNIT_MS.find(([pattern]) => pattern.test(lower))?.[1];
}

/** A number without a unit is seconds only where the words are those of the header. */
function bareSecondsMs(lead: string, rest: string): number | undefined {
  if (!/retry[-_ ]after/i.test(lead)) return undefined;
  const number = BARE_SECONDS.exec(rest)?.[0];
  return number === undefined ? undefined : Number(number) * 1000;
}
