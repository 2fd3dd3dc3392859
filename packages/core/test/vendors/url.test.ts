import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProviderError } from '../../src/spec/errors.ts';
import type { WireId } from '../../src/spec/wire-id.ts';
import { vendorById } from '../../src/vendors/lookup.ts';
import type { VendorRow } from '../../src/vendors/row.ts';
import { joinUrl, resolveBaseUrl } from '../../src/vendors/url.ts';

function row(id: string): VendorRow {
  const found = vendorById(id);
  if (found === undefined) throw new Error(`no row ${id}`);
  return found;
}

const PATHS: Readonly<Record<string, string>> = {
  'openai-chat': '/chat/completions',
  'openai-responses': '/responses',
  'anthropic-messages': '/messages',
  gemini: '/models/m:generateContent',
  'bedrock-converse': '/model/m/converse',
  'ollama-chat': '/api/chat',
  'cohere-chat': '/v2/chat',
  'gemini-interactions': '/interactions',
};

const called = (
  slot: string,
  uri: string | undefined,
  wire: WireId = 'openai-chat',
  fields = {},
  region?: string,
): string => joinUrl(resolveBaseUrl(row(slot), region, uri, wire, fields), PATHS[wire] ?? '');

describe('uri of an OpenAI-shaped entry', () => {
  it.each([
    ['http://127.0.0.1:9000', 'http://127.0.0.1:9000/v1/chat/completions'],
    ['http://127.0.0.1:9000/', 'http://127.0.0.1:9000/v1/chat/completions'],
    ['http://127.0.0.1:9000//', 'http://127.0.0.1:9000/v1/chat/completions'],
    ['  http://127.0.0.1:9000/v1  ', 'http://127.0.0.1:9000/v1/chat/completions'],
    ['http://127.0.0.1:9000/v1/', 'http://127.0.0.1:9000/v1/chat/completions'],
    ['http://127.0.0.1:9000/v1//', 'http://127.0.0.1:9000/v1/chat/completions'],
    ['http://127.0.0.1:9000/v1/chat/completions', 'http://127.0.0.1:9000/v1/chat/completions'],
    ['http://127.0.0.1:9000/v1/chat/completions/', 'http://127.0.0.1:9000/v1/chat/completions'],
    ['http://127.0.0.1:9000/v1/responses', 'http://127.0.0.1:9000/v1/chat/completions'],
    ['http://127.0.0.1:9000/v1/models', 'http://127.0.0.1:9000/v1/chat/completions'],
    ['http://127.0.0.1:9000/v1/messages', 'http://127.0.0.1:9000/v1/chat/completions'],
    ['http://127.0.0.1:9000/chat/completions', 'http://127.0.0.1:9000/chat/completions'],
    ['https://x.example/openai/v1', 'https://x.example/openai/v1/chat/completions'],
    ['https://x.example/api/v1', 'https://x.example/api/v1/chat/completions'],
    ['https://x.example/compatibility/v1/', 'https://x.example/compatibility/v1/chat/completions'],
    ['https://x.example/inference/v1', 'https://x.example/inference/v1/chat/completions'],
    ['https://x.example/api/paas/v4', 'https://x.example/api/paas/v4/chat/completions'],
    ['https://x.example/openai', 'https://x.example/openai/chat/completions'],
    ['https://x.example/api/chat/completions', 'https://x.example/api/chat/completions'],
    ['https://x.example/v1?team=a&mode=b', 'https://x.example/v1/chat/completions?team=a&mode=b'],
    ['https://x.example?team=a', 'https://x.example/v1/chat/completions?team=a'],
    ['https://x.example/v1/chat/completions?api-version=2', 'https://x.example/v1/chat/completions?api-version=2'],
    ['https://x.example/v1/?team=a', 'https://x.example/v1/chat/completions?team=a'],
    ['HTTPS://X.example/v1', 'https://x.example/v1/chat/completions'],
    ['http://[::1]:8080', 'http://[::1]:8080/v1/chat/completions'],
    ['https://x.example/v1#section', 'https://x.example/v1/chat/completions'],
  ])('%s → %s', (uri, expected) => {
    expect(called('custom', uri)).toBe(expected);
  });

  it('leads a full chat endpoint to /responses when that protocol was chosen', () => {
    expect(called('custom', 'http://h:1/v1/chat/completions', 'openai-responses')).toBe('http://h:1/v1/responses');
    expect(called('openai', undefined, 'openai-responses')).toBe('https://api.openai.com/v1/responses');
  });

  it('gives a vendor host of the table the path that vendor is known by', () => {
    expect(called('groq', 'https://api.groq.com')).toBe('https://api.groq.com/openai/v1/chat/completions');
    expect(called('perplexity', 'https://api.perplexity.ai/')).toBe('https://api.perplexity.ai/chat/completions');
    expect(called('openrouter', 'https://openrouter.ai')).toBe('https://openrouter.ai/api/v1/chat/completions');
    expect(called('groq', 'http://127.0.0.1:7777')).toBe('http://127.0.0.1:7777/v1/chat/completions');
  });
});

