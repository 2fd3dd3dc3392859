import type { ErrorDetails, ErrorKind } from '../../spec/errors.ts';
import type { VendorError } from '../../wires/wire.ts';
import type { ErrorPattern } from '../row.ts';
import { kindOfCode, weakKindOfCode } from './codes.ts';
import { readFacts, type ErrorFacts } from './facts.ts';
import { requestIdOf, shouldRetryOf } from './headers.ts';
import { canonicalParameter, isKnownField, rejectedParameter } from './parameters.ts';
import * as limits from './limit-patterns.ts';
import * as patterns from './patterns.ts';
import { createTextRedactor } from './redact-text.ts';
import { kindOfStatus } from './status.ts';

/** What a reader of wait hints is given. */
export interface WaitHintInput {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly message: string;
  /** Unix milliseconds now. */
  readonly wallMs: number;
}

export interface ClassifyOptions {
  /** The slot's own wordings and codes, tried before the general ones. */
  readonly patterns?: readonly ErrorPattern[];
  /** Unix milliseconds now, for hints that name a date. */
  readonly wallMs: number;
  /** Reads the wait a vendor asks for, milliseconds. */
  readonly waitHint?: (input: WaitHintInput) => number | undefined;
  /** Removes secrets from the vendor's words; default: anything key-shaped. */
  readonly redact?: (text: string) => string;
  /** Name of the entry for the message. */
  readonly provider?: string;
}

interface Verdict {
  readonly kind: ErrorKind;
  readonly rule: string;
  readonly parameter?: string;
}

type Rule = (facts: ErrorFacts, options: ClassifyOptions, error: VendorError) => Verdict | undefined;

function matches(pattern: ErrorPattern, facts: ErrorFacts): boolean {
  if (pattern.status !== undefined && !pattern.status.includes(facts.status)) return false;
  if (pattern.code !== undefined && !facts.codes.includes(pattern.code.toLowerCase())) return false;
  if (pattern.message === undefined) return true;
  const words = facts.words.length === 0 ? [''] : facts.words;
  return words.some((text) => pattern.message?.test(text));
}

function firstMatch(list: readonly ErrorPattern[], facts: ErrorFacts): ErrorPattern | undefined {
  return list.find((pattern) => matches(pattern, facts));
}

const byPatterns =
  (rule: string, list: readonly ErrorPattern[], statuses?: readonly number[]): Rule =>
  (facts) => {
    if (statuses !== undefined && !statuses.includes(facts.status)) return undefined;
    const found = firstMatch(list, facts);
    return found === undefined ? undefined : { kind: found.kind, rule };
  };

const vendorRule: Rule = (facts, options) => {
  const found = firstMatch(options.patterns ?? [], facts);
  if (found === undefined) return undefined;
  const parameter = found.kind === 'unsupported' ? parameterOf(facts) : undefined;
  return {
    kind: found.kind,
    rule: `vendor:${found.code ?? found.message?.source.slice(0, 60) ?? found.status?.join(',') ?? ''}`,
    parameter,
  };
};

const quotaCode: Rule = (facts) => {
  const code = facts.codes.find((name) => kindOfCode(name) === 'quota');
  return code === undefined ? undefined : { kind: 'quota', rule: `code:${code}` };
};

/** Google says RESOURCE_EXHAUSTED for a busy minute and for a used-up day alike; only the quota's id tells. */
const googleQuota: Rule = (facts) => {
  if (!facts.codes.includes('resource_exhausted') && facts.quotaIds.length === 0) return undefined;
  if (facts.quotaIds.some((id) => /PerDay/i.test(id))) return { kind: 'quota', rule: 'quota-id:per-day' };
  if (facts.words.some((text) => /\blimit: 0(?![\d.])/.test(text))) return { kind: 'quota', rule: 'quota-limit-zero' };
  return { kind: 'rate-limit', rule: 'code:resource_exhausted' };
};

const QUOTA_STATUSES: readonly number[] = [200, 400, 401, 402, 403, 429, 500, 503];

const strongCode: Rule = (facts) => {
  for (const code of facts.codes) {
    const kind = kindOfCode(code);
    if (kind === undefined) continue;
    // A single request above the minute's whole allowance: no waiting makes it fit.
    if (kind === 'rate-limit' && facts.status === 413) return { kind: 'request-too-large', rule: `code:${code}` };
    if (kind === 'unsupported') {
      if (facts.param === 'model') return { kind: 'model-not-found', rule: `code:${code}` };
      return { kind, rule: `code:${code}`, parameter: parameterOf(facts) };
    }
    return { kind, rule: `code:${code}` };
  }
  if (facts.codes.includes('slow_down'))
    return { kind: facts.status === 429 ? 'rate-limit' : 'overloaded', rule: 'code:slow_down' };
  return undefined;
};

