import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { VendorError } from '../../wires/wire.ts';

/** What an error answer says, whatever shape it came in. */
export interface ErrorFacts {
  /** HTTP status, or the one an in-band error stands for. */
  readonly status: number;
  /** Codes and types in lower case, the most specific first. */
  readonly codes: readonly string[];
  /** The first code as the vendor wrote it. */
  readonly code?: string;
  /** The vendor's words, outermost first; empty for an empty body. */
  readonly texts: readonly string[];
  /** The texts as far as they are the vendor's own: long quotations and the tail are left out, since prompts are echoed. */
  readonly words: readonly string[];
  readonly param?: string;
  /** Names in a pydantic-style `loc` of a rejected field. */
  readonly rejectedFields: readonly string[];
  /** The answer was JSON. */
  readonly json: boolean;
  readonly html: boolean;
  readonly empty: boolean;
  /** Google quota ids and similar (`GenerateRequestsPerDayPerProjectPerModel-FreeTier`). */
  readonly quotaIds: readonly string[];
}

interface Found {
  codes: string[];
  texts: string[];
  rejectedFields: string[];
  quotaIds: string[];
  param?: string;
  status?: number;
}

const MAX_DEPTH = 4;
const EMPTY_TEXT = /^(?:http )?\d{3}(?: with an empty body| status code \(no body\))?\.?$/i;
/** JSON at the start of a message, or after an exception's name. Not just anywhere: prompts are echoed in messages. */
const NESTED_ANSWER = /^(?:\s*|[^{]{0,300}(?:Exception|Error)\b[^{]{0,40})\{/;
const HTML_TEXT = /^\s*<(?:!doctype|html|head|body|center|\?xml)|^HTML page\b|with an HTML page/i;

function addCode(found: Found, value: unknown): void {
  if (typeof value === 'number' && Number.isFinite(value)) {
    if (value >= 400 && value < 600 && found.status === undefined) found.status = value;
    found.codes.push(String(value));
  } else if (typeof value === 'string' && value !== '' && value.length <= 120) {
    if (/^[45]\d\d$/.test(value) && found.status === undefined) found.status = Number(value);
    found.codes.push(value);
  }
}

function addText(found: Found, value: unknown, depth: number): void {
  if (typeof value !== 'string' || value === '') return;
  const nested = depth < MAX_DEPTH ? NESTED_ANSWER.exec(value) : null;
  const inner = nested === null ? undefined : parseJson(value.slice(nested[0].length - 1));
  if (nested === null || inner === undefined) {
    found.texts.push(value);
    return;
  }
  // A proxy's own words stand before the answer it passes on; both say something.
  if (nested[0].length > 1) found.texts.push(nested[0].slice(0, -1).trim());
  visit(inner, found, depth + 1);
}

function parseJson(text: string): unknown {
  const end = Math.max(text.lastIndexOf('}'), text.lastIndexOf(']'));
  if (end < 0) return undefined;
  try {
    return JSON.parse(text.slice(0, end + 1)) as unknown;
  } catch {
    return undefined;
  }
}

/** Google's `details[]`: reasons, quota ids. */
function visitDetails(details: readonly unknown[], found: Found): void {
  for (const detail of details) {
    if (!isJsonObject(detail)) continue;
    addCode(found, detail['reason']);
    // `ErrorInfo` of older Google services names the limit here and sends no `QuotaFailure`.
    const metadata = detail['metadata'];
    if (isJsonObject(metadata) && typeof metadata['quota_limit'] === 'string')
      found.quotaIds.push(metadata['quota_limit']);
    const violations = detail['violations'];
    for (const violation of Array.isArray(violations) ? violations : []) {
      if (isJsonObject(violation) && typeof violation['quotaId'] === 'string')
        found.quotaIds.push(violation['quotaId']);
    }
  }
}

/** pydantic's `[{loc, msg, type}]`. */
function visitProblems(problems: readonly unknown[], found: Found, depth: number): void {
  for (const problem of problems) {
    if (!isJsonObject(problem)) {
      addText(found, problem, depth);
      continue;
    }
    const loc = problem['loc'];
    const message = problem['msg'] ?? problem['message'];
    const rejected =
      problem['type'] === 'extra_forbidden' ||
      /extra (?:inputs|fields) (?:are )?not permitted/i.test(typeof message === 'string' ? message : '');
    const last: unknown = Array.isArray(loc) ? loc.at(-1) : undefined;
    if (rejected && typeof last === 'string') found.rejectedFields.push(last);
    addCode(found, problem['code']);
    addCode(found, problem['type']);
    addText(found, message, depth);
  }
}

function visitMiniMax(answer: JsonObject, found: Found): void {
  const code = answer['status_code'];
  if (code === 0) return;
  // Their numbers are their own (1002, 2013), never an HTTP status.
  if (typeof code === 'number' || typeof code === 'string') found.codes.push(String(code));
  addText(found, answer['status_msg'], MAX_DEPTH);
}

function visit(value: unknown, found: Found, depth: number): void {
  if (depth > MAX_DEPTH) return;
  if (typeof value === 'string') return addText(found, value, depth);
  if (Array.isArray(value)) {
    for (const item of value) {
      if (isJsonObject(item) && item['loc'] === undefined && item['msg'] === undefined) visit(item, found, depth + 1);
      else visitProblems([item], found, depth);
    }
    return;
  }
  if (!isJsonObject(value)) return;
  const inner = value['error'];
  const details = value['details'];
  if (isJsonObject(details)) addCode(found, details['error_code']);
  if (isJsonObject(value['innererror'])) addCode(found, value['innererror']['code']);
  if (Array.isArray(details)) visitDetails(details, found);
  if (isJsonObject(inner) || Array.isArray(inner)) visit(inner, found, depth + 1);
  if (isJsonObject(value['base_resp'])) visitMiniMax(value['base_resp'], found);
  addCode(found, value['code']);
  if (typeof value['status'] === 'string') addCode(found, value['status']);
  addCode(found, value['__type']);
  if (value['type'] !== 'error') addCode(found, value['type']);
  if (typeof value['raw_status_code'] === 'number') found.status ??= value['raw_status_code'];
  if (typeof value['param'] === 'string' && value['param'] !== '') found.param ??= value['param'];
  for (const name of ['message', 'Message', 'msg'] as const) {
    if (isJsonObject(value[name]) || Array.isArray(value[name])) visit(value[name], found, depth + 1);
    else addText(found, value[name], depth);
  }
  if (typeof inner === 'string') addText(found, inner, depth);
  if (typeof value['detail'] === 'string') addText(found, value['detail'], depth);
  else if (value['detail'] !== undefined) visit(value['detail'], found, depth + 1);
  if (Array.isArray(value['errors'])) visitProblems(value['errors'], found, depth);
  const metadata = value['metadata'];
  if (isJsonObject(metadata) && metadata['raw'] !== undefined) visit(metadata['raw'], found, depth + 1);
}

const MAX_WORDS = 1000;

/** Quotations of three words and more; names and values stay. */
const QUOTATIONS = [
  /"(?:[^"\s]+\s+){3,}[^"]*"/g,
  /“[^”]*\s[^”]*\s[^”]*\s[^”]*”/g,
  /(?<!\w)'(?:[^'\s]+\s+){3,}[^']*'(?!\w)/g,
];

function ownWords(text: string): string {
  let words = text.slice(0, MAX_WORDS);
  for (const quotation of QUOTATIONS) words = words.replace(quotation, '""');
  return words;
}

const unique = (values: readonly string[]): string[] => [...new Set(values)];

export function readFacts(error: VendorError, headers: Readonly<Record<string, string>>): ErrorFacts {
  const found: Found = { codes: [], texts: [], rejectedFields: [], quotaIds: [] };
  // `ThrottlingException:http://internal.amazon.com/…`
  addCode(found, headers['x-amzn-errortype']?.split(':')[0]);
  visit(error.body, found, 0);
  addCode(found, error.code);
  addCode(found, error.type);
  const empty = error.body === undefined && EMPTY_TEXT.test(error.message.trim() || '200');
  const html = error.body === undefined && HTML_TEXT.test(error.message);
  if (!empty) addText(found, error.message, error.body === undefined ? 0 : MAX_DEPTH);
  const pseudo = error.status >= 200 && error.status < 300 ? (found.status ?? error.status) : error.status;
  return {
    // A decoder that knows no better says 500; a code inside the answer says more.
    status: pseudo === 500 && found.status !== undefined ? found.status : pseudo,
    codes: unique(found.codes.map((code) => code.toLowerCase())),
    code: found.codes[0],
    texts: unique(found.texts),
    words: unique(found.texts.map(ownWords)),
    param: found.param ?? error.param,
    rejectedFields: found.rejectedFields,
    json: error.body !== undefined,
    html,
    empty,
    quotaIds: found.quotaIds,
  };
}
