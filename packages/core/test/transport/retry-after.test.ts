import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseWaitHintMs } from '../../src/transport/retry-after.ts';

const WALL = Date.UTC(2026, 10, 9, 12, 0, 0);
const WALL_S = WALL / 1000;
const hint = (headers: Record<string, string>, body?: unknown, message?: string): number | undefined =>
  parseWaitHintMs({ headers, body, message, wallMs: WALL });
const http = (ms: number): string => new Date(WALL + ms).toUTCString();
const iso = (ms: number): string => new Date(WALL + ms).toISOString();
const retryInfo = (retryDelay: unknown) => ({
  error: {
    code: 429,
    details: [{ '@type': 'x' }, { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay }],
  },
});

describe('headers', () => {
  const cases: [Record<string, string>, number | undefined][] = [
    [{ 'retry-after-ms': '250.5' }, 251],
    [{ 'retry-after-ms': '100', 'retry-after': '9' }, 100],
    [{ 'retry-after-ms': 'soon', 'retry-after': '9' }, 9000],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': '1.5' }, 1500],
    [{ 'retry-after': ' 7 ' }, 7000],
    [{ 'retry-after': '120, 60' }, 120_000],
    [{ 'retry-after': 'x, 60' }, 60_000],
    [{ 'retry-after': http(90_000) }, 90_000],
    [{ 'retry-after': `${http(90_000)}, ${http(30_000)}` }, 90_000],
    [{ 'retry-after': `5, ${http(90_000)}` }, 90_000],
    [{ 'retry-after': iso(2_500) }, 2_500],
    [{ 'retry-after': '1m30s' }, 90_000],
    // Everything that is no wait.
    [{ 'retry-after': http(-1000) }, undefined],
    [{ 'retry-after': '-5' }, undefined],
    [{ 'retry-after': '' }, undefined],
    [{ 'retry-after': '0x10' }, undefined],
    [{ 'retry-after': '1e3' }, undefined],
    [{ 'retry-after': '+5' }, undefined],
    [{ 'retry-after': '.5' }, undefined],
    [{ 'retry-after': 'NaN' }, undefined],
    [{ 'retry-after': 'Infinity' }, undefined],
    [{ 'retry-after': '2026-13-41T00:00:00Z' }, undefined],
    [{ 'retry-after': 'Tue, 31 Feb 2027 00:00:00 GMT' }, undefined],
    [{ 'retry-after': '5 seconds' }, undefined],
    [{}, undefined],
    // Rate-limit headers: only a dimension that is used up.
    [{ 'x-ratelimit-remaining-requests': '3', 'x-ratelimit-reset-requests': '6m0s' }, undefined],
    [{ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '6m0s' }, 360_000],
    [
      {
        'x-ratelimit-remaining-tokens': '0',
        'x-ratelimit-reset-tokens': '1.57s',
        'x-ratelimit-remaining-requests': '9',
        'x-ratelimit-reset-requests': '2m59.56s',
      },
      1570,
    ],
    [
      {
        'x-ratelimit-remaining-tokens': '0',
        'x-ratelimit-reset-tokens': '17ms',
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '1s',
      },
      1000,
    ],
    [{ 'x-ratelimit-remaining-requests-day': '0', 'x-ratelimit-reset-requests-day': '33011.38' }, 33_011_380],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(WALL + 5_000) }, 5_000],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(WALL_S + 5) }, 5_000],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(WALL_S - 5) }, undefined],
    [{ 'x-ratelimit-remaining': '', 'x-ratelimit-reset': '5' }, undefined],
    [{ 'ratelimit-remaining': '0', 'ratelimit-reset': '50' }, 50_000],
    [{ 'x-ratelimit-reset-requests': '1h30m0.5s' }, undefined],
    // Anthropic.
    [
      {
        'anthropic-ratelimit-tokens-remaining': '0',
        'anthropic-ratelimit-tokens-reset': iso(8_000),
        'anthropic-ratelimit-requests-remaining': '40',
        'anthropic-ratelimit-requests-reset': iso(60_000),
      },
      8_000,
    ],
    [{ 'anthropic-ratelimit-input-tokens-reset': '2026-11-09T13:00:10+01:00' }, 10_000],
    [
      { 'anthropic-ratelimit-unified-status': 'rejected', 'anthropic-ratelimit-unified-reset': String(WALL_S + 3600) },
      3_600_000,
    ],
    [
      { 'anthropic-ratelimit-unified-status': 'allowed', 'anthropic-ratelimit-unified-reset': String(WALL_S + 3600) },
      undefined,
    ],
    // Codex plan windows.
    [
      {
        'x-codex-primary-used-percent': '100',
        'x-codex-primary-reset-after-seconds': '1800',
        'x-codex-secondary-used-percent': '40',
        'x-codex-secondary-reset-after-seconds': '600000',
      },
      1_800_000,
    ],
    [{ 'x-codex-secondary-used-percent': '100.0', 'x-codex-secondary-reset-at': String(WALL_S + 60) }, 60_000],
    [{ 'x-codex-primary-used-percent': '99', 'x-codex-primary-reset-after-seconds': '1800' }, undefined],
    // The order of the sources.
    [{ 'retry-after': '2', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '9' }, 2000],
  ];
  for (const [headers, expected] of cases) {
    it(`${JSON.stringify(headers)} → ${expected}`, () => expect(hint(headers)).toBe(expected));
  }
});

