import { ADMIN_ENDPOINTS } from '../../src/admin/endpoints.ts';
import { ENDPOINTS } from '../../src/endpoints.ts';

type Random = () => number;

export interface RawRequest {
  readonly bytes: Buffer;
  /** Sizes of the first writes; the rest goes in one. */
  readonly writes: readonly number[];
  readonly method: string;
  /** Without query; absent: nobody could tell. */
  readonly path: string | undefined;
  /** It is valid HTTP and all there: an answer must come. */
  readonly isWhole: boolean;
}

const below = (random: Random, limit: number): number => Math.floor(random() * limit);
const pick = <T>(random: Random, list: readonly T[]): T => {
  const found = list[below(random, list.length)];
  if (found === undefined) throw new Error('nothing to pick from');
  return found;
};

const ROUTES = [...ENDPOINTS, ...ADMIN_ENDPOINTS]
  // A rehearsal takes seconds of work for each.
  .filter(({ pattern }) => !pattern.startsWith('/api/rehearsal'));
const METHODS = ['GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'HEAD', 'OPTIONS', 'PROPFIND', 'TRACE'];
const NAMES = [
  'm',
  'openai.n1',
  'm:generateContent',
  'a%2Fb',
  '..%2f..',
  '%00',
  '%',
  'é',
  '"><script>',
  'x'.repeat(3_000),
  '*',
  '{id}',
  '%E0%A4%A',
];

const HEADERS: readonly string[] = [
  'authorization: Bearer sk-x', 'authorization: ', 'authorization: AWS4-HMAC-SHA256 x', 'x-api-key: a', 'x-goog-api-key: b',
  'anthropic-version: 2023-06-01', 'anthropic-beta: \xff\xfe', 'content-type: text/plain', 'content-type: multipart/form-data',
  'content-type: multipart/form-data; boundary=x', 'accept: text/event-stream', 'origin: https://evil.example', 'origin: null',
  'cookie: standin_session=x; a=b', 'x-request-id: \u00e9 \u00fc', `x-request-id: ${'r'.repeat(5_000)}`, 'x-stainless-timeout: -1',
  'x-stainless-timeout: 1e999', 'x-standin-attempts-left: 99999999999999999999', 'x-standin-strict: true', 'traceparent: 00-zz-zz-01',
  'connection: keep-alive, upgrade', 'upgrade: websocket', 'upgrade: h2c', 'expect: 100-continue', 'expect: miracles',
  'content-encoding: gzip', 'content-encoding: br', 'content-encoding: nonsense', 'cache-control: no-store', 'range: bytes=0-',
  'x-forwarded-for: 1.2.3.4', 'te: trailers', 'x-http-method-override: DELETE', '__proto__: x', 'constructor: y',
  'access-control-request-method: POST', 'if-none-match: *', 'x-standin-csrf: z', 'last-event-id: 9',
]; // prettier-ignore

const MESSAGES = [{ role: 'user', content: 'hi' }];
const BODIES: readonly object[] = [
  { model: 'm', messages: MESSAGES },
  { model: 'm', messages: MESSAGES, stream: true, stream_options: { include_usage: true } },
  { model: 'm', max_tokens: 5, messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }], stream: true },
  { model: 'm', input: 'hi', stream: true },
  {
    model: 'm',
    input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'x' }] }],
    previous_response_id: 'resp_1',
  },
  { contents: [{ role: 'user', parts: [{ text: 'hi' }] }], generationConfig: { temperature: 1 } },
  { messages: [{ role: 'user', content: [{ text: 'x' }] }], inferenceConfig: { maxTokens: 3 } },
  { model: 'm', prompt: 'x', stream: false },
  { model: 'm', input: ['a', 'b'] },
  {
    model: 'm',
    messages: [
      { role: 'assistant', tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'c', content: 'r' },
    ],
    tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
    response_format: { type: 'json_schema', json_schema: { name: 'n', schema: {} } },
  },
  { code: '123456' },
  { changes: [{ path: 'gateway.port', value: 1 }] },
];
const ODD: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  0.1,
  '',
  'x',
  '\u0000',
  '\ud800',
  [],
  {},
  [[]],
  [null],
  { a: null },
  'y'.repeat(9_000),
  { __proto__: 1 },
];

/** A value of the same shape with something in it changed. */
function changed(value: unknown, random: Random): unknown {
  if (random() < 0.15) return pick(random, ODD);
  if (Array.isArray(value)) {
    const list = value.map((one) => (random() < 0.5 ? changed(one, random) : one));
    return random() < 0.1 ? [...list, ...list] : list;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).flatMap(([key, child]): [string, unknown][] => {
    const luck = random();
    if (luck < 0.08) return [];
    if (luck < 0.14) return [[`${key}_`, child]];
    return [[key, luck < 0.6 ? changed(child, random) : child]];
  });
  return Object.fromEntries(entries);
}

function bodyOf(random: Random): Buffer {
  const luck = random();
  const base = pick(random, BODIES);
  if (luck < 0.3) return Buffer.from(JSON.stringify(base));
  if (luck < 0.75) return Buffer.from(JSON.stringify(changed(base, random)) ?? 'null');
  if (luck < 0.8) return Buffer.from(JSON.stringify(base).slice(0, below(random, 60)));
  if (luck < 0.85) return Buffer.from('['.repeat(below(random, 3_000)) + ']'.repeat(below(random, 3_000)));
  if (luck < 0.9) return Buffer.alloc(below(random, 500), below(random, 256));
  if (luck < 0.95) return Buffer.from(`{"model":"m","messages":${'{"a":'.repeat(below(random, 900))}`);
  return Buffer.alloc(0);
}

