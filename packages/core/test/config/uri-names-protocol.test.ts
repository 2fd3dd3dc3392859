import { describe, expect, it } from 'vitest';
import { load } from './support.ts';

const wireOf = (slot: string, lines: string): string | undefined =>
  load(`[providers.models.${slot}.a]\napi_key = "k"\nmodel = "m"\n${lines}\n`).entries.get(`${slot}.a`)?.wire;

describe('a full endpoint as uri', () => {
  it.each([
    ['http://127.0.0.1:9/v1/messages', 'anthropic-messages'],
    ['http://127.0.0.1:9/v1/responses/', 'openai-responses'],
    ['http://127.0.0.1:9/v1/chat/completions?x=1', 'openai-chat'],
    ['http://127.0.0.1:9/v2/chat', 'cohere-chat'],
    ['http://127.0.0.1:9/v1beta/interactions', 'gemini-interactions'],
    ['http://127.0.0.1:9/messages/v1', undefined],
    ['http://127.0.0.1:9/v1', undefined],
  ])('%s is called by its own protocol', (uri, wire) => {
    expect(wireOf('custom', `uri = "${uri}"`)).toBe(wire);
  });

  it('gives way to wire_api and to what the slot speaks', () => {
    const uri = 'uri = "http://127.0.0.1:9/v1/messages"';
    expect(wireOf('custom', `${uri}\nwire_api = "responses"`)).toBe('openai-responses');
    expect(wireOf('groq', uri)).toBeUndefined();
  });
});
