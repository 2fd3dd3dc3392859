import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { ASK, SUM, bench, bodies, say, vendor, useVendors } from './helpers/agent-bench.ts';
import { post } from './helpers/running-gateway.ts';

useVendors();

describe('an agent on the gateway beside the tools of its caller', () => {
  it('gives the caller calls of its own tools, after it has run those of the agent', async () => {
    const { url } = await bench();
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'x', maxRetries: 0 });
    const tools = [{ type: 'function' as const, function: { name: 'look', parameters: { type: 'object' } } }];
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'How much?' }];
    say(SUM, { text: 'Now you.', toolCalls: [{ name: 'look', arguments: { at: 1 }, id: 'c1' }] }, 'It is there.');
    const first = await client.chat.completions.stream({ model: 'lead', messages, tools }).finalChatCompletion();
    const message = first.choices[0]?.message;
    expect(first.choices[0]?.finish_reason).toBe('tool_calls');
    expect(message?.content).toBe('I add.\n\nNow you.');
    expect(message?.tool_calls?.map((one) => one.type === 'function' && one.function)).toMatchObject([
      { name: 'look', arguments: '{"at":1}' },
    ]);
    messages.push(message as never, { role: 'tool', tool_call_id: 'c1', content: 'a door' });
    const second = await client.chat.completions.create({ model: 'lead', messages, tools });
    expect(second.choices[0]?.message.content).toBe('It is there.');
    const last = vendor.requests.at(-1)?.body as { messages: { role: string; tool_call_id?: string }[] };
    // The model finds what its own tools gave in between, which the caller never saw.
    expect(last.messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'tool', 'assistant', 'tool']);
    expect(JSON.stringify(last)).toContain('The sum of 20 and 22 is 42');
    expect(last.messages.at(-1)).toMatchObject({ tool_call_id: 'c1', content: 'a door' });
  });

  it('runs its own calls of a step beside those that it gives to the caller, and keeps them from others', async () => {
    const { url, keys } = await bench('', { callers: { one: {}, other: {} } });
    const tools = [{ name: 'look', input_schema: { type: 'object' } }];
    const both = [
      { name: 'get-sum', arguments: { a: 20, b: 22 }, id: 'own1' },
      { name: 'look', arguments: {}, id: 'look1' },
    ];
    const question = { role: 'user', content: 'How much?' };
    const ask = (key: string, messages: object[]): Promise<Response> =>
      post(`${url}/v1/messages`, { model: 'lead', max_tokens: 99, messages, tools }, { 'x-api-key': keys[key] ?? '' });
    say({ toolCalls: both, text: 'Both.' }, 'Mine.', 'Not mine.');
    const first = (await (await ask('one', [question])).json()) as { content: object[]; stop_reason: string };
    expect(first.stop_reason).toBe('tool_use');
    expect(first.content).toMatchObject([{ text: 'Both.' }, { type: 'tool_use', name: 'look', id: 'look1' }]);
    const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'look1', content: 'a door' }] };
    const rest = [question, { role: 'assistant', content: first.content }, result];
    for (const key of ['one', 'other']) expect((await ask(key, rest)).status).toBe(200);
    const [, mine = '', others = ''] = bodies();
    expect(mine).toContain('The sum of 20 and 22 is 42');
    expect(mine).toContain('a door');
    expect(others).toContain('a door');
    expect(others).not.toContain('The sum of');
  });

  it('refuses a tool of the caller that has the name of one of its own', async () => {
    const { url } = await bench();
    for (const name of ['get-sum', 'delegate']) {
      const answer = await post(`${url}/v1/messages`, {
        ...ASK,
        max_tokens: 9,
        tools: [{ name, input_schema: { type: 'object' } }],
      });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ type: 'error', error: { message: expect.stringContaining(name) } });
    }
    expect(vendor.requests).toHaveLength(0);
  });
});