describe('bodies', () => {
  const cases: [unknown, number | undefined][] = [
    [retryInfo('46s'), 46_000],
    [retryInfo('36.429760048s'), 36_430],
    [retryInfo('10h17m5.7s'), 37_025_700],
    [retryInfo({ seconds: '5', nanos: 500_000_000 }), 5_500],
    [retryInfo({ seconds: 5 }), 5_000],
    [[retryInfo('3s')], 3_000],
    [retryInfo('-3s'), undefined],
    [retryInfo('3'), undefined],
    [{ error: { details: [{ metadata: { quotaResetDelay: '290.97ms' } }] } }, 291],
    [{ error: { details: [{ metadata: { quotaResetDelay: '156h14m36.7s' } }] } }, 562_476_700],
    [{ error: { type: 'usage_limit_reached', resets_at: WALL_S + 120, resets_in_seconds: 60 } }, 60_000],
    [{ error: { resets_at: WALL_S + 120 } }, 120_000],
    [{ error: { resets_at: 120 } }, undefined],
    [{ error: { resets_at: WALL_S - 120 } }, undefined],
    [{ detail: { resets_in_seconds: 7 } }, 7_000],
    [{ resets_in_seconds: 7 }, 7_000],
    [
      { error: { metadata: { headers: { 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': String(WALL + 9_000) } } } },
      9_000,
    ],
    [{ error: { resets_in_seconds: -1 } }, undefined],
    [{ error: 'text' }, undefined],
    ['text', undefined],
    [null, undefined],
    [[], undefined],
    [{ error: { details: 'x' } }, undefined],
  ];
  for (const [body, expected] of cases) {
    it(`${JSON.stringify(body)} → ${expected}`, () => expect(hint({}, body)).toBe(expected));
  }

  it('come after the headers', () => {
    expect(hint({ 'retry-after': '1' }, retryInfo('46s'))).toBe(1000);
    expect(hint({ 'retry-after': 'bad' }, retryInfo('46s'))).toBe(46_000);
    expect(hint({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '9' }, retryInfo('46s'))).toBe(46_000);
  });
});

describe('words', () => {
  const cases: [string, number | undefined][] = [
    ['Rate limit reached for gpt-4o on tokens per min. Please try again in 11.054s. Visit https://x', 11_054],
    ['Please try again in 28ms.', 28],
    ['try again in 1m47.58s', 107_580],
    ['Please try again in 6m0s.', 360_000],
    ['Please retry after 86400 seconds.', 86_400_000],
    ['Try again in 35 seconds', 35_000],
    ['Please retry in 36.42s.', 36_420],
    ['Please wait 20 seconds before trying again', 20_000],
    ['try again in 1 hour and 5 minutes.', 3_900_000],
    ['Try again after 2 mins', 120_000],
    ['Resets in 3h', 10_800_000],
    ['{"retry_after": 12}', 12_000],
    ['Retry-After: 30', 30_000],
    ['retry after 30', 30_000],
    ['Usage limit reached. Your limit will reset at 2026-11-09 13:00:06', 3_606_000],
    ['You will regain access on 2026-11-10 at 00:00 UTC.', 43_200_000],
    ['regain access on 2026-11-10', 43_200_000],
    ['resets at 2026-11-09T12:00:30+00:00', 30_000],
    ['will reset at 2026-11-08 03:30:06', undefined],
    ['try again in a while', undefined],
    ['try again in 3 fortnights', undefined],
    ['context has 86400 tokens, limit 8000', undefined],
    ['try again later', undefined],
    ['', undefined],
  ];
  for (const [message, expected] of cases) {
    it(`${JSON.stringify(message)} → ${expected}`, () => expect(hint({}, undefined, message)).toBe(expected));
  }

  it('come last', () => expect(hint({ 'retry-after': '1' }, undefined, 'try again in 9s')).toBe(1000));
});

describe('whatever comes', () => {
  it('is a whole number of milliseconds from 0 up, or nothing', () => {
    const value = fc.oneof(
      fc.string(),
      fc.integer().map(String),
      fc.double().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
      fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((date) => date.toISOString()),
      fc.stringMatching(/^[0-9hmsµ.:-]{1,20}$/),
    );
    const names = fc.constantFrom(
      'retry-after',
      'retry-after-ms',
      'x-ratelimit-remaining',
      'x-ratelimit-reset',
      'anthropic-ratelimit-tokens-reset',
      'x-codex-primary-used-percent',
      'x-codex-primary-reset-at',
    );
    fc.assert(
      fc.property(fc.dictionary(names, value), fc.jsonValue(), fc.string(), (headers, body, message) => {
        const result = hint(headers, { error: body, details: [body] }, `retry after ${message}`);
        if (result !== undefined) expect(Number.isInteger(result) && result >= 0).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('reads back every whole number of seconds, Go duration and date', () => {
    fc.assert(
      fc.property(fc.nat(400), fc.nat(59), fc.nat(59), (h, m, s) => {
        const ms = ((h * 60 + m) * 60 + s) * 1000;
        expect(hint({ 'retry-after': `${ms / 1000}` })).toBe(ms);
        expect(hint({ 'retry-after': `${h}h${m}m${s}s` })).toBe(ms);
        expect(hint({ 'retry-after': http(ms) })).toBe(ms);
        expect(hint({ 'anthropic-ratelimit-tokens-reset': iso(ms) })).toBe(ms);
        expect(hint({}, undefined, `please try again in ${h}h${m}m${s}s.`)).toBe(ms);
      }),
      { numRuns: 100 },
    );
  });

  it('takes no time over hostile text', () => {
    const hostile = [
      '1'.repeat(50_000),
      '1h'.repeat(50_000),
      'wait '.repeat(20_000),
      'retry after '.repeat(9_000),
      ', '.repeat(50_000),
    ];
    const startMs = performance.now();
    for (const text of hostile) hint({ 'retry-after': text, 'x-ratelimit-remaining': text }, retryInfo(text), text);
    expect(performance.now() - startMs).toBeLessThan(1_000);
  });
});
