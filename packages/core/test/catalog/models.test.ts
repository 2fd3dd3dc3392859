import { describe, expect, it } from 'vitest';
import { attributeModel, servesModel } from '../../src/catalog/attribute.ts';
import { contextWindowFor, defaultModelFor, maxOutputFor, visionFor } from '../../src/catalog/models.ts';
import { allVendors, vendorById } from '../../src/vendors/lookup.ts';

describe('attributeModel', () => {
  it.each([
    ['claude-sonnet-4-5', 'anthropic'],
    ['claude-3-5-haiku-20241022', 'anthropic'],
    ['gpt-4o-mini', 'openai'],
    ['gpt-5.1-codex', 'openai'],
    ['o3', 'openai'],
    ['o4-mini', 'openai'],
    ['chatgpt-4o-latest', 'openai'],
    ['codex-mini-latest', 'openai'],
    ['gemini-2.0-flash-exp', 'gemini'],
    ['models/gemini-2.5-pro', 'gemini'],
    ['mistral-large-latest', 'mistral'],
    ['codestral-2508', 'mistral'],
    ['open-mixtral-8x22b', 'mistral'],
    ['deepseek-reasoner', 'deepseek'],
    ['grok-4', 'xai'],
    ['kimi-k2-0905-preview', 'moonshot'],
    ['moonshot-v1-8k', 'moonshot'],
    ['glm-4.6', 'glm'],
    ['qwen-plus', 'qwen'],
    ['QwQ-32B', 'qwen'],
    ['command-r-plus', 'cohere'],
    ['sonar-pro', 'perplexity'],
    ['MiniMax-M2', 'minimax'],
    ['doubao-seed-1-6', 'doubao'],
    ['ernie-4.5-turbo-128k', 'qianfan'],
    ['anthropic/claude-sonnet-4.6', 'anthropic'],
    ['openai/gpt-4o', 'openai'],
    ['google/gemini-2.5-flash', 'gemini'],
    ['x-ai/grok-4', 'xai'],
    ['moonshotai/kimi-k2', 'moonshot'],
    ['deepseek-ai/DeepSeek-V3.1', 'deepseek'],
    ['anthropic.claude-sonnet-4-5-20250929-v1:0', 'bedrock'],
    ['us.anthropic.claude-opus-4-1-20250805-v1:0', 'bedrock'],
    ['amazon.nova-pro-v1:0', 'bedrock'],
  ])('%s → %s', (model, slot) => {
    expect(attributeModel(model)).toBe(slot);
    expect(vendorById(slot)?.id).toBe(slot);
  });

  it.each([
    'llama-3.3-70b',
    'meta-llama/Llama-3.3-70B-Instruct',
    'mixtral-8x7b',
    'gemma-3-27b',
    'gpt-oss-120b',
    'openai/gpt-oss-120b',
    'big-pickle',
    'my-own',
    '',
    'ollama3',
    'constructor',
    'constructor/x',
  ])('%s belongs to no single vendor', (model) => {
    expect(attributeModel(model)).toBeUndefined();
  });

  it('never gives a vendor’s own default model to another vendor of models', () => {
    const makers = [
      'openai',
      'anthropic',
      'gemini',
      'mistral',
      'xai',
      'deepseek',
      'moonshot',
      'qwen',
      'glm',
      'minimax',
      'cohere',
      'perplexity',
    ];
    for (const slot of makers) {
      const model = defaultModelFor(slot) ?? expect.fail(`${slot} has no default model`);
      expect(attributeModel(model), model).toBe(slot);
    }
  });
});

