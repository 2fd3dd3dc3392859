import { FINISH_REASONS, isJsonObject, WIRE_IDS } from '@standin/core/spec/index';
import { ERROR_NAMES, FAULTS, type Script } from './behaviour.ts';
import { parseShortForm } from './short-form.ts';

/** A script that cannot be used. The message names the file, the place in the script, and what is allowed there. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
  /** `rules[1].behaviour.atChars` */
  readonly path: string;
  readonly file?: string;

  constructor(path: string, problem: string, file?: string) {
    super(`${file === undefined ? 'Simulator script' : file}${path === '' ? '' : `: ${path}`}: ${problem}`);
    this.path = path;
    this.file = file;
  }
}

/** Checks a value and gives it back, field names put into camelCase. Throws a `ScriptError`. */
type Check = (value: unknown, at: Place) => unknown;
interface Place {
  readonly path: string;
  readonly file?: string;
}

const fail = (at: Place, problem: string): never => {
  throw new ScriptError(at.path, problem, at.file);
};
const show = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};
const down = (at: Place, step: number | string): Place => ({
  ...at,
  path: typeof step === 'number' ? `${at.path}[${step}]` : at.path === '' ? step : `${at.path}.${step}`,
});

const test =
  (allowed: string, holds: (value: unknown) => boolean): Check =>
  (value, at) =>
    holds(value) ? value : fail(at, `must be ${allowed}, not ${show(value)}.`);
const text = test('text', (value) => typeof value === 'string');
const flag = test('true or false', (value) => typeof value === 'boolean');
const amount = test('a number, 0 or more', (value) => typeof value === 'number' && value >= 0);
const integer = test('a whole number, 0 or more', (value) => Number.isSafeInteger(value) && Number(value) >= 0);
const positive = test('a whole number, 1 or more', (value) => Number.isSafeInteger(value) && Number(value) > 0);
const whole = test('a whole number', (value) => Number.isSafeInteger(value));
const anything: Check = (value) => value;
const oneOf = (names: readonly string[]): Check =>
  test(`one of ${names.join(', ')}`, (value) => names.includes(String(value)));
const status = test('an HTTP status from 200 to 599', (value) =>
  Number.isInteger(value) && Number(value) >= 200 && Number(value) < 600);
const literal = (wanted: unknown): Check => test(show(wanted), (value) => value === wanted);

const list =
  (item: Check): Check =>
  (value, at) =>
    Array.isArray(value)
      ? value.map((entry, i) => item(entry, down(at, i)))
      : fail(at, `must be a list, not ${show(value)}.`);
const texts: Check = (value, at) => {
  if (!isJsonObject(value)) return fail(at, `must be a table of texts, not ${show(value)}.`);
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [name.toLowerCase(), text(entry, down(at, name))]),
  );
};
/** The first that takes it; the last one's complaint when it is a table or list, else all that is allowed. */
const either =
  (allowed: string, ...checks: readonly Check[]): Check =>
  (value, at) => {
    for (const [i, check] of checks.entries()) {
      try {
        return check(value, at);
      } catch (error) {
        const deeper = error instanceof ScriptError && error.path !== at.path;
        if (deeper || (i === checks.length - 1 && isJsonObject(value))) throw error;
      }
    }
    return fail(at, `must be ${allowed}, not ${show(value)}.`);
  };

const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

const table =
  (fields: Readonly<Record<string, Check>>, required: readonly string[] = []): Check =>
  (value, at) => {
    if (!isJsonObject(value)) return fail(at, `must be a table, not ${show(value)}.`);
    const result: Record<string, unknown> = {};
    for (const [written, entry] of Object.entries(value)) {
      if (entry === undefined) continue;
      const check = fields[camel(written)];
      if (check === undefined)
        return fail(down(at, written), `is not known. Allowed: ${Object.keys(fields).join(', ')}.`);
      result[camel(written)] = check(entry, down(at, written));
    }
    for (const name of required) if (!(name in result)) return fail(down(at, name), 'is missing.');
    return result;
  };

const hints = table({
  retryAfter: either('a number of seconds or a text', amount, text),
  retryAfterDate: test('a number of seconds', (value) => typeof value === 'number'),
  retryAfterMs: amount,
  rateLimitReset: text,
  anthropicReset: amount,
  retryInfo: text,
  text,
});
const errorTable = table({
  name: oneOf(ERROR_NAMES),
  status,
  message: text,
  code: text,
  type: text,
  param: text,
  hints,
  shouldRetry: flag,
  headers: texts,
  body: anything,
  contentType: text,
});
const toolCall = table({ name: text, arguments: anything, id: text }, ['name']);
const usage = table({
  inputTokens: integer,
  cacheReadTokens: integer,
  cacheWriteTokens: integer,
  outputTokens: integer,
  reasoningTokens: integer,
});

const behaviour = table({
  text,
  words: positive,
  seed: whole,
  diverge: text,
  divergeAtChars: integer,
  reasoning: either('true, false or a text', flag, text),
  signature: text,
  refusal: text,
  toolCalls: either('"auto", "parallel" or a list of calls', oneOf(['auto', 'parallel']), list(toolCall)),
  finish: oneOf(FINISH_REASONS),
  stopSequence: text,
  usage: either('false or a table of counts', literal(false), usage),
  model: text,
  prefill: oneOf(['continue', 'ignore', 'refuse']),
  honourMaxTokens: flag,
  callAgain: flag,
  headers: texts,
  headersMs: amount,
  firstEventMs: amount,
  eventMs: amount,
  pingMs: positive,
  deltaChars: positive,
  eventsPerWrite: positive,
  bytesPerWrite: positive,
  randomCuts: whole,
  error: either(`a status, a table, or one of ${ERROR_NAMES.join(', ')}`, oneOf(ERROR_NAMES), status, errorTable),
  fault: oneOf(FAULTS),
  atChars: integer,
  atReasoningChars: integer,
  atToolChars: integer,
  atEvents: integer,
  atBytes: integer,
  how: oneOf(['fin', 'rst', 'clean']),
  stallMs: amount,
  contentType: text,
});

const shortForm: Check = (value, at) => {
  if (typeof value !== 'string') return fail(at, `must be text, not ${show(value)}.`);
  try {
    parseShortForm(value);
    return value;
  } catch (error) {
    return fail(at, error instanceof Error ? error.message : String(error));
  }
};
const ruleBehaviour: Check = (value, at) => (typeof value === 'string' ? shortForm(value, at) : behaviour(value, at));

const match = table({
  key: text,
  model: text,
  path: text,
  wire: oneOf(WIRE_IDS),
  stream: flag,
  headers: texts,
  nth: either('a whole number, 1 or more, or a list of such', positive, list(positive)),
  fromMs: amount,
  untilMs: amount,
});
const rule = table({ match, times: integer, per: oneOf(['key', 'model']), behaviour: ruleBehaviour }, ['behaviour']);
const script = table({
  seed: whole,
  keys: list(text),
  models: list(text),
  onlyListedModels: flag,
  defaults: behaviour,
  rules: list(rule),
});

/** Checks a script of any origin; field names may be in camelCase or snake_case. Throws `ScriptError`. */
export function checkScript(value: unknown, file?: string): Script {
  return script(value, { path: '', file }) as Script;
}
