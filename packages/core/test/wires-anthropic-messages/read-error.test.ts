import { describe, expect, it } from 'vitest';
import { client, server } from './support.ts';

const body = (type: string, message: string, details?: object) =>
  JSON.stringify({
    type: 'error',
    error: { type, message, ...(details === undefined ? {} : { details }) },
    request_id: 'req_1',
  });

describe('readError', () => {
  const cases: readonly [string, number, string, object][] = [
    [
      'overloaded',
      529,
      body('overloaded_error', 'Overloaded'),
      { kind: 'overloaded', type: 'overloaded_error', message: 'Overloaded' },
    ],
    [
      'rate limit',
      429,
      body('rate_limit_error', "This request would exceed your account's rate limit"),
      { kind: 'rate-limit' },
    ],
    [
      'spend limit',
      429,
      body('rate_limit_error', 'limit', { error_code: 'enforced_spend_limit_reached' }),
      { kind: 'quota', code: 'enforced_spend_limit_reached' },
    ],
    [
      'credit',
      400,
      body('invalid_request_error', 'Your credit balance is too low to access the Anthropic API.'),
      { kind: 'quota' },
    ],
    [
      'usage limits',
      400,
      body(
        'invalid_request_error',
        'You have reached your specified API usage limits. You will regain access on 2026-12-01.',
      ),
      { kind: 'quota' },
    ],
    [
      'too long',
      400,
      body('invalid_request_error', 'prompt is too long: 213462 tokens > 200000 maximum'),
      { kind: 'context-window' },
    ],
    [
      'context limit',
      400,
      body('invalid_request_error', 'input length and `max_tokens` exceed context limit: 1 + 2 > 3'),
      { kind: 'context-window' },
    ],
    [
      'output limit is not the context',
      400,
      body(
        'invalid_request_error',
        'max_tokens: 300000 > 128000, which is the maximum allowed number of output tokens',
      ),
      { kind: 'invalid-request' },
    ],
    [
      'content',
      400,
      body('invalid_request_error', 'Output blocked by content filtering policy'),
      { kind: 'content-policy' },
    ],
    [
      'an echoed wording is not a class',
      429,
      body('rate_limit_error', 'prompt is too long for your rate'),
      { kind: 'rate-limit' },
    ],
    [
      'nested',
      500,
      JSON.stringify({ error: { message: body('overloaded_error', 'busy'), code: 500 } }),
      { kind: 'overloaded', message: 'busy', status: 500 },
    ],
    ['flat', 401, '{"message":"no key"}', { message: 'no key', status: 401 }],
    ['string', 400, '{"error":"bad"}', { message: 'bad' }],
    ['list', 400, '[{"error":{"message":"bad","code":7}}]', { message: 'bad', code: '7' }],
    ['detail', 422, '{"detail":"Field required"}', { message: 'Field required' }],
    [
      'HTML 413',
      413,
      '<html><head><title>413 Request Entity Too Large</title></head></html>',
      { kind: 'request-too-large', message: 'HTTP 413 with an HTML page: 413 Request Entity Too Large' },
    ],
    ['empty', 502, '', { message: 'HTTP 502 with an empty body' }],
    ['text', 502, 'upstream connect error', { message: 'upstream connect error' }],
    ['inside a 200', 200, body('overloaded_error', 'busy'), { status: 529, kind: 'overloaded' }],
  ];
  for (const [name, status, text, expected] of cases) {
    it(`reads ${name}`, () => expect(client.readError(status, text)).toMatchObject(expected));
  }
});

describe('encodeError', () => {
  it('has the type of its status and the request id', () => {
    const error = { code: 'x', kind: 'rate-limit', message: 'slow down', requestId: 'req_9' } as const;
    expect(server.encodeError({ ...error, status: 429 })).toEqual({
      type: 'error',
      error: { type: 'rate_limit_error', message: 'slow down' },
      request_id: 'req_9',
    });
    const typeOf = (status: number) => (server.encodeError({ ...error, status })['error'] as { type: string }).type;
    expect([400, 401, 402, 403, 404, 413, 422, 502, 503, 504, 529].map(typeOf)).toEqual([
      'invalid_request_error',
      'authentication_error',
      'billing_error',
      'permission_error',
      'not_found_error',
      'request_too_large',
      'invalid_request_error',
      'api_error',
      'overloaded_error',
      'timeout_error',
      'overloaded_error',
    ]);
  });
  it('says a context overflow in the words that make Claude Code compact', () => {
    const error = {
      status: 400,
      code: 'context_length_exceeded',
      kind: 'context-window',
      message: 'over 8192 tokens',
    } as const;
    expect(server.encodeError(error)).toMatchObject({ error: { message: 'prompt is too long: over 8192 tokens' } });
  });
});