describe('uri of an Anthropic-shaped entry', () => {
  it.each([
    ['https://proxy.example', 'https://proxy.example/v1/messages'],
    ['https://proxy.example/', 'https://proxy.example/v1/messages'],
    ['https://proxy.example/v1', 'https://proxy.example/v1/messages'],
    ['https://proxy.example/v1/', 'https://proxy.example/v1/messages'],
    ['https://proxy.example/v1/messages', 'https://proxy.example/v1/messages'],
    ['https://proxy.example/v1/messages?beta=true', 'https://proxy.example/v1/messages?beta=true'],
    ['https://proxy.example/v1/messages/count_tokens', 'https://proxy.example/v1/messages'],
    ['https://proxy.example/anthropic', 'https://proxy.example/anthropic/v1/messages'],
    ['https://proxy.example/api/anthropic/', 'https://proxy.example/api/anthropic/v1/messages'],
    ['https://proxy.example/anthropic/v1', 'https://proxy.example/anthropic/v1/messages'],
  ])('%s → %s', (uri, expected) => {
    expect(called('anthropic', uri, 'anthropic-messages')).toBe(expected);
  });
});

describe('ollama', () => {
  it.each([
    ['http://localhost:11434', 'http://localhost:11434/v1/chat/completions'],
    ['http://localhost:11434/', 'http://localhost:11434/v1/chat/completions'],
    ['http://localhost:11434/api', 'http://localhost:11434/v1/chat/completions'],
    ['http://localhost:11434/api/chat', 'http://localhost:11434/v1/chat/completions'],
    ['http://localhost:11434/v1', 'http://localhost:11434/v1/chat/completions'],
    ['http://gpu.example:11434/api/', 'http://gpu.example:11434/v1/chat/completions'],
    ['https://gpu.example/ollama/api/chat', 'https://gpu.example/ollama/v1/chat/completions'],
  ])('%s → %s', (uri, expected) => {
    expect(called('ollama', uri)).toBe(expected);
  });

  it('keeps its own protocol at the root', () => {
    for (const uri of [
      undefined,
      'http://localhost:11434/v1',
      'http://localhost:11434/api/chat',
      'http://localhost:11434',
    ]) {
      expect(called('ollama', uri, 'ollama-chat')).toBe('http://localhost:11434/api/chat');
    }
  });
});

