import { describe, expect, it } from 'vitest';
import {
  nearestSlugs,
  pickWire,
  resolveSlug,
  type SlugGeneration,
  unknownSlugMessage,
  vendorById,
} from '../../src/vendors/lookup.ts';
import { resolveBaseUrl } from '../../src/vendors/url.ts';

function addressOf(slug: string, generation: SlugGeneration): string {
  const match = resolveSlug(slug, generation);
  if (match === undefined) throw new Error(`unknown ${slug}`);
  return resolveBaseUrl(match.row, match.region, match.url, match.wire ?? 'openai-chat');
}

describe('spellings of the first generation', () => {
  it.each([
    ['moonshot', 'https://api.moonshot.cn/v1'],
    ['kimi', 'https://api.moonshot.cn/v1'],
    ['moonshot-cn', 'https://api.moonshot.cn/v1'],
    ['kimi-intl', 'https://api.moonshot.ai/v1'],
    ['moonshot-global', 'https://api.moonshot.ai/v1'],
    ['kimi_coding', 'https://api.kimi.com/coding/v1'],
    ['kimi-code', 'https://api.kimi.com/coding/v1'],
    ['opencode-go', 'https://opencode.ai/zen/go/v1'],
    ['opencode-zen', 'https://opencode.ai/zen/v1'],
    ['zai', 'https://api.z.ai/api/coding/paas/v4'],
    ['z.ai', 'https://api.z.ai/api/coding/paas/v4'],
    ['z.ai-cn', 'https://open.bigmodel.cn/api/coding/paas/v4'],
    ['glm', 'https://api.z.ai/api/paas/v4'],
    ['zhipu', 'https://api.z.ai/api/paas/v4'],
    ['bigmodel', 'https://open.bigmodel.cn/api/paas/v4'],
    ['glm-cn', 'https://open.bigmodel.cn/api/paas/v4'],
    ['minimax', 'https://api.minimax.io/v1'],
    ['minimaxi', 'https://api.minimaxi.com/v1'],
    ['minimax-portal-cn', 'https://api.minimaxi.com/v1'],
    ['qwen', 'https://dashscope.aliyuncs.com/compatible-mode/v1'],
    ['dashscope', 'https://dashscope.aliyuncs.com/compatible-mode/v1'],
    ['dashscope-international', 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1'],
    ['qwen-us', 'https://dashscope-us.aliyuncs.com/compatible-mode/v1'],
    ['aliyun', 'https://coding.dashscope.aliyuncs.com/v1'],
    ['baidu', 'https://qianfan.baidubce.com/v2'],
    ['volcengine', 'https://ark.cn-beijing.volces.com/api/v3'],
    ['ark', 'https://ark.cn-beijing.volces.com/api/v3'],
    ['grok', 'https://api.x.ai/v1'],
    ['silicon-flow', 'https://api.siliconflow.cn/v1'],
    ['step', 'https://api.stepfun.com/v1'],
    ['stepfun-intl', 'https://api.stepfun.ai/v1'],
    ['hf', 'https://router.huggingface.co/v1'],
    ['build.nvidia.com', 'https://integrate.api.nvidia.com/v1'],
    ['ovhcloud', 'https://oai.endpoints.kepler.ai.cloud.ovh.net/v1'],
    ['llama.cpp', 'http://localhost:8080/v1'],
    ['LM-Studio', 'http://localhost:1234/v1'],
    ['ollama', 'http://localhost:11434/v1'],
  ])('%s → %s', (slug, url) => {
    expect(addressOf(slug, 'v1')).toBe(url);
  });

  it('knows which spellings ask for a login, and which were programs', () => {
    expect(resolveSlug('minimax-oauth-cn', 'v1')).toMatchObject({ region: 'cn', authMode: 'oauth' });
    expect(resolveSlug('qwen_oauth', 'v1')).toMatchObject({ region: 'code', authMode: 'oauth' });
    expect(resolveSlug('minimax', 'v1')?.authMode).toBeUndefined();
    expect(resolveSlug('kilo', 'v1')?.row.id).toBe('kilocli');
    expect(resolveSlug('kilo', 'v3')?.row.id).toBe('kilo');
    expect(resolveSlug('codex', 'v1')?.row.id).toBe('openai-codex');
    expect(resolveSlug('openai_codex', 'v1')?.row.id).toBe('openai-codex');
  });
});

describe('spellings of other generations', () => {
  it.each([
    ['moonshot', 'v3', 'https://api.moonshot.ai/v1'],
    ['qwen', 'v3', 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1'],
    ['siliconflow', 'v3', 'https://api.siliconflow.com/v1'],
    ['stepfun', 'v3', 'https://api.stepfun.com/v1'],
    ['kimi', 'zepto', 'https://api.moonshot.cn/v1'],
    ['zhipu', 'zepto', 'https://open.bigmodel.cn/api/paas/v4'],
    ['deepseek', 'zepto', 'https://api.deepseek.com/v1'],
    ['liquid', 'zepto', 'https://labs.liquid.ai/api/v1'],
  ] as const)('%s in %s → %s', (slug, generation, url) => {
    expect(addressOf(slug, generation)).toBe(url);
  });
});

describe('custom addresses', () => {
  it('keeps the URL as written, colons included', () => {
    expect(resolveSlug('custom:https://my-llm.example.com:8443/v1')).toMatchObject({
      row: { id: 'custom' },
      wire: 'openai-chat',
      url: 'https://my-llm.example.com:8443/v1',
    });
    expect(resolveSlug('anthropic-custom:https://p.example.com')).toMatchObject({
      wire: 'anthropic-messages',
      url: 'https://p.example.com',
    });
    expect(addressOf('anthropic-custom:https://p.example.com', 'v1')).toBe('https://p.example.com/v1');
  });

  it('leaves an empty or wrong URL to the one who builds the address', () => {
    expect(resolveSlug('custom:')?.url).toBe('');
    expect(() => addressOf('custom:', 'v1')).toThrow(/uri is required/);
    expect(() => addressOf('custom:my-llm.example.com', 'v1')).toThrow(/no http/);
  });
});

describe('unknown spellings', () => {
  it.each([
    ['antropic', 'anthropic'],
    ['opnai', 'openai'],
    ['deepsek', 'deepseek'],
    ['mistrla', 'mistral'],
    ['lmstudo', 'lmstudio'],
  ])('%s suggests %s', (slug, expected) => {
    expect(resolveSlug(slug)).toBeUndefined();
    expect(nearestSlugs(slug)[0]).toBe(expected);
  });

  it('says how to use any other endpoint', () => {
    expect(unknownSlugMessage('zzzzqqqq')).toBe(
      'Unknown provider "zzzzqqqq". For any other endpoint write "custom:URL" (OpenAI protocol) or "anthropic-custom:URL" (Anthropic protocol).',
    );
    expect(resolveSlug('constructor')).toBeUndefined();
    expect(resolveSlug('__proto__', 'v1')).toBeUndefined();
    expect(resolveSlug('')).toBeUndefined();
  });
});

describe('pickWire', () => {
  const row = (id: string) => vendorById(id) ?? expect.fail(id);
  const available = new Set(['openai-chat', 'anthropic-messages']);
  const registered = (wire: string) => available.has(wire);

  it('takes the first protocol that is there', () => {
    expect(pickWire(row('openai'), registered)).toEqual({ wire: 'openai-chat' });
    expect(pickWire(row('gemini'), registered)).toEqual({ wire: 'openai-chat' });
    expect(pickWire(row('gemini'), () => true)).toEqual({ wire: 'gemini' });
  });

  it('says what is missing', () => {
    expect(pickWire(row('bedrock'), registered)).toEqual({ reason: expect.stringContaining('bedrock-converse') });
    expect(pickWire(row('openai'), registered, 'openai-responses')).toEqual({
      reason: expect.stringContaining('not available yet'),
    });
    expect(pickWire(row('cohere'), registered, 'anthropic-messages')).toEqual({
      reason: expect.stringContaining('does not speak'),
    });
    expect(pickWire(row('grok_cli'), registered)).toEqual({ reason: expect.stringContaining('xai') });
  });
});