/** The parameter a refusal names: from the answer's own field, a validator's path, else the words. */
function parameterOf(facts: ErrorFacts): string | undefined {
  const worded = rejectedParameter(facts.words);
  if (worded !== undefined) return worded;
  const named = facts.rejectedFields.find(isKnownField);
  if (named !== undefined) return canonicalParameter(named);
  return facts.param === undefined || /[[\]]/.test(facts.param) ? undefined : canonicalParameter(facts.param);
}

const SIGNATURE =
  /invalid `?signature`? in `?thinking`? block|`?thinking`? or `?redacted_thinking`? blocks? .{0,80}cannot be modified|expected `?thinking`? or `?redacted_thinking`?|invalid_encrypted_content|encrypted content .{0,60}could not be (?:verified|decrypted)|(?:missing an?|invalid|corrupted|unknown) `?thought[_ ]signature|thought[_ ]signature`? (?:is |was )?(?:not valid|invalid|missing|corrupted)/i;

const refusedParameter: Rule = (facts) => {
  if (![200, 400, 404, 422, 500].includes(facts.status)) return undefined;
  if (facts.words.some((text) => SIGNATURE.test(text)) || facts.codes.includes('invalid_encrypted_content')) {
    return { kind: 'unsupported', rule: 'foreign-signature', parameter: 'reasoning_replay' };
  }
  const worded = rejectedParameter(facts.words);
  if (worded !== undefined) return { kind: 'unsupported', rule: `parameter:${worded}`, parameter: worded };
  const field = facts.rejectedFields.find(isKnownField);
  return field === undefined
    ? undefined
    : { kind: 'unsupported', rule: `parameter:${canonicalParameter(field)}`, parameter: canonicalParameter(field) };
};

const billingPrecondition: Rule = (facts) =>
  facts.codes.includes('failed_precondition') && facts.words.some((text) => /billing/i.test(text))
    ? { kind: 'quota', rule: 'code:failed_precondition' }
    : undefined;

/** A page of a proxy in front of the vendor says nothing about the key. */
const challenge: Rule = (facts) =>
  facts.status === 403 &&
  facts.html &&
  facts.words.some((text) => /just a moment|attention required|cf-chl|enable javascript and cookies/i.test(text))
    ? { kind: 'protocol', rule: 'proxy-challenge' }
    : undefined;

const missingPath: Rule = (facts) => {
  if (facts.status !== 404) return undefined;
  const aboutModel = facts.words.some((text) => /\b(?:model|deployment|endpoint id)\b/i.test(text));
  if (aboutModel && !facts.html) return { kind: 'model-not-found', rule: 'status:404' };
  return facts.json ? undefined : { kind: 'config', rule: 'not-an-api' };
};

const weakCode: Rule = (facts) => {
  // An HTTP status says more than a general type, except where there was none to see.
  if (facts.status !== 200 && facts.status !== 500 && facts.status !== 400) return undefined;
  for (const code of facts.codes) {
    const kind = weakKindOfCode(code);
    if (kind !== undefined && !(facts.status === 400 && kind === 'server')) return { kind, rule: `code:${code}` };
    if (
      kind === undefined &&
      facts.status !== 400 &&
      /invalid_request|invalid_argument|validation|bad_?request/.test(code)
    ) {
      return { kind: 'invalid-request', rule: `code:${code}` };
    }
  }
  return undefined;
};

const wireKind: Rule = (_facts, _options, error) =>
  error.kind === undefined ||
  error.kind === 'server' ||
  error.kind === 'invalid-request' ||
  error.kind === 'model-not-found'
    ? undefined
    : { kind: error.kind, rule: 'wire' };

const byStatus: Rule = (facts, _options, error) => {
  if (facts.status < 300 && error.kind !== undefined) return { kind: error.kind, rule: 'wire' };
  if (facts.status === 500 && error.kind !== undefined) return { kind: error.kind, rule: 'wire' };
  return { kind: kindOfStatus(facts.status), rule: `status:${facts.status}` };
};

