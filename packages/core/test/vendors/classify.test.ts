import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_KINDS, ProviderError, type ErrorDetails } from '../../src/spec/errors.ts';
import { WIRE_CLIENTS } from '../../src/library/wires.ts';
import { Secret } from '../../src/spec/secret.ts';
import { createRedactor } from '../../src/transport/redact.ts';
import { parseWaitHintMs } from '../../src/transport/retry-after.ts';
import { classifyVendorError } from '../../src/vendors/classify/classify.ts';
import { PARAMETER_RULES, rejectedParameter } from '../../src/vendors/classify/parameters.ts';
import * as limits from '../../src/vendors/classify/limit-patterns.ts';
import * as patterns from '../../src/vendors/classify/patterns.ts';
import { classifyTransportError } from '../../src/vendors/classify/transport.ts';
import { createEndpoint } from '../../src/vendors/endpoint.ts';
import type { Endpoint } from '../../src/vendors/endpoint-types.ts';
import { allVendors, vendorById } from '../../src/vendors/lookup.ts';
import type { ErrorPattern } from '../../src/vendors/row.ts';
import { anthropicMessagesClient } from '../../src/wires/anthropic-messages/index.ts';
import { openaiChatClient } from '../../src/wires/openai-chat/index.ts';

const WALL_MS = Date.UTC(2026, 10, 20, 12, 0, 0);
const FIELDS = { resource: 'r', deployment: 'd', region: 'us-east-1', project: 'p', location: 'l', account_id: 'a' };

interface Labelled {
  readonly slot: string;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  readonly kind: string;
  readonly retryAfterMs?: number;
  readonly parameter?: string;
  readonly note?: string;
}

