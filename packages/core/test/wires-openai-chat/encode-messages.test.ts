import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/spec/message.ts';
import type { ChatRequest } from '../../src/spec/request.ts';
import type { Quirks } from '../../src/wires/quirks.ts';
import { calls, encoded, look, messagesOf, result } from './encode-support.ts';

describe('messages', () => {
  it('carry tool arguments byte for byte and answer the call', () => {
    expect(messagesOf([calls, result('ok')])).toEqual([
      {
        role: 'assistant',
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'look', arguments: '{ "a":1.0}' } }],
      },
      { role: 'tool', tool_call_id: 'call_1', content: 'ok' },
    ]);
  });

  it('give an assistant turn a string content, and a tool message its name, where demanded', () => {
    const [assistant, tool] = messagesOf([calls, result('ok')], {
      assistantContentString: true,
      toolMessageName: true,
    });
    expect(assistant).toHaveProperty('content', '');
    expect(tool).toHaveProperty('name', 'look');
  });

  it.each(['max40', 'word64', 'alnum9'] as const)('map ids to %s, the same for call and result', (toolCallIdFormat) => {
    const id = `toolu:${'x'.repeat(60)}`;
    const long: Message[] = [
      { role: 'assistant', content: [{ type: 'tool-call', id, name: 'look', arguments: '{}' }] },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: id, content: '' }] },
    ];
    const [assistant, tool] = messagesOf(long, { toolCallIdFormat });
    const sent = /"id":"([^"]*)"/.exec(JSON.stringify(assistant))?.[1] ?? '';
    const pattern = { max40: /^.{1,40}$/, word64: /^[A-Za-z0-9_-]{1,64}$/, alnum9: /^[A-Za-z0-9]{9}$/ }[
      toolCallIdFormat
    ];
    expect(sent).toMatch(pattern);
    expect(tool?.['tool_call_id']).toBe(sent);
  });

  it('move images of tool results into a user turn behind the whole run of results', () => {
    const image = { type: 'image' as const, source: { type: 'url' as const, url: 'u' } };
    const second = { type: 'tool-call' as const, id: 'call_2', name: 'look', arguments: '{}' };
    const { body, lost } = encoded({
      messages: [
        { role: 'assistant', content: [...(calls.content as []), second] },
        {
          role: 'tool',
          content: [{ type: 'tool-result', toolCallId: 'call_1', content: [{ type: 'text', text: 't' }, image] }],
        },
        { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'call_2', content: 'ok' }] },
      ],
    });
    expect(body.messages.map(({ role }) => role)).toEqual(['assistant', 'tool', 'tool', 'user']);
    expect(body.messages.at(-1)).toMatchObject({
      content: [{ type: 'text' }, { type: 'image_url', image_url: { url: 'u' } }],
    });
    expect(lost).toHaveLength(1);
  });

  it('turn a result without its call into text, declared', () => {
    const { body, lost } = encoded({ messages: [result('42')] });
    expect(body.messages).toEqual([{ role: 'user', content: '[Result of tool call_1]\n42' }]);
    expect(lost).toEqual(['tool result without its call on messages[0] (sent as text)']);
  });

  it('keep a system message where it stands, or mark it where it may not', () => {
    const all: Message[] = [
      { role: 'system', content: 'one' },
      { role: 'user', content: 'hi' },
      { role: 'system', content: 'two' },
    ];
    expect(messagesOf(all).map(({ role }) => role)).toEqual(['system', 'user', 'system']);
    expect(messagesOf(all, { systemRole: 'developer' })[0]).toEqual({ role: 'developer', content: 'one' });
    const marked = [
      { role: 'user', content: 'hi' },
      { role: 'user', content: '[System message]\ntwo' },
    ];
    expect(messagesOf(all, { messageOrder: 'system-first' }).slice(1)).toEqual(marked);
    expect(encoded({ messages: all }, { systemRole: 'merge' }).lost).toHaveLength(1);
  });

  it('fold system text into the first user turn, also before an assistant turn or with none', () => {
    const system: Message[] = [
      { role: 'system', content: 'one' },
      { role: 'system', content: 'two' },
    ];
    const merge = { systemRole: 'merge' } as const;
    expect(messagesOf([...system, { role: 'user', content: 'hi' }], merge)).toEqual([
      { role: 'user', content: 'one\n\ntwo\n\nhi' },
    ]);
    expect(messagesOf(system, merge)).toEqual([{ role: 'user', content: 'one\n\ntwo' }]);
    expect(messagesOf([...system, calls, result('x')], merge).map(({ role }) => role)).toEqual([
      'user',
      'assistant',
      'tool',
    ]);
  });

  it('alternate where demanded, and put a turn between tool and user where demanded', () => {
    const twice: Message[] = [
      { role: 'user', content: 'a' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'b' },
          { type: 'image', source: { type: 'url', url: 'u' } },
        ],
      },
    ];
    expect(messagesOf(twice, { messageOrder: 'alternating' })).toMatchObject([
      { role: 'user', content: [{ text: 'a' }, { text: 'b' }, { type: 'image_url' }] },
    ]);
    const after: Message[] = [calls, result('x'), { role: 'user', content: 'go' }];
    expect(messagesOf(after, { assistantAfterTool: true }).map(({ role }) => role)).toEqual([
      'assistant',
      'tool',
      'assistant',
      'user',
    ]);
  });

  it('become plain text where nothing else is taken', () => {
    const content = [
      { type: 'text' as const, text: 'a' },
      { type: 'document' as const, source: { type: 'text' as const, text: 'doc' }, title: 't' },
      { type: 'image' as const, source: { type: 'base64' as const, mediaType: 'image/png', data: 'x' } },
    ];
    const { body, lost } = encoded({ messages: [{ role: 'user', content }] }, { plainTextContent: true });
    expect(body.messages[0]?.['content']).toBe('a\n[Document "t"]\ndoc\n[Image left out]');
    expect(lost).toEqual(['image on messages[0]']);
    expect(encoded({ messages: [{ role: 'user', content }] }, { vision: false }).lost).toEqual([
      'image on messages[0]',
    ]);
  });

  it('send reasoning back only in the field asked for, signatures only to their issuer', () => {
    const thought: Message = {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'hm', signature: 's', issuer: 'test:m-1' },
        { type: 'text', text: 'ok' },
      ],
    };
    const foreign: Message = {
      role: 'assistant',
      content: [{ type: 'reasoning', text: 'hm', signature: 's', issuer: 'other' }],
    };
    expect(messagesOf([thought])[0]).toEqual({ role: 'assistant', content: 'ok' });
    expect(encoded({ messages: [thought] }).lost).toEqual(['reasoning of earlier turns']);
    expect(messagesOf([thought], { reasoningReplay: 'reasoning_content' })[0]).toMatchObject({
      reasoning_content: 'hm',
    });
    expect(messagesOf([thought], { reasoningReplay: 'reasoning' })[0]).toMatchObject({ reasoning: 'hm' });
    expect(messagesOf([thought], { reasoningReplay: 'reasoning_details' })[0]).toMatchObject({
      reasoning_details: [{ type: 'reasoning.text', text: 'hm', signature: 's' }],
    });
    const stripped = encoded({ messages: [foreign] }, { reasoningReplay: 'reasoning_details' });
    expect(stripped.body.messages[0]).toEqual({ role: 'assistant', content: '' });
    expect(stripped.lost).toHaveLength(1);
  });

  it('send reasoning details back as they came', () => {
    const details = [{ type: 'reasoning.encrypted', data: 'x', format: 'f', index: 0 }];
    const message: Message = {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'shown' },
        { type: 'opaque', wire: 'openai-chat', value: { reasoning_details: details } },
      ],
    };
    expect(messagesOf([message], { reasoningReplay: 'reasoning_details' })[0]).toHaveProperty(
      'reasoning_details',
      details,
    );
  });

  it('declare cache breakpoints, names and items of other wires that cannot go', () => {
    const request: Partial<ChatRequest> = {
      messages: [
        { role: 'user', name: 'ada', content: [{ type: 'text', text: 'a', cacheControl: {} }] },
        {
          role: 'assistant',
          content: [
            { type: 'opaque', wire: 'gemini', value: {} },
            { type: 'refusal', text: 'no' },
          ],
        },
      ],
      tools: [{ ...look, cacheControl: {} }],
    };
    const { body, lost } = encoded(request, { messageName: false });
    expect(body.messages).toEqual([
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'no' },
    ]);
    expect(lost).toEqual(['cache_control on tool look', 'cache_control on messages[0]', 'gemini item on messages[1]']);
    expect(encoded(request, { cacheControl: true, refusalField: true }).body).toMatchObject({
      messages: [{ content: [{ cache_control: { type: 'ephemeral' } }] }, { refusal: 'no' }],
      tools: [{ cache_control: { type: 'ephemeral' } }],
    });
  });

  it.each<[Quirks['prefill'], object, object]>([
    ['prefix-flag', { prefix: true }, {}],
    ['partial-flag', { partial: true }, {}],
    ['continue_final_message', {}, { continue_final_message: true, add_generation_prompt: false }],
    ['last-assistant', {}, {}],
  ])('ask to continue a last assistant turn by %s', (prefill, onMessage, onBody) => {
    const { body } = encoded(
      {
        messages: [
          { role: 'user', content: 'a' },
          { role: 'assistant', content: 'b' },
        ],
      },
      { prefill },
    );
    expect(body.messages[1]).toEqual({ role: 'assistant', content: 'b', ...onMessage });
    expect(body).toMatchObject(onBody);
  });
});
