import { describe, expect, it } from 'vitest';
import { anthropic, collect, fallback, openai, ProviderError, type ChatRequest } from '../../src/index.ts';
import type { HttpCall, Transport } from '../../src/transport/transport.ts';

/** Answers every call as the protocol of its path does. */
function vendors() {
  const calls: HttpCall[] = [];
  const transport: Transport = {
    start(call, handler) {
      calls.push(call);
      const body = call.url.endsWith('/messages')
        ? {
            id: 'msg_1',
            type: 'message',
            role: 'assistant',
            model: 'm',
            content: [{ type: 'text', text: 'from messages' }],
            stop_reason: 'end_turn',
            usage: { input_tokens: 1, output_tokens: 1 },
          }
        : {
            id: 'c',
            object: 'chat.completion',
            model: 'm',
            choices: [{ index: 0, message: { role: 'assistant', content: 'from chat' }, finish_reason: 'stop' }],
          };
      queueMicrotask(() => {
        handler.onHead({ status: 200, headers: { 'content-type': 'application/json' } });
        handler.onData(Buffer.from(JSON.stringify(body)));
        handler.onEnd();
      });
      return { pause() {}, resume() {}, abort() {}, finish() {} };
    },
    close() {},
  };
  const options = { transport, apiKey: 'k' };
  return {
    calls,
    chat: openai({ ...options, model: 'gpt-4o' }),
    messages: anthropic({ ...options, model: 'claude-sonnet-4-5' }),
  };
}

const seeded: ChatRequest = { messages: [{ role: 'user', content: 'Hi.' }], seed: 7 };
const textOf = async (answer: ReturnType<ReturnType<typeof vendors>['chat']['chat']>) =>
  (await collect(answer)).content.map((part) => ('text' in part ? part.text : '')).join('');

describe('a strict request', () => {
  it('is refused, and not sent, where something would be lost', async () => {
    const { messages, calls } = vendors();
    const refused = await collect(messages.chat(seeded, { stream: false, strict: true })).catch(
      (error: unknown) => error,
    );
    expect(ProviderError.is(refused) && refused.kind).toBe('unsupported');
    expect((refused as Error).message).toMatch(/would lose: .*seed/);
    expect(calls).toHaveLength(0);
  });

  it('goes on to a target that carries it all', async () => {
    const { messages, chat, calls } = vendors();
    const both = fallback([messages, chat]);
    expect(await textOf(both.chat(seeded, { stream: false, strict: true }))).toBe('from chat');
    expect(calls).toHaveLength(1);
    expect(await textOf(both.chat({ ...seeded, strict: true }, { stream: false }))).toBe('from chat');
  });

  it('is sent as any other where nothing is lost, and loss is allowed to those who do not ask', async () => {
    const { messages, calls } = vendors();
    expect(await textOf(messages.chat({ ...seeded, seed: undefined }, { stream: false, strict: true }))).toBe(
      'from messages',
    );
    expect(await textOf(messages.chat(seeded, { stream: false }))).toBe('from messages');
    expect(calls.map(({ body }) => String(body)).join()).not.toContain('strict');
  });
});
