import { ERROR_NAMES, FAULTS, type Behaviour, type ErrorName } from './behaviour.ts';
import { usualStatus } from './errors.ts';

/** One stage of a short form: `sim-429-x2-then-cut-at20` has two. */
export interface Stage {
  readonly behaviour: Behaviour;
  /** Requests it lasts; default 1 when another stage follows, else for ever. */
  readonly times?: number;
  /** Milliseconds it lasts from its first request on. */
  readonly forMs?: number;
  /** Every key counts by itself. */
  readonly perKey?: boolean;
}

interface Word {
  readonly does: string;
  /** Unit of its number; absent: it takes none. */
  readonly unit?: string;
  /** Number used when none is written; absent: the number must be there. */
  readonly usual?: number;
  readonly apply: (behaviour: Behaviour, number: number) => Behaviour;
}

const hints = (behaviour: Behaviour, more: object): Behaviour => {
  const error =
    typeof behaviour.error === 'object'
      ? behaviour.error
      : typeof behaviour.error === 'string'
        ? { name: behaviour.error }
        : { status: behaviour.error ?? 429 };
  return { ...behaviour, error: { ...error, hints: { ...error.hints, ...more } } };
};
const set = (does: string, more: Behaviour): Word => ({ does, apply: (behaviour) => ({ ...behaviour, ...more }) });
const amount = (does: string, unit: string, field: keyof Behaviour, usual?: number): Word => ({
  does,
  unit,
  usual,
  apply: (behaviour, number) => ({ ...behaviour, [field]: number }),
});

const errorWord = (name: ErrorName): Word => ({
  does: `error ${usualStatus(name)} in the vendor's own words`,
  apply: (behaviour) => withName(behaviour, name),
});

const FAULT_MEANINGS: Readonly<Record<(typeof FAULTS)[number], string>> = {
  reset: 'RST before any response header',
  close: 'FIN before any response header',
  silent: 'accepts the request and never answers',
  'headers-silent': 'sends headers, then nothing',
  cut: 'ends the connection in the middle of the answer',
  stall: 'falls silent in the middle of the answer',
  'error-event': 'an error inside the 200 answer (at0: before any content)',
  'broken-event': 'an event that is no JSON, then the rest of the answer',
  'wrong-type': 'the right body under a wrong content type',
  'no-done': 'the terminal marker is missing',
  'no-finish': 'the finish reason is missing',
  empty: '200 with an empty body',
  'empty-answer': 'a well-formed answer without content',
  malformed: '200 with broken JSON',
  html: '200 with an HTML page',
};

/** Every word of the short form except statuses, `x`, `for`, `perkey` and `then`, which stand for themselves. */
export const WORDS: Readonly<Record<string, Word>> = {
  ok: set('a plain answer', {}),
  tool: set('calls the first tool', { toolCalls: 'auto' }),
  tools: set('calls every tool, two calls at least', { toolCalls: 'parallel' }),
  think: set('reasoning before the text', { reasoning: true }),
  refusal: set('a refusal', { refusal: 'I cannot help with that.' }),
  length: set('finish reason: output limit', { finish: 'length' }),
  filtered: set('finish reason: content filter', { finish: 'content-filter' }),
  'no-usage': set('no token counts', { usage: false }),
  'no-prefill': set('400 when the last message is from the assistant', { prefill: 'refuse' }),
  'ignore-prefill': set('answers anew when the last message is from the assistant', { prefill: 'ignore' }),
  ...Object.fromEntries(FAULTS.map((fault) => [fault, set(FAULT_MEANINGS[fault], { fault })])),
  ...Object.fromEntries(ERROR_NAMES.map((name) => [name, errorWord(name)])),
  fin: set('a cut ends with FIN (usual)', { how: 'fin' }),
  rst: set('a cut ends with RST', { how: 'rst' }),
  clean: set('a cut ends the HTTP body well', { how: 'clean' }),
  at: amount('where the fault strikes: characters of text before it', 'characters', 'atChars'),
  atthink: amount('… characters of reasoning', 'characters', 'atReasoningChars'),
  attool: amount('… characters of tool arguments', 'characters', 'atToolChars'),
  atevent: amount('… events', 'events', 'atEvents'),
  atbyte: amount('… bytes of the body', 'bytes', 'atBytes'),
  lasts: amount('a stall ends after', 'ms', 'stallMs'),
  after: {
    does: 'retry-after header',
    unit: 's',
    apply: (behaviour, number) => hints(behaviour, { retryAfter: number }),
  },
  afterms: {
    does: 'retry-after-ms header',
    unit: 'ms',
    apply: (behaviour, number) => hints(behaviour, { retryAfterMs: number }),
  },
  afterdate: {
    does: 'retry-after as a date, so far from now',
    unit: 's',
    apply: (behaviour, number) => hints(behaviour, { retryAfterDate: number }),
  },
  aftertext: {
    does: '"Please try again in" in the message',
    unit: 's',
    apply: (behaviour, number) => hints(behaviour, { text: `${number}s` }),
  },
  resets: {
    does: 'x-ratelimit-reset-* headers',
    unit: 's',
    apply: (behaviour, number) => hints(behaviour, { rateLimitReset: `${number}s` }),
  },
  retryinfo: {
    does: 'Google RetryInfo in the body',
    unit: 's',
    apply: (behaviour, number) => hints(behaviour, { retryInfo: `${number}s` }),
  },
  slow: amount('wait before the headers', 'ms', 'headersMs', 1000),
  first: amount('wait between headers and first event', 'ms', 'firstEventMs', 1000),
  drip: amount('wait between events', 'ms', 'eventMs', 50),
  ping: amount('keep-alives while waiting', 'ms', 'pingMs', 1000),
  words: amount('length of the text', 'words', 'words'),
  seed: amount('another text', '', 'seed'),
  chars: amount('characters per delta', 'characters', 'deltaChars'),
  events: amount('events per write', 'events', 'eventsPerWrite'),
  bytes: amount('bytes per write', 'bytes', 'bytesPerWrite'),
  cuts: amount('seed of random write sizes', '', 'randomCuts'),
  diverge: {
    does: 'another text than other models give',
    unit: '',
    usual: 1,
    apply: (behaviour, number) => ({ ...behaviour, diverge: `other-${number}` }),
  },
  divergeat: amount('… the same up to', 'characters', 'divergeAtChars'),
};