describe('protocols of their own', () => {
  it.each([
    [undefined, 'https://api.cohere.com/v2/chat'],
    ['https://api.cohere.com', 'https://api.cohere.com/v2/chat'],
    ['https://api.cohere.ai/compatibility/v1', 'https://api.cohere.ai/v2/chat'],
    ['https://api.cohere.com/v2/chat/', 'https://api.cohere.com/v2/chat'],
    ['https://proxy.example/cohere/v2', 'https://proxy.example/cohere/v2/chat'],
    ['https://proxy.example/cohere', 'https://proxy.example/cohere/v2/chat'],
  ])('cohere-chat: %s → %s', (uri, expected) => {
    expect(called('cohere', uri, 'cohere-chat')).toBe(expected);
  });

  it.each([
    [undefined, 'https://generativelanguage.googleapis.com/v1beta/interactions'],
    ['https://generativelanguage.googleapis.com', 'https://generativelanguage.googleapis.com/v1beta/interactions'],
    ['http://127.0.0.1:9/v1beta/interactions', 'http://127.0.0.1:9/v1beta/interactions'],
    ['http://127.0.0.1:9/v1beta/models/m:generateContent', 'http://127.0.0.1:9/v1beta/interactions'],
    ['http://127.0.0.1:9', 'http://127.0.0.1:9/v1beta/interactions'],
  ])('gemini-interactions: %s → %s', (uri, expected) => {
    expect(called('gemini', uri, 'gemini-interactions')).toBe(expected);
  });
});

describe('azure', () => {
  const fields = { resource: 'res', deployment: 'my gpt', api_version: '2025-01-01' };
  it('fills resource, deployment and api-version', () => {
    expect(called('azure', undefined, 'openai-chat', fields)).toBe(
      'https://res.openai.azure.com/openai/deployments/my%20gpt/chat/completions?api-version=2025-01-01',
    );
    expect(called('azure', undefined, 'openai-chat', { resource: 'r', deployment: 'd' })).toContain(
      'api-version=2024-08-01-preview',
    );
  });

  it.each([
    [
      'https://res.openai.azure.com',
      { deployment: 'd' },
      'https://res.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-08-01-preview',
    ],
    [
      'http://127.0.0.1:9/',
      { deployment: 'd', api_version: 'v' },
      'http://127.0.0.1:9/openai/deployments/d/chat/completions?api-version=v',
    ],
    ['https://res.openai.azure.com', {}, 'https://res.openai.azure.com/openai/v1/chat/completions'],
    [
      'https://res.openai.azure.com/openai/v1',
      { deployment: 'd' },
      'https://res.openai.azure.com/openai/v1/chat/completions',
    ],
    [
      'https://res.openai.azure.com/openai/deployments/d',
      {},
      'https://res.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-08-01-preview',
    ],
    [
      'https://res.openai.azure.com/openai/deployments/d/chat/completions?api-version=x',
      {},
      'https://res.openai.azure.com/openai/deployments/d/chat/completions?api-version=x',
    ],
  ])('uri %s', (uri, given, expected) => {
    expect(called('azure', uri, 'openai-chat', given)).toBe(expected);
  });

  it('names every missing field and its variables', () => {
    expect(() => called('azure', undefined)).toThrow(
      /set resource and deployment .*AZURE_OPENAI_RESOURCE, AZURE_OPENAI_DEPLOYMENT/,
    );
  });
});

describe('regions', () => {
  it('selects by name and refuses an unknown one', () => {
    expect(called('moonshot', undefined)).toBe('https://api.moonshot.ai/v1/chat/completions');
    expect(called('moonshot', undefined, 'openai-chat', {}, 'cn')).toBe('https://api.moonshot.cn/v1/chat/completions');
    expect(() => called('moonshot', undefined, 'openai-chat', {}, 'mars')).toThrow(
      /no endpoint "mars".*intl, cn, code/,
    );
  });

  it('serves another protocol from its own base', () => {
    expect(called('deepseek', undefined, 'anthropic-messages')).toBe('https://api.deepseek.com/anthropic/v1/messages');
    expect(called('zai', undefined, 'anthropic-messages', {}, 'cn')).toBe(
      'https://open.bigmodel.cn/api/anthropic/v1/messages',
    );
    expect(called('gemini', undefined)).toBe(
      'https://generativelanguage.googleapis.com/v1beta/openai/chat/completions',
    );
    expect(called('gemini', undefined, 'gemini')).toBe(
      'https://generativelanguage.googleapis.com/v1beta/models/m:generateContent',
    );
  });
});

