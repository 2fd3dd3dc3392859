import { describe, expect, it } from 'vitest';
import { readModelPage } from '../../src/catalog/advertised.ts';
import { vendor } from '../../src/library/vendors.ts';
import type { HttpCall, Transport } from '../../src/transport/transport.ts';

const page = (value: unknown) => readModelPage(JSON.stringify(value));

/** Answers each call in turn, whatever it asks. */
function scripted(answers: readonly { readonly status?: number; readonly body: unknown }[]) {
  const calls: HttpCall[] = [];
  const transport: Transport = {
    start(call, handler) {
      const answer = answers[Math.min(calls.push(call), answers.length) - 1];
      queueMicrotask(() => {
        handler.onHead({ status: answer?.status ?? 200, headers: { 'content-type': 'application/json' } });
        handler.onData(Buffer.from(JSON.stringify(answer?.body)));
        handler.onEnd();
      });
      return { pause() {}, resume() {}, abort() {}, finish() {} };
    },
    close() {},
  };
  return { transport, calls };
}

describe('readModelPage', () => {
  it('reads the lists of every protocol', () => {
    expect(page({ object: 'list', data: [{ id: 'm', owned_by: 'acme', context_length: 8192 }] })).toEqual({
      models: [{ id: 'm', isChat: true, contextWindow: 8192, ownedBy: 'acme' }],
    });
    expect(page({ models: [{ name: 'models/gemini-x', inputTokenLimit: 5 }], nextPageToken: 't' })).toEqual({
      models: [{ id: 'gemini-x', isChat: true, contextWindow: 5 }],
      next: { pageToken: 't' },
    });
    expect(page({ models: [{ name: 'llama3.2:latest', model: 'llama3.2:latest' }] })?.models[0]?.id).toBe(
      'llama3.2:latest',
    );
    const cohere = [
      { name: 'command-a-03-2025', endpoints: ['generate', 'chat'], context_length: 288000 },
      { name: 'other', endpoints: ['classify'] },
    ];
    expect(page({ models: cohere, next_page_token: 't' })).toEqual({
      models: [
        { id: 'command-a-03-2025', isChat: true, contextWindow: 288000 },
        { id: 'other', isChat: false },
      ],
      next: { page_token: 't' },
    });
    expect(page({ data: [{ id: 'a' }], has_more: true, last_id: 'a' })?.next).toEqual({ after_id: 'a' });
    expect(page({ data: [{ id: 'a' }], has_more: false, last_id: 'a' })?.next).toBeUndefined();
    expect(page(['a', '', 7, { id: 'b' }])?.models.map(({ id }) => id)).toEqual(['a', 'b']);
  });

  it('says when it is no list', () => {
    expect(readModelPage('<html>')).toBeUndefined();
    expect(page({ error: 'no' })).toBeUndefined();
    expect(page({ data: {} })).toBeUndefined();
  });

  it('believes the vendor about what chats, then the name', () => {
    const chats = (item: unknown) => page({ data: [item] })?.models[0]?.isChat;
    expect(chats({ id: 'text-bison', supportedGenerationMethods: ['embedContent'] })).toBe(false);
    expect(chats({ id: 'tts-but-chats', capabilities: { completion_chat: true } })).toBe(true);
    expect(chats({ id: 'm', capabilities: { type: 'embeddings' } })).toBe(false);
    expect(chats({ id: 'm', type: 'image' })).toBe(false);
    expect(chats({ id: 'm', architecture: { output_modalities: ['image'] } })).toBe(false);
    for (const id of [
      'text-embedding-3-small',
      'whisper-1',
      'tts-1-hd',
      'dall-e-3',
      'gpt-image-1',
      'omni-moderation-latest',
      'gpt-4o-realtime-preview',
      'nomic-embed-text',
      'BAAI/bge-m3',
      'imagen-4.0',
      'sora-2',
      'gpt-4o-mini-transcribe',
      'mistral-ocr-latest',
    ])
      expect(chats({ id }), id).toBe(false);
    for (const id of [
      'gpt-5.1',
      'claude-sonnet-4-5',
      'gemini-2.5-flash',
      'mistral-large-latest',
      'qwen3-vl-plus',
      'gpt-4o-mini',
      'llama-3.3-70b',
      'o3',
      'gpt-oss-120b',
    ])
      expect(chats({ id }), id).toBe(true);
  });
});

describe('listModels of a vendor', () => {
  it('reads all pages and names each model once', async () => {
    const { transport, calls } = scripted([
      { body: { data: [{ id: 'a' }, { id: 'b' }], has_more: true, last_id: 'b' } },
      { body: { data: [{ id: 'b' }, { id: 'c' }], has_more: false, last_id: 'c' } },
    ]);
    const models = await vendor('anthropic', { apiKey: 'k', transport }).listModels?.();
    expect(models?.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(calls.map(({ url }) => url)).toEqual([
      'https://api.anthropic.com/v1/models?limit=1000',
      'https://api.anthropic.com/v1/models?limit=1000&after_id=b',
    ]);
    expect(calls[0]?.headers['x-api-key']).toBe('k');
  });

  it('stops when a server gives the same page for ever', async () => {
    const { transport, calls } = scripted([{ body: { models: [{ name: 'models/a' }], nextPageToken: 'again' } }]);
    await vendor('gemini', { apiKey: 'k', transport }).listModels?.();
    expect(calls.map(({ url }) => new URL(url).search)).toEqual(['?pageSize=1000', '?pageSize=1000&pageToken=again']);
  });

  it('fails by class', async () => {
    const listing = (status: number, body: unknown) =>
      vendor('openai', { apiKey: 'sk-planted-key', transport: scripted([{ status, body }]).transport }).listModels?.();
    await expect(listing(401, { error: { message: 'bad sk-planted-key' } })).rejects.toMatchObject({ kind: 'auth' });
    await expect(listing(429, { error: { message: 'Rate limit reached' } })).rejects.toMatchObject({
      kind: 'rate-limit',
    });
    await expect(listing(503, 'down')).rejects.toMatchObject({ kind: 'overloaded' });
    await expect(listing(200, { hello: 1 })).rejects.toMatchObject({ kind: 'protocol' });
    const silent = vendor('perplexity', { apiKey: 'k', transport: scripted([]).transport });
    await expect(silent.listModels?.()).rejects.toMatchObject({ kind: 'config' });
  });

  it('is cancelled by its signal', async () => {
    const transport: Transport = {
      start: () => ({ pause() {}, resume() {}, abort() {}, finish() {} }),
      close() {},
    };
    const abort = new AbortController();
    const listing = vendor('openai', { apiKey: 'k', transport }).listModels?.({ signal: abort.signal });
    abort.abort();
    await expect(listing).rejects.toMatchObject({ kind: 'cancelled' });
  });
});