/** In this order, the first that knows decides. Structured codes come before words, words before the status. */
const RULES: readonly Rule[] = [
  vendorRule,
  googleQuota,
  quotaCode,
  billingPrecondition,
  byPatterns('words:quota', limits.QUOTA_PATTERNS, QUOTA_STATUSES),
  (facts) => (facts.status === 402 ? { kind: 'quota', rule: 'status:402' } : undefined),
  byPatterns('words:crowded', limits.CROWDED_PATTERNS),
  strongCode,
  byPatterns('words:rate-limit', limits.THROTTLE_PATTERNS),
  byPatterns('words:context', patterns.CONTEXT_PATTERNS.slice(-1)),
  byPatterns('words:context', patterns.CONTEXT_PATTERNS, patterns.CONTEXT_STATUSES),
  byPatterns('words:auth', patterns.AUTH_PATTERNS),
  byPatterns('words:region', patterns.REGION_PATTERNS),
  byPatterns('words:content', patterns.CONTENT_PATTERNS, patterns.CONTENT_STATUSES),
  byPatterns('words:size', patterns.SIZE_PATTERNS),
  byPatterns('words:wrong-url', patterns.WRONG_URL_PATTERNS),
  refusedParameter,
  byPatterns('words:model', patterns.MODEL_PATTERNS),
  byPatterns('words:overloaded', limits.OVERLOADED_PATTERNS),
  challenge,
  missingPath,
  wireKind,
  weakCode,
  byStatus,
];

const WORDS: Readonly<Record<ErrorKind, string>> = {
  network: 'The connection failed',
  tls: 'The secure connection failed',
  timeout: 'No answer in time',
  'rate-limit': 'Rate limit reached',
  quota: 'Quota or balance used up',
  auth: 'The key was not accepted',
  permission: 'The key may not do this',
  'model-not-found': 'The model is not known or not allowed for this key',
  'context-window': 'The conversation is too long for the model',
  'request-too-large': 'The request is too large',
  'content-policy': 'Refused by the content policy',
  unsupported: 'A parameter or feature is not supported',
  'invalid-request': 'The request was refused as invalid',
  overloaded: 'The service is overloaded',
  server: 'The service failed',
  protocol: 'The answer is not one of this protocol',
  empty: 'The answer was empty',
  truncated: 'The answer was cut short',
  config: 'The address does not serve this protocol; check the uri',
  cancelled: 'Cancelled',
  deadline: 'Out of time',
};

function vendorWords(facts: ErrorFacts, error: VendorError, redact: (text: string) => string): string {
  const page = facts.html ? /<title[^>]*>([^<]*)<\/title>/i.exec(error.message)?.[1]?.trim() : undefined;
  const words = facts.html && error.message.trimStart().startsWith('<') ? [page ?? 'an HTML page'] : facts.texts;
  return redact(words.slice(0, 3).join(' | ').replaceAll(/\s+/g, ' ').trim());
}

/**
 * From a vendor's error answer to a typed error. Works for answers with an error status and for errors found inside a
 * 2xx alike; header names are lower case. Digits in free text never decide anything, because prompts are echoed there.
 */
export function classifyVendorError(
  error: VendorError,
  headers: Readonly<Record<string, string>>,
  options: ClassifyOptions,
): ErrorDetails {
  const facts = readFacts(error, headers);
  let verdict: Verdict = { kind: kindOfStatus(facts.status), rule: `status:${facts.status}` };
  for (const rule of RULES) {
    const found = rule(facts, options, error);
    if (found === undefined) continue;
    verdict = found;
    break;
  }
  const redact = options.redact ?? createTextRedactor([]);
  const said = vendorWords(facts, error, redact);
  const code = facts.code ?? error.code ?? error.type;
  const status = facts.status >= 300 ? `HTTP ${facts.status}` : 'inside its answer';
  const place = [status, code].filter((part) => part !== undefined).join(', ');
  const who = options.provider === undefined ? '' : `${options.provider}: `;
  const retryAfterMs = options.waitHint?.({
    status: facts.status,
    headers,
    body: error.body,
    message: facts.texts.join('\n'),
    wallMs: options.wallMs,
  });
  const bodyId = bodyRequestId(error.body);
  return {
    kind: verdict.kind,
    message: `${who}${WORDS[verdict.kind]} (${redact(place)})${said === '' ? '' : `: ${said}`}`,
    status: facts.status,
    rule: verdict.rule,
    ...(code === undefined ? {} : { code: redact(code) }),
    ...(said === '' ? {} : { vendorMessage: said }),
    ...defined('requestId', requestIdOf(headers) ?? bodyId),
    ...defined('retryAfterMs', retryAfterMs),
    ...defined('shouldRetry', shouldRetryOf(headers)),
    ...defined('parameter', verdict.parameter),
  };
}

function defined<Name extends keyof ErrorDetails>(
  name: Name,
  value: ErrorDetails[Name] | undefined,
): Partial<ErrorDetails> {
  return value === undefined ? {} : { [name]: value };
}

function bodyRequestId(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const id = (body as Record<string, unknown>)['request_id'];
  return typeof id === 'string' && id !== '' ? id.slice(0, 200) : undefined;
}
