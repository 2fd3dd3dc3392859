import fc from 'fast-check';
import type { ConfigEntry } from '@standin/core/config/model';
import { describe, expect, test } from 'vitest';
import { csvOf } from '../src/csv.ts';
import { costOf, costOfAttempts, nanoOfUsd, usdText } from '../src/money.ts';
import { pricesOf } from '../src/prices.ts';
import { attempt } from './support.ts';

const price = { inputNanoUsd: 3_000, outputNanoUsd: 15_000, cacheReadNanoUsd: 300, source: 'test' };

describe('cost', () => {
  test('is whole nano-USD, with cached input at its own price', () => {
    expect(costOf({ inputTokens: 1_000, outputTokens: 100, cacheReadTokens: 400 }, price)).toBe(
      600 * 3_000 + 400 * 300 + 100 * 15_000,
    );
    expect(costOf({ inputTokens: 3, outputTokens: 0 }, { inputNanoUsd: 37.5, outputNanoUsd: 1, source: 't' })).toBe(
      113,
    );
  });

  test('is not known without a price or a count, and never 0 for that', () => {
    expect(costOf(undefined, price)).toBeUndefined();
    expect(costOf({ inputTokens: 5 }, price)).toBeUndefined();
    expect(costOf({ inputTokens: 5, outputTokens: 5 }, undefined)).toBeUndefined();
    expect(costOf({ inputTokens: 5, outputTokens: 5 }, { inputNanoUsd: 3, source: 't' })).toBeUndefined();
  });

  test('a free model is free, whatever it used', () => {
    expect(costOf(undefined, { inputNanoUsd: 0, outputNanoUsd: 0, source: 't' })).toBe(0);
  });

  test('lost attempts count when they had begun to answer', () => {
    const refused = attempt({ outcome: 'rate-limit', usage: undefined, firstContentMs: undefined });
    const cut = attempt({ outcome: 'truncated', usage: undefined });
    const ok = attempt();
    const one = 100 * 3_000 + 20 * 15_000;
    expect(costOfAttempts([refused, ok], () => price)).toBe(one);
    expect(costOfAttempts([cut, ok], () => price)).toBeUndefined();
    expect(costOfAttempts([{ ...cut, usage: ok.usage }, ok], () => price)).toBe(2 * one);
  });

  test('never goes down with more tokens', () => {
    const tokens = fc.nat({ max: 2_000_000 });
    fc.assert(
      fc.property(tokens, tokens, tokens, tokens, (input, output, cached, more) => {
        const usage = { inputTokens: input + cached, outputTokens: output, cacheReadTokens: cached };
        const less = costOf(usage, price) ?? NaN;
        expect(costOf({ ...usage, outputTokens: output + more }, price)).toBe(less + more * 15_000);
        expect(Number.isSafeInteger(less)).toBe(true);
      }),
    );
  });

  test('is written without an exponent', () => {
    expect(usdText(12_500)).toBe('0.000012500');
    expect(usdText(1)).toBe('0.000000001');
    expect(usdText(3_000_000_001)).toBe('3.000000001');
    expect(nanoOfUsd(0.1)).toBe(100_000_000);
  });
});

describe('prices of the config', () => {
  const entries = (pricing: unknown): ConfigEntry[] => [{ ref: 'openai.main', fields: { pricing } } as ConfigEntry];

  test('dotted, nested and flat keys', () => {
    const priceOf = pricesOf(
      entries({
        'gpt-4.1.input': 2,
        'gpt-4.1.output': 8,
        'gpt-4.1.cached_input': 0.5,
        opus: { input: 15, output: 75 },
        flat: 1,
        'claude-*': 3,
      }),
    );
    expect(priceOf('openai.main', 'gpt-4.1')).toMatchObject({
      inputNanoUsd: 2_000,
      outputNanoUsd: 8_000,
      cacheReadNanoUsd: 500,
    });
    expect(priceOf('openai.main', 'opus')).toMatchObject({ inputNanoUsd: 15_000, outputNanoUsd: 75_000 });
    expect(priceOf('openai.main', 'vendor/flat')).toMatchObject({ inputNanoUsd: 1_000, outputNanoUsd: 1_000 });
    expect(priceOf('openai.main', 'claude-9')).toMatchObject({ inputNanoUsd: 3_000 });
    expect(priceOf('openai.main', 'gpt-4')).toBeUndefined();
    expect(priceOf('openai.other', 'opus')).toBeUndefined();
  });

  test("the catalog's where the vendor is asked at its own address, and only there", () => {
    const entry = { slot: 'openai', fields: {} };
    const own = { ...entry, ref: 'openai.proxy', uri: 'http://127.0.0.1:9/v1' };
    const priceOf = pricesOf([{ ...entry, ref: 'openai.main' }, own] as unknown as ConfigEntry[]);
    expect(priceOf('openai.main', 'gpt-4o')).toMatchObject({ inputNanoUsd: 2_500, outputNanoUsd: 10_000 });
    expect(priceOf('openai.main', 'gpt-4o-of-my-own')).toBeUndefined();
    expect(priceOf('openai.proxy', 'gpt-4o')).toBeUndefined();
  });
});

describe('CSV', () => {
  test('quotes what needs it, and a spreadsheet runs nothing', () => {
    const rows = [{ a: 'x,y', b: 'say "hi"\n', c: null, d: 1.5, e: '=HYPERLINK("x")' }];
    expect(csvOf(['a', 'b', 'c', 'd', 'e'], rows)).toBe(
      `a,b,c,d,e\r\n"x,y","say ""hi""\n",,1.5,"'=HYPERLINK(""x"")"\r\n`,
    );
  });
});
