import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ProviderError } from '../../src/spec/errors.ts';
import { Secret } from '../../src/spec/secret.ts';
import { createEndpoint, type EndpointOptions } from '../../src/vendors/endpoint.ts';
import type { Key } from '../../src/vendors/endpoint-types.ts';
import { globMatches } from '../../src/vendors/glob.ts';
import { vendorById } from '../../src/vendors/lookup.ts';
import { isZhipuPair, signZhipuToken } from '../../src/vendors/special/zhipu-jwt.ts';
import { anthropicMessagesClient } from '../../src/wires/anthropic-messages/index.ts';
import { openaiChatClient } from '../../src/wires/openai-chat/index.ts';

const WALL_MS = 1_700_000_000_000;

function endpoint(slot: string, options: Partial<EndpointOptions> = {}) {
  const row = vendorById(slot) ?? expect.fail(slot);
  const wire = row.wires.includes('openai-chat') ? openaiChatClient : anthropicMessagesClient;
  return createEndpoint({ entry: `${slot}.main`, row, wire, clock: { wallMs: () => WALL_MS }, ...options });
}

function key(value: string): Key {
  const secret = new Secret(value);
  return { fingerprint: secret.fingerprint, secret };
}

const NO_KEY: Key = { fingerprint: 'none' };

describe('headers of a call', () => {
  it.each([
    ['openai', 'sk-1', { authorization: 'Bearer sk-1' }],
    ['openai', '  "sk-1"\n', { authorization: 'Bearer sk-1' }],
    ['openai', 'Bearer sk-1', { authorization: 'Bearer sk-1' }],
    ['anthropic', 'sk-ant-api03-1', { 'x-api-key': 'sk-ant-api03-1' }],
    ['glm', 'plainkey', { authorization: 'Bearer plainkey' }],
    ['ollama', 'k', { authorization: 'Bearer k' }],
  ])('%s with %j', (slot, value, expected) => {
    expect(endpoint(slot).headersFor(key(value))).toEqual(expected);
  });

  it('sends a key as api-key to Azure and a login token as Bearer', () => {
    const azure = endpoint('azure', { fields: { resource: 'r', deployment: 'd' } });
    expect(azure.headersFor(key('abc'))).toEqual({ 'api-key': 'abc' });
    expect(azure.headersFor(key('eyJhbGciOi.eyJzdWIi.sig'))).toEqual({
      authorization: 'Bearer eyJhbGciOi.eyJzdWIi.sig',
    });
  });

  it('sends a Claude login token as Bearer with its beta flag', () => {
    const headers = endpoint('anthropic').headersFor(key('sk-ant-oat01-abc'));
    expect(headers['authorization']).toBe('Bearer sk-ant-oat01-abc');
    expect(headers['anthropic-beta']).toContain('oauth-2025-04-20');
    expect(headers).not.toHaveProperty('x-api-key');
  });

  it('carries no key where there is none, and the placeholder where a server wants any', () => {
    expect(endpoint('vllm').headersFor(NO_KEY)).toEqual({});
    expect(endpoint('lmstudio').headersFor(NO_KEY)).toEqual({ authorization: 'Bearer lm-studio' });
    expect(endpoint('lmstudio').headersFor(key('real'))).toEqual({ authorization: 'Bearer real' });
  });

  it('adds what a coding plan demands, in its region only', () => {
    expect(endpoint('moonshot', { region: 'code' }).headersFor(key('k'))['user-agent']).toBe('KimiCLI/0.77');
    expect(endpoint('moonshot').headersFor(key('k'))).not.toHaveProperty('user-agent');
    expect(endpoint('qwen', { region: 'coding' }).headersFor(key('k'))['user-agent']).toBe('openclaw');
  });

  it('lets the user add and replace headers, in lower case', () => {
    const extraHeaders = { 'X-Trace': 'on', Authorization: new Secret('Bearer own'), 'User-Agent': 'me' };
    const headers = endpoint('moonshot', { region: 'code', extraHeaders }).headersFor(key('k'));
    expect(headers).toEqual({ authorization: 'Bearer own', 'x-trace': 'on', 'user-agent': 'me' });
  });

  it.each([
    [{ 'X-Key': 'line\nbreak-secret' }, /"x-key" contains a line break/],
    [{ 'X-Key': 'smart…secret' }, /"x-key" contains a character/],
    [{ 'Bad Name': 'secret' }, /not a valid header name/],
    [{ Host: 'secret.example' }, /set by the connection/],
  ])('refuses %j at load and never repeats the value', (extraHeaders, message) => {
    let thrown: unknown;
    try {
      endpoint('custom', { uri: 'http://h', extraHeaders });
    } catch (error) {
      thrown = error;
    }
    expect(ProviderError.is(thrown) && thrown.kind).toBe('config');
    expect(String(thrown)).toMatch(message);
    expect(String(thrown)).not.toContain('secret');
  });

  it('refuses a key that cannot travel in a header, naming its fingerprint only', () => {
    const bad = key('sk-“quoted”');
    expect(() => endpoint('openai').headersFor(bad)).toThrow(
      new RegExp(`key ${bad.fingerprint}: the value of the header "authorization"`),
    );
    expect(() => endpoint('openai').headersFor(bad)).not.toThrow(/quoted/);
  });
});

