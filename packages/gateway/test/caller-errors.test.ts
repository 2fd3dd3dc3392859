import { ERROR_KINDS, ProviderError, RequestError } from '@standin/core/spec/index';
import { describe, expect, test } from 'vitest';
import { failureOf, failureOfThrown } from '../src/index.ts';
import { exhausted } from './helpers/fake-standin.ts';

describe('what a caller is told', () => {
  test.each([
    ['network', 502],
    ['tls', 502],
    ['timeout', 504],
    ['rate-limit', 429],
    ['quota', 429],
    ['auth', 502],
    ['permission', 502],
    ['model-not-found', 404],
    ['context-window', 400],
    ['request-too-large', 413],
    ['content-policy', 400],
    ['unsupported', 400],
    ['invalid-request', 400],
    ['overloaded', 503],
    ['server', 502],
    ['protocol', 502],
    ['empty', 502],
    ['truncated', 502],
    ['config', 500],
    ['deadline', 504],
  ] as const)('%s is %i and calls off the SDK retries', (kind, status) => {
    const error = exhausted([kind]);
    const failure = failureOf(error, error.attempts);
    expect(failure.error).toMatchObject({ status, kind, message: error.message });
    expect(failure.headers).toEqual(['x-should-retry', 'false']);
    expect(failure.attempts).toHaveLength(1);
  });

  test('no kind is ever told as 401 or 403, whatever status the vendor gave', () => {
    for (const kind of ERROR_KINDS) {
      for (const status of [401, 403]) {
        const { error } = failureOf(new ProviderError({ kind, message: 'm', status }), []);
        expect([401, 403]).not.toContain(error.status);
      }
    }
  });

  test('a wait that helps is named in both headers', () => {
    const error = exhausted(['rate-limit', 'rate-limit'], { retryAfterMs: 2_300 });
    expect(failureOf(error, error.attempts).headers).toEqual([
      'x-should-retry',
      'true',
      'retry-after',
      '3',
      'retry-after-ms',
      '2300',
    ]);
  });

  test('an hour of waiting is told, but the SDK is not sent to sleep for it', () => {
    const error = exhausted(['quota'], { retryAfterMs: 3_600_000 });
    expect(failureOf(error, error.attempts).headers).toEqual(['x-should-retry', 'false', 'retry-after', '3600']);
  });

  test('a mistake of the caller is not repeated even when a wait is known', () => {
    const error = exhausted(['invalid-request'], { retryAfterMs: 1_000 });
    expect(failureOf(error, error.attempts).headers).toEqual(['x-should-retry', 'false']);
  });

  test('a status of the vendor that speaks of the request is kept, with its code', () => {
    const error = exhausted(['invalid-request'], { status: 422, code: 'bad_tool' });
    expect(failureOf(error, error.attempts).error).toMatchObject({ status: 422, code: 'bad_tool' });
    const hidden = exhausted(['invalid-request'], { status: 401 });
    expect(failureOf(hidden, hidden.attempts).error.status).toBe(400);
  });

  test('the failure that says most of the request wins over a badly set-up spare', () => {
    const error = exhausted(['overloaded', 'auth']);
    expect(failureOf(error, error.attempts).error).toMatchObject({ status: 503, kind: 'overloaded' });
    const all = exhausted(['auth', 'auth']);
    expect(failureOf(all, all.attempts).error).toMatchObject({ status: 502, code: 'upstream_auth' });
  });

  test('each attempt stands in the body by fingerprint, kind, status and wait', () => {
    const error = exhausted(['rate-limit', 'server']);
    expect(failureOf(error, error.attempts).attempts[1]).toEqual({
      attempt: 2,
      provider: 'openai.main',
      model: 'model-a',
      key: 'aaaa1111',
      kind: 'server',
      message: 'vendor words 2',
      reason: 'first',
      waited_ms: 0,
      duration_ms: 20,
    });
  });

  test('a mistake found on the way in keeps its status, code and parameter', () => {
    const thrown = new RequestError('no', { status: 400, code: 'missing', param: 'messages[1].content' });
    expect(failureOfThrown(thrown).error).toMatchObject({ status: 400, code: 'missing', param: 'messages[1].content' });
  });

  test('a bug of ours is a 500 without its details', () => {
    const { error } = failureOfThrown(new TypeError('secret internals'));
    expect(error.status).toBe(500);
    expect(error.message).not.toContain('secret');
  });
});
