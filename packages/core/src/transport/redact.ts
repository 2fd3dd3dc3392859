import type { Secret } from '../spec/secret.ts';
import { removeEcho, variantsOf } from './secret-variants.ts';

const REDACTED = '[redacted]';
const MAX_LENGTH = 2_000;
/** Only this much is searched: what is cut away needs no search. */
const MAX_SEARCHED = 8_000;

type Pattern = readonly [RegExp, (match: string, ...groups: string[]) => string];

const whole = (): string => REDACTED;
/** Ordinary words have no digit: "sk-learn-compatible" stays. */
const ifDigit = (match: string): string => (/\d/.test(match) ? REDACTED : match);

/**
 * Shapes of keys and tokens, read from the vendors' own documentation, 2026-11. Each begins at the start of a word and
 * repeats one class of characters, so a search stays linear.
 */
const PATTERNS: readonly Pattern[] = [
  // Parts of keys that a vendor masked itself: "sk-proj-****abcd".
  [
    /(?<![A-Za-z0-9])(?:sk|pk|rk|gsk|xai|pplx|nvapi|csk|hf|r8|AIza)[-_A-Za-z0-9]{0,40}(?:\*{2,}|•{2,}|…)[-_A-Za-z0-9]*/g,
    whole,
  ],
  [/(?<![A-Za-z0-9])sk-(?:ant|proj|or|svcacct|admin|lf|cp)-[A-Za-z0-9_-]{8,}/g, ifDigit],
  [/(?<![A-Za-z0-9])(?:sk|pk|rk)[-_](?:live_|test_)?[A-Za-z0-9_-]{12,}/g, ifDigit],
  [
    /(?<![A-Za-z0-9])(?:gsk_|xai-|pplx-|nvapi-|r8_|hf_|fw_|csk-|tgp_v1_|gsk-|sess-|glpat-|dop_v1_|npm_)[A-Za-z0-9_-]{12,}/g,
    ifDigit,
  ],
  [/(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{20,}/g, whole],
  [/(?<![A-Za-z0-9])(?:ya29\.|AQ\.)[A-Za-z0-9_-]{16,}/g, whole],
  [/(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])/g, whole],
  [/(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{16,}/g, whole],
  [/(?<![A-Za-z0-9])github_pat_[A-Za-z0-9_]{16,}/g, whole],
  [/(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,}/g, ifDigit],
  [/(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}(?:\.{1,2}[A-Za-z0-9_-]+){0,4}/g, whole],
  [
    /\b(Bearer|Basic|token)(\s+|%20)([A-Za-z0-9._~+/=-]{12,})/gi,
    (match, scheme, gap, value) => (/\d/.test(value ?? '') ? `${scheme}${gap}${REDACTED}` : match),
  ],
  [
    /([?&;](?:key|api[-_]?key|access[-_]?token|refresh[-_]?token|id[-_]?token|token|code|sig|signature|secret|client[-_]?secret|password|x-amz-[a-z-]*(?:signature|token|credential))=)[^&\s"'<>#]+/gi,
    (_match, name) => `${name}${REDACTED}`,
  ],
  [
    /(["']?(?:x-api-key|x-goog-api-key|api[-_]?key|apikey|access_token|refresh_token|client_secret|authorization)["']?\s*[:=]\s*["']?)([A-Za-z0-9._~+/=-]{12,})/gi,
    (match, name, value) => (/\d/.test(value ?? '') ? `${name}${REDACTED}` : match),
  ],
  [/(\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/@:]{1,200}:[^\s/@]{1,200}@/gi, (_match, scheme) => `${scheme}${REDACTED}@`],
];

/**
 * A function that removes the given secrets (as they are, percent-encoded, base64, JSON-escaped, and partly echoed)
 * and everything shaped like a key from a text, and cuts it at 2,000 characters. The secrets are looked up at each
 * call, so a live collection may be passed.
 */
export function createRedactor(secrets: Iterable<Secret>): (text: string) => string {
  return (text) => {
    let result = text.length > MAX_SEARCHED ? cutAtWord(text.slice(0, MAX_SEARCHED)) : text;
    const known = [...secrets];
    const variants = known.flatMap((secret) => variantsOf(secret)).sort((a, b) => b.length - a.length);
    for (const variant of variants) result = removeValue(result, variant);
    for (const secret of known) result = removeEcho(result, secret, REDACTED);
    for (const [pattern, replace] of PATTERNS) result = result.replaceAll(pattern, replace);
    return shorten(result, text.length);
  };
}

/** Short values are removed only where they stand alone: a key "abc1" must not tear words apart. */
function removeValue(text: string, value: string): string {
  if (!text.includes(value)) return text;
  if (value.length >= 8) return text.replaceAll(value, REDACTED);
  const escaped = value.replaceAll(/[^A-Za-z0-9]/g, '\\$&');
  return text.replaceAll(new RegExp(`(?<![A-Za-z0-9])${escaped}(?![A-Za-z0-9])`, 'g'), REDACTED);
}

/** A secret that the cut goes through could not be recognised any more: the last word goes too. */
function cutAtWord(text: string): string {
  let end = text.length;
  while (end > 0 && !/\s/.test(text.charAt(end - 1))) end -= 1;
  return end === 0 ? '' : text.slice(0, end);
}

function shorten(text: string, originalLength: number): string {
  if (text.length <= MAX_LENGTH) return originalLength > MAX_SEARCHED ? `${text}…` : text;
  let end = MAX_LENGTH - 1;
  // Not through a surrogate pair.
  if (/[\uD800-\uDBFF]/.test(text.charAt(end - 1))) end -= 1;
  return `${text.slice(0, end)}…`;
}