describe('the older keys of Zhipu', () => {
  it('are signed: HS256, milliseconds, 3.5 minutes', () => {
    const [header = '', payload = '', signature] = signZhipuToken('my-id.my-secret', WALL_MS).split('.');
    const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
    expect(read(header)).toEqual({ alg: 'HS256', typ: 'JWT', sign_type: 'SIGN' });
    expect(read(payload)).toEqual({ api_key: 'my-id', exp: WALL_MS + 210_000, timestamp: WALL_MS });
    expect(signature).toBe(createHmac('sha256', 'my-secret').update(`${header}.${payload}`).digest('base64url'));
    expect(signature).not.toMatch(/[=+/]/);
  });

  it('are told from plain ones by their dot', () => {
    expect([isZhipuPair('a.b'), isZhipuPair('ab'), isZhipuPair('a.b.c'), isZhipuPair('.b')]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    const headers = endpoint('zai').headersFor(key('my-id.my-secret'));
    expect(headers['authorization']).toBe(`Bearer ${signZhipuToken('my-id.my-secret', WALL_MS)}`);
  });
});

describe('behaviours', () => {
  it('come from wire, row, region, model rule and user, later ones winning', () => {
    expect(endpoint('groq').quirksFor('llama-3.3-70b-versatile').nativeTools).toBe(false);
    expect(endpoint('groq', { nativeTools: true }).quirksFor('llama-3.3-70b-versatile').nativeTools).toBe(true);
    expect(endpoint('moonshot').quirksFor('kimi-k2-0905-preview').vision).toBeUndefined();
    expect(endpoint('moonshot', { region: 'code' }).quirksFor('kimi-k2-0905-preview').vision).toBe(true);
    expect(endpoint('moonshot', { region: 'code', vision: false }).quirksFor('k').vision).toBe(false);
    expect(endpoint('custom', { uri: 'http://h', mergeSystemIntoUser: true }).quirksFor('m').systemRole).toBe('merge');
    expect(endpoint('deepseek', { quirks: { prefill: 'none' } }).quirksFor('m').prefill).toBe('none');
  });

  it.each([
    ['openai', 'o3-mini', { systemRole: 'developer', maxTokensField: 'max_completion_tokens' }],
    ['openai', 'gpt-5.1', { systemRole: 'developer' }],
    ['openai', 'gpt-4o', { systemRole: 'system', maxTokensField: 'auto', omitParameters: [] }],
    ['openai', 'gpt-5-chat-latest', { systemRole: 'system', omitParameters: [] }],
    ['mistral', 'mistral-large-latest', { toolCallIdFormat: 'alnum9', toolChoiceRequired: 'any', streamUsage: false }],
    ['minimax', 'MiniMax-M2', { systemRole: 'merge' }],
    ['deepseek', 'deepseek-v3.1', { systemRole: 'merge' }],
    ['deepseek', 'deepseek-chat', { systemRole: 'system' }],
    ['xai', 'grok-4', { outputExcludesReasoning: true }],
    ['perplexity', 'sonar', { nativeTools: false }],
    ['venice', 'x', { nativeTools: false }],
    ['cloudflare', 'x', { assistantContentString: true }],
    ['zai', 'glm-4.6', { toolExtra: { tool_stream: true } }],
    ['anthropic', 'claude-sonnet-4-5', { prefill: 'last-assistant', omitParameters: [], systemRole: 'system' }],
    ['anthropic', 'claude-sonnet-4-20250514', { prefill: 'last-assistant', omitParameters: [] }],
    ['anthropic', 'claude-3-5-sonnet-20241022', { prefill: 'last-assistant', omitParameters: [] }],
    ['anthropic', 'claude-opus-4-6', { prefill: 'none', omitParameters: [] }],
    ['anthropic', 'claude-opus-4-7', { prefill: 'none', omitParameters: ['temperature', 'top_p', 'top_k'] }],
    ['anthropic', 'claude-newest-9', { prefill: 'none' }],
  ])('%s %s', (slot, model, expected) => {
    expect(endpoint(slot).quirksFor(model)).toMatchObject(expected);
  });

  it('are frozen, and the same object each time', () => {
    const one = endpoint('openai');
    expect(one.quirksFor('gpt-4o')).toBe(one.quirksFor('gpt-4o'));
    expect(Object.isFrozen(one.quirksFor('gpt-4o'))).toBe(true);
  });

  it('match globs on the whole id without case', () => {
    expect(globMatches('o[134]*', 'o3-mini')).toBe(true);
    expect(globMatches('o[134]*', 'olmo')).toBe(false);
    expect(globMatches('deepseek-v3*', 'DeepSeek-V3.1')).toBe(true);
    expect(globMatches('gpt-4.1', 'gpt-401')).toBe(false);
    expect(globMatches('*', '')).toBe(true);
  });
});

describe('an endpoint', () => {
  it('refuses a protocol its vendor does not speak, and a slot that cannot be called', () => {
    expect(() => endpoint('cohere', { wire: anthropicMessagesClient })).toThrow(
      /cohere.main: Cohere does not speak anthropic-messages/,
    );
    expect(() => endpoint('gemini_cli')).toThrow(/use the gemini slot/);
  });

  it('leads to the Messages path whether the wire writes the version or not', () => {
    const one = endpoint('anthropic', { uri: 'https://p.example/claude' });
    expect(one.urlFor('/v1/messages')).toBe('https://p.example/claude/v1/messages');
    expect(one.urlFor('/messages')).toBe('https://p.example/claude/v1/messages');
    expect(endpoint('anthropic', { uri: 'https://p.example/odd/messages?beta=true' }).urlFor('/v1/messages')).toBe(
      'https://p.example/odd/messages?beta=true',
    );
  });

  it('carries the defaults of its entry', () => {
    const one = endpoint('openai', {
      maxTokens: 5,
      temperature: 0.1,
      think: false,
      timeoutMs: 9,
      tlsCaCertPath: '/ca.pem',
    });
    expect(one.defaults).toMatchObject({ maxTokens: 5, temperature: 0.1, think: false });
    expect(one).toMatchObject({ timeoutMs: 9, tlsCaCertPath: '/ca.pem', entry: 'openai.main', slot: 'openai' });
  });
});
