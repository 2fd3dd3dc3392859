import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/spec/secret.ts';
import { createRedactor } from '../../src/transport/redact.ts';

const plain = createRedactor([]);

describe('known secrets', () => {
  it('never come out, as they are or in any usual disguise, wherever they stand', () => {
    const value = fc.stringMatching(/^[!-~äé ]{9,60}$/).filter((text) => text.trim().length > 8);
    fc.assert(
      fc.property(value, fc.string({ maxLength: 80 }), fc.string({ maxLength: 80 }), (secret, before, after) => {
        const redact = createRedactor([new Secret(secret)]);
        const trimmed = secret.trim();
        const forms = [
          trimmed,
          encodeURIComponent(trimmed),
          JSON.stringify(trimmed).slice(1, -1),
          btoa(unescape(encodeURIComponent(trimmed))),
        ];
        for (const form of forms) {
          const text = redact(`${before} ${form} ${after}`);
          if (!before.includes(form) && !after.includes(form)) expect(text).toContain('[redacted]');
          expect(text).not.toContain(form);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('are found inside base64 of something longer', () => {
    const secret = 'Zq7pX2mW9rT4vB1n';
    const redact = createRedactor([new Secret(secret)]);
    for (const prefix of ['', 'u', 'us', 'use', 'user:']) {
      const encoded = Buffer.from(`${prefix}${secret}:tail`).toString('base64');
      const out = redact(`header ${encoded} end`);
      expect(Buffer.from(out.split(' ')[1] ?? '', 'base64').toString()).not.toContain(secret.slice(2, -2));
    }
  });

  it('are found when only their beginning or end is echoed', () => {
    const redact = createRedactor([new Secret('sk-proj-abcdWXYZ1234567890')]);
    expect(redact('Incorrect API key provided: sk-proj-abcd************7890.')).not.toMatch(/abcd|7890/);
    expect(redact('key sk-proj-abcdWX... is wrong')).not.toContain('abcd');
    expect(redact('key starting sk-proj-abcdWXYZ')).not.toContain('abcd');
    expect(redact('key ending in YZ1234567890')).not.toContain('34567890');
  });

  it('leave ordinary words alone that a key begins with', () => {
    const redact = createRedactor([new Secret('password-9f8e7d6c5b'), new Secret('abcd')]);
    expect(redact('the password is wrong; abcdef too')).toBe('the password is wrong; abcdef too');
    expect(redact('key abcd, "abcd"')).toBe('key [redacted], "[redacted]"');
  });

  it('longest first, so that none leaves a tail', () => {
    const redact = createRedactor([new Secret('alpha-beta-1'), new Secret('alpha-beta-1-gamma-2')]);
    expect(redact('x alpha-beta-1-gamma-2 y')).toBe('x [redacted] y');
  });

  it('may be added later', () => {
    const secrets = new Set<Secret>();
    const redact = createRedactor(secrets);
    secrets.add(new Secret('my own odd secret value'));
    expect(redact('it was my own odd secret value!')).toBe('it was [redacted]!');
  });
});

describe('things shaped like keys', () => {
  const letters = 'aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY';
  const shapes = [
    `sk-${letters}`,
    `sk-proj-${letters}-_x`,
    `sk-ant-api03-${letters}`,
    `sk-or-v1-${letters.toLowerCase()}`,
    `gsk_${letters}`,
    `xai-${letters}`,
    `AIza${letters}abc`,
    `AKIAIOSFODNN7EXAMPLE`,
    `ghp_${letters}`,
    `gho_${letters}`,
    `ghu_${letters}`,
    `github_pat_11ABC_${letters}`,
    `pplx-${letters}`,
    `nvapi-${letters}`,
    `r8_${letters}`,
    `hf_${letters}`,
    `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.${letters}`,
    `ya29.${letters}`,
    `xoxb-123456789012-${letters}`,
  ];
  for (const shape of shapes) {
    it(`${shape.slice(0, 12)}…`, () => {
      for (const [before, after] of [
        ['', ''],
        ['key: ', '.'],
        ['"', '"'],
        ['(', ')'],
        ['\n', '\n'],
        ['=', '&x'],
      ] as const) {
        expect(plain(`${before}${shape}${after}`)).toBe(`${before}[redacted]${after}`);
      }
    });
  }

  it('in headers, queries and URLs', () => {
    expect(plain('authorization: Bearer abc123def456ghi7')).not.toContain('abc123');
    expect(plain('Authorization: Basic dXNlcjpwYXNzd29yZDE=')).not.toContain('dXNl');
    expect(plain('GET https://x/v1?alt=sse&key=hunter2&b=1')).toBe('GET https://x/v1?alt=sse&key=[redacted]&b=1');
    expect(plain('POST https://x/v1?api_key=hunter2')).toBe('POST https://x/v1?api_key=[redacted]');
    expect(plain('https://me:hunter2@host/x')).toBe('https://[redacted]@host/x');
    expect(plain('{"x-api-key": "0123456789abcdef"}')).toBe('{"x-api-key": "[redacted]"}');
    expect(plain('Incorrect API key provided: sk-abcd****wxyz.')).toBe('Incorrect API key provided: [redacted].');
  });

  it('but not words', () => {
    const words = [
      'the task-force and sk-ip, sk-learn-compatible-estimators, risk-adjusted-return-2026',
      'Bearer authentication is required; use a bearer token',
      'unexpected token in JSON at position 12',
      'model gpt-4o-2024-08-06 and claude-opus-4-20250514 at https://api.example.com/v1/chat?alt=sse',
      'monkey=banana; keyboard; hf_hub; xai-org; r8_model; ghost_writer',
      'req_011CSHoEeqs5C35K2UUqR7Fy and toolu_01A09q90qw90lq917835lq9',
      'eyJ is how it begins',
    ];
    for (const text of words) expect(plain(text)).toBe(text);
  });
});

describe('length', () => {
  it('is cut at 2,000 characters, not through a character', () => {
    expect(plain('a '.repeat(3_000))).toHaveLength(2_000);
    expect(plain('x'.repeat(2_000))).toHaveLength(2_000);
    const emoji = plain(`a${'😀'.repeat(3_000)}`);
    expect(emoji.length).toBeLessThanOrEqual(2_000);
    expect(emoji.isWellFormed()).toBe(true);
  });

  it('gives no part of a secret at the edge', () => {
    const secret = 'Zq7pX2mW9rT4vB1nZq7pX2mW9rT4vB1n';
    const redact = createRedactor([new Secret(secret)]);
    for (const filler of [1_980, 1_990, 1_995, 1_999, 7_980, 7_999]) {
      expect(redact(`${'. '.repeat(filler / 2)}${secret} tail`)).not.toMatch(/Zq7p/);
    }
  });

  it('takes time in proportion to the text', () => {
    const secrets = Array.from({ length: 100 }, (_, at) => new Secret(`secret-number-${at}-abcdef`));
    const redact = createRedactor(secrets);
    redact('warm up');
    const hostile = [
      'a'.repeat(1e6),
      'sk-'.repeat(3e5),
      'eyJ'.repeat(3e5),
      'Bearer '.repeat(1e5),
      'key='.repeat(2e5),
      '*'.repeat(1e6),
      'secret-n'.repeat(1e5),
      'http://'.repeat(1e5),
      '?key='.repeat(1e5),
    ];
    const startMs = performance.now();
    for (const text of hostile) redact(text);
    expect(performance.now() - startMs).toBeLessThan(2_000);
  });
});