function pathOf(random: Random, route: string): string {
  const luck = random();
  const pattern = route.replace(/\{\w+\}/, () => pick(random, NAMES));
  if (luck < 0.8) return pattern;
  if (luck < 0.85) return `${pattern}/`;
  if (luck < 0.9) return `/${pick(random, NAMES)}${pattern}`;
  if (luck < 0.95) return `${pattern}${pick(random, NAMES)}`;
  return pick(random, [
    '/',
    '//',
    '/../../etc/passwd',
    '/./v1/models',
    '/%2e%2e/',
    '*',
    '/v1//messages',
    '/config/providers.models',
    '/?',
  ]);
}

/** One request by the seed: mostly whole ones with odd content, else such as are no HTTP. */
export function makeRequest(random: Random): RawRequest {
  const route = pick(random, ROUTES);
  const method = random() < 0.85 && route.method !== 'ANY' ? route.method : pick(random, METHODS);
  const path = encodeURI(pathOf(random, route.pattern)).replaceAll('%25', '%');
  const query =
    random() < 0.2
      ? `?${pick(random, ['alt=sse', 'key=%', 'limit=-1', 'limit=1e9&before=x', 'since=never', '=&=&a', 'a=b'.repeat(400)])}`
      : '';
  const target = random() < 0.05 ? `http://127.0.0.1${path}${query}` : `${path}${query}`;
  const lines = [`${method} ${target} HTTP/1.1`];
  if (random() > 0.03) lines.push(random() < 0.05 ? 'host: evil.example' : 'host: 127.0.0.1');
  for (let left = below(random, 4); left > 0; left -= 1) lines.push(pick(random, HEADERS));
  const body = method === 'GET' || method === 'HEAD' ? Buffer.alloc(0) : bodyOf(random);
  const framed = frame(body, random);
  const whole = Buffer.concat([
    Buffer.from(`${[...lines, ...framed.lines].join('\r\n')}\r\n\r\n`, 'latin1'),
    framed.body,
  ]);
  const writes = Array.from({ length: below(random, 5) }, () => 1 + below(random, 80));
  const known = path.startsWith('/') && target === `${path}${query}` ? path : undefined;
  const request: RawRequest = { bytes: whole, writes, method, path: known, isWhole: framed.isWhole };
  return random() < 0.75 ? request : { ...request, ...damaged(whole, random), isWhole: false };
}

function frame(body: Buffer, random: Random): { lines: string[]; body: Buffer; isWhole: boolean } {
  if (body.length === 0 && random() < 0.5) return { lines: [], body, isWhole: true };
  if (random() < 0.7) return { lines: [`content-length: ${body.length}`], body, isWhole: true };
  const size = 1 + below(random, 200);
  const chunks: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size);
    chunks.push(
      Buffer.from(`${piece.length.toString(16)}${random() < 0.1 ? ';ext=1' : ''}\r\n`),
      piece,
      Buffer.from('\r\n'),
    );
  }
  chunks.push(Buffer.from('0\r\n\r\n'));
  return { lines: ['transfer-encoding: chunked'], body: Buffer.concat(chunks), isWhole: true };
}

/** Bytes that are no request, or not all of one. What its path is cannot be told any more. */
function damaged(whole: Buffer, random: Random): { bytes: Buffer; path: undefined } {
  const text = whole.toString('latin1');
  const insert = (line: string): Buffer => Buffer.from(text.replace('\r\n', `\r\n${line}\r\n`), 'latin1');
  const make: readonly (() => Buffer)[] = [
    () => whole.subarray(0, below(random, whole.length)),
    () => insert('content-length: 5'),
    () => insert('content-length: -1'),
    () => insert('content-length: 99999999999999999999'),
    () => insert('transfer-encoding: chunked\r\ncontent-length: 3'),
    () => insert('transfer-encoding: xchunked'),
    () => insert('no colon here'),
    () => insert(' folded: line'),
    () => insert('bad\x00name: v'),
    () => insert(`big: ${'b'.repeat(70_000)}`),
    () => Buffer.from(text.replaceAll('\r\n', '\n'), 'latin1'),
    () =>
      Buffer.from(text.replace('HTTP/1.1', pick(random, ['HTTP/9.9', 'HTTP/1.0', 'HTTP/0.9', 'HTTP', ''])), 'latin1'),
    () => Buffer.from(text.replace(/^\w+/, pick(random, ['CONNECT', 'P\x01ST', '', 'GET GET', 'M-SEARCH'])), 'latin1'),
    () => Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + text, 'latin1'),
    () => Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
    () => Buffer.from(Array.from({ length: below(random, 300) }, () => below(random, 256))),
    () => Buffer.concat([whole, whole.subarray(0, below(random, whole.length))]),
    () => {
      const bytes = Buffer.from(whole);
      for (let left = 1 + below(random, 6); left > 0; left -= 1)
        bytes[below(random, bytes.length)] = below(random, 256);
      return bytes;
    },
  ];
  return { bytes: pick(random, make)(), path: undefined };
}