describe('facts about models', () => {
  it.each([
    ['anthropic', 'claude-sonnet-4-5', 200_000],
    ['openai', 'gpt-4o', 128_000],
    ['openai', 'gpt-4', 8_192],
    ['openai', 'gpt-4.1-mini', 1_047_576],
    ['openai', 'gpt-5.1', 400_000],
    ['gemini', 'gemini-2.5-flash', 1_048_576],
    ['openrouter', 'anthropic/claude-sonnet-4.6', 1_000_000],
    ['bedrock', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0', 200_000],
    ['copilot', 'gpt-4.1', 128_000],
    ['glm', 'glm-4.6', 204_800],
  ])('%s %s reads %d tokens', (slot, model, tokens) => {
    expect(contextWindowFor(slot, model)).toBe(tokens);
  });

  it('does not claim to know a local server’s window or an unknown model', () => {
    expect(contextWindowFor('llamacpp', 'qwen3-coder')).toBeUndefined();
    expect(contextWindowFor('custom', 'my-own')).toBeUndefined();
    expect(visionFor('my-own')).toBeUndefined();
  });

  it('knows which take images', () => {
    expect(
      ['gpt-4o', 'claude-haiku-4-5', 'google/gemini-2.5-pro', 'qwen3-vl-plus', 'glm-4.5v'].map((model) =>
        visionFor(model),
      ),
    ).toEqual([true, true, true, true, true]);
    expect(['gpt-3.5-turbo', 'deepseek-chat', 'o3-mini', 'grok-3', 'glm-4.6'].map((model) => visionFor(model))).toEqual(
      [false, false, false, false, false],
    );
  });
});

describe('facts of the generated list', () => {
  it.each([
    ['anthropic', 'claude-opus-4-7', 1_000_000],
    ['anthropic', 'claude-opus-4-7-20260514', 1_000_000],
    ['custom', 'claude-opus-4-7', 1_000_000],
    ['novita', 'anthropic/claude-opus-4-7', 1_000_000],
    ['openai-codex', 'gpt-5.6-sol', 272_000],
    ['bedrock', 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0', 200_000],
    ['moonshot', 'kimi-k3', 1_048_576],
  ])('%s %s reads %d tokens', (slot, model, tokens) => {
    expect(contextWindowFor(slot, model)).toBe(tokens);
  });

  it('knows how much a model writes', () => {
    expect(maxOutputFor('anthropic', 'claude-sonnet-4-5')).toBe(64_000);
    expect(maxOutputFor('custom', 'gpt-4o-2024-08-06')).toBe(16_384);
    expect(maxOutputFor('llamacpp', 'gpt-4o')).toBeUndefined();
    expect(maxOutputFor('custom', 'my-own')).toBeUndefined();
  });

  it('knows which open weights take images where all who serve them agree', () => {
    expect(visionFor('kimi-k2.6', 'moonshot')).toBe(true);
    expect(visionFor('meta/llama-3.2-90b-vision-instruct')).toBe(true);
    expect(visionFor('gpt-oss-120b')).toBe(false);
  });

  it('takes no name at its word at a server of one’s own', () => {
    expect(visionFor('gpt-4', 'openai')).toBe(false);
    for (const slot of ['llamacpp', 'ollama', 'custom', 'litellm'])
      expect(visionFor('gpt-4', slot), slot).toBeUndefined();
  });
});

describe('servesModel', () => {
  it.each([
    ['anthropic', 'claude-sonnet-4-5', true],
    ['anthropic', 'gemini-2.0-flash', false],
    ['anthropic', 'gpt-4o', false],
    ['anthropic', 'my-own-name', true],
    ['openai', 'ft:gpt-4o:acme::1', true],
    ['openai', 'anthropic/claude-sonnet-4.6', false],
    ['openai-codex', 'gpt-5.1-codex', true],
    ['openai-codex', 'gemini-2.0-flash-exp', false],
    ['azure', 'gpt-4o', true],
    ['azure', 'claude-opus-4-1', false],
    ['copilot', 'claude-sonnet-4', true],
    ['openrouter', 'anthropic/claude-sonnet-4.6', true],
    ['vercel', 'openai/gpt-4o', true],
    ['litellm', 'claude-opus-4-7', true],
    ['custom', 'gpt-4o', true],
    ['llamacpp', 'qwen3-coder', true],
    ['zai', 'glm-4.6', true],
    ['glm', 'glm-4.6', true],
    ['vertex', 'gemini-2.5-pro', true],
    ['vertex', 'gpt-4o', false],
    ['gemini', 'gemma-3-27b-it', true],
    ['groq', 'llama-3.3-70b-versatile', true],
    ['groq', 'moonshotai/kimi-k2-instruct', true],
    ['groq', 'openai/gpt-oss-120b', true],
    ['groq', 'gpt-4o', false],
    ['together', 'claude-haiku-4-5', false],
    ['together', 'deepseek-ai/DeepSeek-V3.1', true],
    ['deepseek', 'mistral-large-latest', false],
    ['bedrock', 'us.anthropic.claude-opus-4-1-20250805-v1:0', true],
    ['bedrock', 'gpt-4o', false],
    ['anthropic', 'anthropic.claude-sonnet-4-5-20250929-v1:0', false],
    ['perplexity', 'sonar', true],
  ])('%s serves %s: %s', (slot, model, expected) => {
    expect(servesModel(slot, model)).toBe(expected);
  });

  it('lets every slot serve its own default model', () => {
    for (const row of allVendors()) {
      if (row.defaultModel !== undefined) expect(servesModel(row.id, row.defaultModel), row.id).toBe(true);
    }
  });
});