const NUMBER = /^\d+(\.\d+)?$/;
const LONGEST_NAME = 3;

/** The behaviour coded in a model name, `vendor/sim-503-x2`; `undefined` when the name codes none. Throws `Error` naming an unknown word. */
export function stagesOfModel(model: string): readonly Stage[] | undefined {
  const name = model.slice(model.lastIndexOf('/') + 1);
  return /^sim-/i.test(name) ? parseShortForm(name.slice('sim-'.length)) : undefined;
}

/** Parses `429-after2-x3-then-ok`. Throws `Error` naming an unknown word and what is known. */
export function parseShortForm(text: string): readonly Stage[] {
  const parts = text.toLowerCase().split('-then-');
  return parts.map((part, position) => {
    const stage = parseStage(part, text);
    const last = position === parts.length - 1;
    return last || stage.times !== undefined || stage.forMs !== undefined ? stage : { ...stage, times: 1 };
  });
}

function parseStage(part: string, whole: string): Stage {
  const tokens = part.split('-');
  let behaviour: Behaviour = {};
  const limits: { times?: number; forMs?: number; perKey?: boolean } = {};
  for (let at = 0; at < tokens.length;) {
    const found = nextWord(tokens, at);
    if (found === undefined) throw new Error(unknownWord(tokens[at] ?? '', whole));
    at = found.next;
    const { name, number } = found;
    if (name === 'status') behaviour = { ...behaviour, error: withStatus(behaviour.error, number) };
    else if (name === 'x') limits.times = number;
    else if (name === 'for') limits.forMs = number;
    else if (name === 'perkey') limits.perKey = true;
    else behaviour = WORDS[name]?.apply(behaviour, number) ?? behaviour;
  }
  return { behaviour, ...limits };
}

/** Hints that were named before the error stay with it. */
function withName(behaviour: Behaviour, name: ErrorName): Behaviour {
  const { error } = behaviour;
  return { ...behaviour, error: typeof error === 'object' ? { ...error, name, status: undefined } : name };
}

function withStatus(error: Behaviour['error'], status: number): Behaviour['error'] {
  return typeof error === 'object' ? { ...error, status } : status;
}

interface Found {
  readonly name: string;
  readonly number: number;
  readonly next: number;
}

/** Names may hold hyphens, numbers may stand apart: the longest name wins. */
function nextWord(tokens: readonly string[], at: number): Found | undefined {
  const token = tokens[at] ?? '';
  if (/^[1-5]\d\d$/.test(token)) return { name: 'status', number: Number(token), next: at + 1 };
  if (token === 'perkey') return { name: 'perkey', number: 0, next: at + 1 };
  for (let length = Math.min(LONGEST_NAME, tokens.length - at); length > 0; length--) {
    const joined = tokens.slice(at, at + length).join('-');
    const [, name = '', digits = ''] = /^(.*?[a-z])(\d+(?:\.\d+)?)?$/.exec(joined) ?? [];
    const word = WORDS[name];
    const counted = name === 'x' || name === 'for';
    if (!counted && word === undefined) continue;
    const takesNumber = counted || word?.unit !== undefined;
    if (digits !== '') return takesNumber ? { name, number: Number(digits), next: at + length } : undefined;
    const following = tokens[at + length] ?? '';
    if (takesNumber && NUMBER.test(following)) return { name, number: Number(following), next: at + length + 1 };
    if (!takesNumber) return { name, number: 0, next: at + length };
    return word?.usual === undefined ? undefined : { name, number: word.usual, next: at + length };
  }
  return undefined;
}

function unknownWord(token: string, whole: string): string {
  const names = Object.keys(WORDS).join(', ');
  return `The simulator does not know "${token}" in "${whole}". Words: a status (429), ${names}; x<N>, for<ms>, perkey, then.`;
}

/** The short form in words, for help texts. */
export function describeBehaviours(): string {
  const lines = Object.entries(WORDS).map(([name, word]) => {
    const number = word.unit === undefined ? '' : `<${word.unit || 'N'}>`;
    return `  ${(name + number).padEnd(22)} ${word.does}${word.usual === undefined ? '' : ` (${word.usual} when no number is given)`}`;
  });
  return [
    'A model named sim-<word>-<word>… is treated as its words say; anything else gets a plain answer.',
    '  sim-429-after2-x2      429 with Retry-After: 2 for two requests, then answers',
    '  sim-cut-at20-rst       RST after exactly 20 characters of text',
    '  sim-503-then-think     503 once, then answers with reasoning',
    'Words:',
    '  <status>               the usual error of an HTTP status: 400 401 402 403 404 408 409 413 425 429 500 502 503 504 529',
    '  x<N>                   for so many requests (then a plain answer, or what follows `then`)',
    '  for<ms>                for so long from the first request on',
    '  perkey                 every key counts by itself',
    '  then                   what follows comes afterwards',
    ...lines,
  ].join('\n');
}