const CORPUS = readFileSync(new URL('error-corpus.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Labelled);

function endpointOf(slot: string): Endpoint {
  const row = vendorById(slot) ?? expect.fail(`no row ${slot}`);
  const own = row.wires[0] === undefined ? undefined : WIRE_CLIENTS[row.wires[0]];
  const wire = row.wires.includes('openai-chat') ? openaiChatClient : (own ?? anthropicMessagesClient);
  return createEndpoint({
    entry: `${slot}.test`,
    row,
    wire,
    uri: row.id === 'custom' ? 'http://h:1' : undefined,
    fields: FIELDS,
    clock: { wallMs: () => WALL_MS },
    waitHint: parseWaitHintMs,
    createRedactor,
  });
}

function target(endpoint: Endpoint) {
  return { model: 'm', quirks: endpoint.quirksFor('m'), issuer: 'x:m', defaults: {} };
}

/** As the executor does: an error status is read by the wire, an error inside a 200 comes out of its decoder. */
function classified(item: Labelled): ErrorDetails {
  const endpoint = endpointOf(item.slot);
  const headers = item.headers ?? {};
  if (item.status !== 200) return endpoint.classify(endpoint.wire.readError(item.status, item.body), headers);
  try {
    endpoint.wire.decodeWhole(item.body, target(endpoint));
  } catch (error) {
    if (!ProviderError.is(error)) throw error;
    const { status = 500, code, vendorMessage, message, kind } = error;
    return endpoint.classify({ status, code, message: vendorMessage ?? message, kind }, headers);
  }
  throw new Error(`the wire did not see the error in ${item.body}`);
}

describe('the labelled corpus', () => {
  it('is wide enough to mean something', () => {
    expect(CORPUS.length).toBeGreaterThanOrEqual(300);
    expect(new Set(CORPUS.map((item) => item.slot)).size).toBeGreaterThanOrEqual(25);
    for (const item of CORPUS) expect(ERROR_KINDS).toContain(item.kind);
  });

  it.each(CORPUS.map((item) => [`${item.slot} ${item.status} ${item.body.slice(0, 110)}`, item] as const))(
    '%s',
    (_name, item) => {
      const got = classified(item);
      expect({ kind: got.kind, retryAfterMs: got.retryAfterMs, parameter: got.parameter }, got.rule).toEqual({
        kind: item.kind,
        retryAfterMs: item.retryAfterMs,
        parameter: item.parameter,
      });
      expect(got.provider).toBe(`${item.slot}.test`);
      expect(got.rule).not.toBe('');
      expect(got.message.length).toBeLessThan(2300);
    },
  );

  it('does not depend on the slot being known, where the general rules suffice', () => {
    const general = new Set(['openai', 'anthropic', 'gemini', 'vllm', 'llamacpp']);
    const skipped =
      /exceeded your current quota.*"code": null|ip not allowed|slow_down|string too long|Loading model|INVALID/i;
    for (const item of CORPUS.filter((one) => general.has(one.slot) && one.status !== 200 && !skipped.test(one.body))) {
      const wire = item.slot === 'anthropic' ? anthropicMessagesClient : openaiChatClient;
      const got = classifyVendorError(wire.readError(item.status, item.body), item.headers ?? {}, { wallMs: WALL_MS });
      expect(got.kind, `${item.slot} ${item.status} ${item.body}`).toBe(item.kind);
    }
  });
});

describe('patterns', () => {
  const general: readonly (readonly [string, readonly ErrorPattern[]])[] = [
    ['quota', limits.QUOTA_PATTERNS],
    ['crowded', limits.CROWDED_PATTERNS],
    ['throttle', limits.THROTTLE_PATTERNS],
    ['context', patterns.CONTEXT_PATTERNS],
    ['content', patterns.CONTENT_PATTERNS],
    ['auth', patterns.AUTH_PATTERNS],
    ['region', patterns.REGION_PATTERNS],
    ['model', patterns.MODEL_PATTERNS],
    ['wrong url', patterns.WRONG_URL_PATTERNS],
    ['size', patterns.SIZE_PATTERNS],
    ['overloaded', limits.OVERLOADED_PATTERNS],
  ];
  it.each(general)('%s wordings match their own examples', (_name, list) => {
    for (const pattern of list) expect(pattern.message?.test(pattern.example), pattern.example).toBe(true);
  });

  it('rows classify their own examples as they say', () => {
    for (const row of allVendors()) {
      for (const pattern of row.errors ?? []) {
        const status = pattern.status?.[0] ?? 400;
        const error = { status, message: pattern.example || `HTTP ${status}`, code: pattern.code };
        const got = classifyVendorError(error, {}, { wallMs: WALL_MS, patterns: row.errors });
        expect(got.kind, `${row.id}: ${pattern.code ?? ''} ${pattern.example}`).toBe(pattern.kind);
      }
    }
  });

  it('parameter wordings name a parameter of their example', () => {
    for (const rule of PARAMETER_RULES) {
      expect(rule.pattern.test(rule.example), rule.example).toBe(true);
      expect(rejectedParameter([rule.example]), rule.example).toMatch(/^[a-z_]+$/);
    }
    expect(rejectedParameter(['the weather is not supported', 'your temperature reading was nice'])).toBeUndefined();
  });

  it('stay fast on long texts', () => {
    const long = 'model invalid parameter " is not '.repeat(6000);
    const begun = performance.now();
    classifyVendorError({ status: 400, message: long, body: { error: { message: long } } }, {}, { wallMs: 0 });
    expect(performance.now() - begun).toBeLessThan(500);
  });
});

describe('what goes into the error', () => {
  const secret = new Secret('plain-looking-credential');
  const key = { fingerprint: secret.fingerprint, secret };

  it('never repeats the key, even when the vendor does', () => {
    const endpoint = endpointOf('custom');
    endpoint.headersFor(key);
    const got = endpoint.classify(
      { status: 401, message: `bad key ${secret.reveal()}, also sk-live0123456789abcdef` },
      {},
    );
    expect(JSON.stringify(got)).not.toContain(secret.reveal());
    expect(JSON.stringify(got)).not.toContain('0123456789abcdef');
    expect(got.kind).toBe('auth');
  });

  it('has the vendor request id, its own word on retrying, code, and status', () => {
    const got = endpointOf('openai').classify(
      {
        status: 500,
        code: 'server_error',
        message: 'oops',
        body: { error: { message: 'oops', code: 'server_error' } },
      },
      { 'x-request-id': 'req_9', 'x-should-retry': 'false' },
    );
    expect(got).toMatchObject({
      requestId: 'req_9',
      shouldRetry: false,
      code: 'server_error',
      status: 500,
      vendorMessage: 'oops',
    });
    expect(got.message).toBe('openai.test: The service failed (HTTP 500, server_error): oops');
  });

  it.each([
    ['request-id', 'a'],
    ['x-amzn-requestid', 'b'],
    ['x-ms-request-id', 'c'],
    ['x-generation-id', 'd'],
    ['cf-ray', 'e'],
  ])('reads %s', (name, value) => {
    expect(endpointOf('custom').classify({ status: 500, message: 'x' }, { [name]: value }).requestId).toBe(value);
  });

  it('reads Bedrock exceptions from the header', () => {
    const got = classifyVendorError(
      { status: 400, message: 'Too many requests, please wait before trying again.', body: { message: 'x' } },
      { 'x-amzn-errortype': 'ThrottlingException:http://internal.amazon.com/' },
      { wallMs: 0 },
    );
    expect(got.kind).toBe('rate-limit');
  });

  it('survives bodies of any shape', () => {
    const shapes: unknown[] = [
      null,
      0,
      '',
      [],
      [[]],
      { error: null },
      { error: [] },
      { errors: [null] },
      { detail: { a: { b: {} } } },
      { error: { details: 7, metadata: { raw: 3 } } },
    ];
    for (const body of shapes) {
      for (const status of [200, 400, 404, 500]) {
        const got = classifyVendorError({ status, message: 'x', body }, {}, { wallMs: 0 });
        expect(ERROR_KINDS).toContain(got.kind);
      }
    }
  });
});

describe('failures below HTTP', () => {
  it.each([
    ['ECONNREFUSED', 'connect', 'network', 'refused'],
    ['ECONNRESET', 'headers', 'network', 'reset'],
    ['ENOTFOUND', 'connect', 'network', 'dns'],
    ['EAI_AGAIN', 'connect', 'network', 'dns'],
    ['CERT_HAS_EXPIRED', 'connect', 'tls', 'tls'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'connect', 'tls', 'tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'connect', 'tls', 'tls'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'connect', 'tls', 'tls'],
    ['EPROTO', 'connect', 'tls', 'tls'],
    ['HPE_INVALID_CHUNK_SIZE', 'content', 'protocol', 'broken-http'],
    ['HTTP_PROTOCOL', 'headers', 'protocol', 'broken-http'],
    ['Z_DATA_ERROR', 'content', 'protocol', 'broken-http'],
    ['BAD_HEADER', 'connect', 'config', 'bad-header'],
    ['BAD_URL', 'connect', 'config', 'bad-url'],
    ['TLS_CA_FILE', 'connect', 'config', 'ca-file'],
    ['CONNECT_TIMEOUT', 'connect', 'timeout', 'connect-timeout'],
    ['BODY_CUT', 'content', 'truncated', 'cut-body'],
    ['BODY_CUT', 'first-content', 'network', 'cut-body'],
    ['PROXY_REFUSED', 'connect', 'network', 'proxy'],
    ['SOMETHING_NEW', 'headers', 'network', 'connection'],
    ['constructor', 'headers', 'network', 'connection'],
  ] as const)('%s in %s is %s', (code, phase, kind, rule) => {
    expect(classifyTransportError(code, phase)).toEqual({ kind, rule });
  });
});