describe('unusable uris', () => {
  it.each([
    ['localhost:8080/v1', /no http:\/\/ or https:\/\/ in front: try http:\/\/localhost:8080\/v1/],
    ['api.example.com/v1', /try https:\/\/api\.example\.com\/v1/],
    ['ftp://x.example/v1', /uses ftp:\/\//],
    ['file:///etc/passwd', /uses file:\/\//],
    ['http://', /not a valid URL/],
    ['http://exa mple.com', /not a valid URL/],
    ['not a url', /no http/],
    ['http://host:99999/v1', /not a valid URL/],
  ])('%s', (uri, message) => {
    expect(() => called('custom', uri)).toThrow(message);
  });

  it('refuses credentials without repeating them', () => {
    for (const uri of ['https://user:hunter2secret@x.example/v1', 'user:hunter2secret@x.example/v1']) {
      let said = '';
      try {
        called('custom', uri);
      } catch (error) {
        said = String(error);
        expect(ProviderError.is(error) && error.kind).toBe('config');
      }
      expect(said).not.toBe('');
      expect(said).not.toContain('hunter2secret');
    }
  });

  it('needs a uri where the table has none, and says why a command-line slot cannot be called', () => {
    expect(() => called('custom', undefined)).toThrow(/uri is required/);
    expect(() => called('gemini_cli', undefined)).toThrow(/runs as a program of its own/);
  });
});

describe('joinUrl', () => {
  it.each([
    ['https://h/v1', '/x', 'https://h/v1/x'],
    ['https://h/v1/', 'x', 'https://h/v1/x'],
    ['https://h/v1?a=1', '/x?alt=sse', 'https://h/v1/x?a=1&alt=sse'],
    ['https://h/v1', '/v1/messages', 'https://h/v1/messages'],
    ['https://h/v1', '/v10/messages', 'https://h/v1/v10/messages'],
    ['https://h', '', 'https://h'],
  ])('%s + %s', (base, path, expected) => {
    expect(joinUrl(base, path)).toBe(expected);
  });
});

describe('any uri', () => {
  const segment = fc
    .stringMatching(/^[a-z][a-z0-9-]{0,8}$/)
    .filter((word) => !['messages', 'completions', 'responses', 'models'].includes(word));
  const parts = fc.record({
    host: fc.stringMatching(/^[a-z]{2,9}\.example$/),
    port: fc.option(fc.integer({ min: 1024, max: 65_535 }), { nil: undefined }),
    path: fc.array(segment, { maxLength: 3 }),
    version: fc.constantFrom('', '/v1', '/v4', '/v1beta'),
    full: fc.boolean(),
    slashes: fc.constantFrom('', '/', '//'),
    query: fc.constantFrom('', '?a=1', '?a=1&b=%2F'),
  });

  it('ends at the operation once, keeps host, path and query, and gives the same again from its own result', () => {
    fc.assert(
      fc.property(parts, fc.constantFrom<WireId>('openai-chat', 'anthropic-messages'), (p, wire) => {
        const operation = PATHS[wire] ?? '';
        const origin = `http://${p.host}${p.port === undefined ? '' : `:${p.port}`}`;
        const path = `${p.path.map((part) => `/${part}`).join('')}${p.version}`;
        const url = called('custom', `${origin}${path}${p.full ? operation : ''}${p.slashes}${p.query}`, wire);
        const parsed = new URL(url);
        expect(parsed.origin).toBe(new URL(origin).origin);
        expect(parsed.search).toBe(p.query);
        expect(parsed.pathname.startsWith(path)).toBe(true);
        expect(parsed.pathname.endsWith(operation)).toBe(true);
        expect(parsed.pathname.split(operation)).toHaveLength(2);
        expect(parsed.pathname).not.toContain('//');
        expect(called('custom', url, wire)).toBe(url);
      }),
      { numRuns: 300 },
    );
  });
});
