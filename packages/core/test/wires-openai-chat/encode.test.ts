import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/spec/json.ts';
import { needsMaxCompletionTokens, openaiChatClient } from '../../src/wires/openai-chat/index.ts';
import type { Quirks } from '../../src/wires/quirks.ts';
import { testTarget } from '../testkit/samples.ts';
import { encoded } from './encode-support.ts';

describe('the body', () => {
  it('holds only what is set', () => {
    const { body, path, method, headers, lost } = encoded({});
    expect(body).toEqual({ model: 'm-1', messages: [{ role: 'user', content: 'hi' }] });
    expect({ path, method, lost }).toEqual({ path: '/chat/completions', method: 'POST', lost: [] });
    expect(headers).toMatchObject({ 'content-type': 'application/json', accept: 'application/json' });
  });

  it('asks for a stream with usage, without where that is not understood', () => {
    const stream = (quirks: Partial<Quirks>) =>
      JSON.parse(openaiChatClient.encode({ messages: [] }, testTarget(quirks), 'stream').body) as JsonObject;
    expect(stream({})).toMatchObject({ stream: true, stream_options: { include_usage: true } });
    expect(stream({ streamUsage: false })).not.toHaveProperty('stream_options');
  });

  it('takes defaults where the request is silent, and never over it', () => {
    const defaults = { maxTokens: 5, temperature: 0.1 };
    expect(encoded({}, {}, { defaults }).body).toMatchObject({ max_tokens: 5, temperature: 0.1 });
    expect(encoded({ maxTokens: 9, temperature: 0 }, {}, { defaults }).body).toMatchObject({
      max_tokens: 9,
      temperature: 0,
    });
  });

  it('merges configured extras below the caller’s fields and the request’s own', () => {
    const defaults = { providerExtra: { top_p: 0.1, a: 1, b: 1, model: 'evil' } };
    const request = { topP: 0.5, extensions: { wire: 'openai-chat' as const, body: { b: 2, messages: [] } } };
    expect(encoded(request, {}, { defaults }).body).toMatchObject({
      top_p: 0.5,
      a: 1,
      b: 2,
      model: 'm-1',
      messages: [{}],
    });
  });

  it('declares fields of another wire lost', () => {
    const { body, lost } = encoded({ extensions: { wire: 'anthropic-messages', body: { service_tier: 'x' } } });
    expect(body).not.toHaveProperty('service_tier');
    expect(lost).toEqual(['service_tier (a field of anthropic-messages)']);
  });

  it('names the output limit as the model wants it', () => {
    const field = (model: string) =>
      Object.keys(encoded({ maxTokens: 1 }, { maxTokensField: 'auto' }, { model }).body).at(-1);
    expect(field('gpt-4o')).toBe('max_tokens');
    expect(field('o3-mini')).toBe('max_completion_tokens');
    expect(encoded({ maxTokens: 1 }, { maxTokensField: 'max_completion_tokens' }).body).toHaveProperty(
      'max_completion_tokens',
      1,
    );
  });

  it.each([
    'o1',
    'o3',
    'o4-mini',
    'o1-2024-12-17',
    'gpt-5',
    'gpt-5.1-codex',
    'gpt-6',
    'gpt-10-x',
    'openai/gpt-5-mini',
    'ft:o4-mini:org',
  ])('knows %s as a model with max_completion_tokens', (model) => expect(needsMaxCompletionTokens(model)).toBe(true));
  it.each(['gpt-4o', 'gpt-4.1', 'gpt-oss-120b', 'gpt-3.5-turbo', 'chatgpt-4o-latest', 'olmo-2', 'omni', 'claude-5'])(
    'knows %s as one with max_tokens',
    (model) => expect(needsMaxCompletionTokens(model)).toBe(false),
  );

  it('leaves out what the model rejects, and says so', () => {
    const { body, lost } = encoded({ temperature: 1, stop: ['x'] }, { omitParameters: ['temperature', 'top_p'] });
    expect(body).not.toHaveProperty('temperature');
    expect(body).toHaveProperty('stop', ['x']);
    expect(lost).toEqual(['temperature']);
  });

  it('writes no lone surrogate', () => {
    const half = '\ud83d';
    const call = openaiChatClient.encode(
      {
        messages: [{ role: 'user', content: `a${half}b \\ud83d 🎈` }],
        extensions: { wire: 'openai-chat', body: { [half]: half } },
      },
      testTarget(),
      'whole',
    );
    expect(call.body.isWellFormed()).toBe(true);
    expect(call.body).not.toMatch(/[^\\]\\ud83d/);
    expect(JSON.parse(call.body)).toMatchObject({ messages: [{ content: 'a\ufffdb \\ud83d 🎈' }], '\ufffd': '\ufffd' });
  });
});
