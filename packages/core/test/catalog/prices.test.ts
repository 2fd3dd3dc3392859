import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listedModels, listedSlots } from '../../src/catalog/generated-models.ts';
import { costOf, priceFor } from '../../src/catalog/prices.ts';
import { vendorById } from '../../src/vendors/lookup.ts';

describe('generated model data', () => {
  it('has models for slots of the catalog only, each with whole numbers', () => {
    for (const slot of listedSlots()) {
      expect(vendorById(slot)?.id).toBe(slot);
      expect(listedModels(slot).size, slot).toBeGreaterThan(0);
      for (const model of listedModels(slot).values()) {
        const numbers = [model.contextWindow, model.maxOutputTokens, model.price, ...(model.above ?? [])].flatMap(
          (value) => (typeof value === 'object' ? Object.values(value) : [value]),
        );
        for (const value of numbers) if (value !== undefined) expect(Number.isSafeInteger(value), model.id).toBe(true);
      }
    }
  });

  it('knows nothing of slots it does not have', () => {
    expect(listedModels('llamacpp').size).toBe(0);
    expect(listedModels('constructor').size).toBe(0);
  });
});

describe('priceFor', () => {
  it('reads prices of the catalog in nano-USD per token', () => {
    expect(priceFor('anthropic', 'claude-sonnet-4-5')).toMatchObject({
      inputNanoUsd: 3_000,
      outputNanoUsd: 15_000,
      cacheReadNanoUsd: 300,
      cacheWriteNanoUsd: 3_750,
    });
    expect(priceFor('openai', 'GPT-4o')).toMatchObject({ inputNanoUsd: 2_500, outputNanoUsd: 10_000 });
    expect(priceFor('gemini', 'models/gemini-2.5-flash')).toMatchObject({ inputNanoUsd: 300 });
  });

  it('does not invent a price for plans, local servers, unknown slots and unseen models', () => {
    expect(priceFor('copilot', 'claude-haiku-4.5')).toBeUndefined();
    expect(priceFor('llamacpp', 'gpt-4o')).toBeUndefined();
    expect(priceFor('constructor', 'gpt-4o')).toBeUndefined();
    expect(priceFor('openai', 'gpt-4o-of-my-own')).toBeUndefined();
    expect(priceFor('openai', '')).toBeUndefined();
  });

  it('lets the entry win, part by part', () => {
    expect(priceFor('custom', 'm', { m: 2 })).toMatchObject({ inputNanoUsd: 2_000, outputNanoUsd: 2_000 });
    expect(priceFor('custom', 'a/m.2', { 'm.2.input': 0.0375, 'm.2.output': 1 })).toMatchObject({
      inputNanoUsd: 37.5,
      outputNanoUsd: 1_000,
    });
    expect(priceFor('custom', 'm', { m: { input: 1, cached_input: 0.1 } })).toEqual({
      inputNanoUsd: 1_000,
      cacheReadNanoUsd: 100,
      source: 'pricing of the entry',
    });
    const halved = priceFor('anthropic', 'claude-sonnet-4-5', { 'claude-*.input': 1.5 });
    expect(halved).toMatchObject({ inputNanoUsd: 1_500, outputNanoUsd: 15_000 });
    expect(halved?.cacheReadNanoUsd).toBeUndefined();
    expect(priceFor('anthropic', 'claude-sonnet-4-5', { 'claude-sonnet-4-5.output': 9 })).toMatchObject({
      inputNanoUsd: 3_000,
      outputNanoUsd: 9_000,
      cacheReadNanoUsd: 300,
    });
    expect(priceFor('openai', 'gpt-4o', { other: 1 })).toEqual(priceFor('openai', 'gpt-4o'));
  });
});

describe('costOf', () => {
  const price = {
    inputNanoUsd: 3_000,
    outputNanoUsd: 15_000,
    cacheReadNanoUsd: 300,
    cacheWriteNanoUsd: 3_750,
    source: '',
  };

  it('counts cached tokens once', () => {
    const usage = {
      inputTokens: 1_000,
      cacheReadTokens: 600,
      cacheWriteTokens: 100,
      outputTokens: 10,
      reasoningTokens: 4,
    };
    expect(costOf(usage, price)).toBe(300 * 3_000 + 600 * 300 + 100 * 3_750 + 10 * 15_000);
  });

  it('is unknown when a count or a price that matters is', () => {
    expect(costOf(undefined, price)).toBeUndefined();
    expect(costOf({ inputTokens: 1 }, price)).toBeUndefined();
    expect(costOf({ outputTokens: 1 }, price)).toBeUndefined();
    expect(costOf({ inputTokens: 1, outputTokens: 1 }, undefined)).toBeUndefined();
    expect(costOf({ inputTokens: 1, outputTokens: 1 }, { inputNanoUsd: 1, source: '' })).toBeUndefined();
    expect(costOf({ inputTokens: 1, outputTokens: 0 }, { inputNanoUsd: 1, source: '' })).toBe(1);
  });

  it('takes the price of long prompts above their threshold', () => {
    const tiered = { ...price, above: [{ inputTokens: 200, inputNanoUsd: 6_000, outputNanoUsd: 20_000 }] };
    expect(costOf({ inputTokens: 200, outputTokens: 1 }, tiered)).toBe(200 * 3_000 + 15_000);
    expect(costOf({ inputTokens: 201, outputTokens: 1 }, tiered)).toBe(201 * 6_000 + 20_000);
  });

  it('is a whole number that never falls with more tokens', () => {
    const count = fc.integer({ min: 0, max: 2_000_000 });
    fc.assert(
      fc.property(count, count, fc.integer({ min: 0, max: 50_000 }), (input, output, nano) => {
        const odd = { inputNanoUsd: nano / 1_000, outputNanoUsd: nano / 1_000, source: '' };
        const cost = costOf({ inputTokens: input, outputTokens: output }, odd) ?? -1;
        const more = costOf({ inputTokens: input + 1, outputTokens: output }, odd) ?? -1;
        expect(Number.isSafeInteger(cost)).toBe(true);
        expect(more).toBeGreaterThanOrEqual(cost);
      }),
    );
  });
});
