import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/spec/message.ts';
import type { ChatRequest } from '../../src/spec/request.ts';
import { anyArguments } from '../testkit/samples.ts';
import { user, assistant, call, result, ask, tools, messagesOf, blocksOf } from './requests.ts';
import { encoded, type Loose } from './support.ts';

describe('turns', () => {
  it('alternate, begin with the user, and hold every result before the text', () => {
    const sent = messagesOf([
      assistant({ type: 'text', text: 'hello' }),
      user('a'),
      user('b'),
      assistant(call('t1'), call('t2')),
      user('impatient'),
      result('t2', 'two'),
      result('t1', 'one'),
    ]);
    expect(sent.map((m) => m.role)).toEqual(['user', 'assistant', 'user', 'assistant', 'user']);
    expect(blocksOf(sent[4]).map((block) => block.tool_use_id ?? block.text)).toEqual(['t1', 't2', 'impatient']);
  });

  it('turn an orphan result into text and make up a missing one, declared', () => {
    const { json, lost } = encoded({ messages: [user('a'), result('ghost', 'boo'), assistant(call('t')), user('b')] });
    expect(blocksOf(json.messages[0])[1].text).toBe('<tool_result id="ghost">\nboo\n</tool_result>');
    expect(json.messages[2].content[0]).toMatchObject({ type: 'tool_result', tool_use_id: 't', is_error: true });
    expect(lost).toHaveLength(2);
  });

  it('never send an id twice, and pair results with the call just before them', () => {
    const sent = messagesOf([
      user('a'),
      assistant(call('call_0')),
      result('call_0', 'x'),
      assistant(call('call_0')),
      result('call_0', 'y'),
    ]);
    const ids = [sent[1].content[0].id, sent[3].content[0].id];
    expect(new Set(ids).size).toBe(2);
    expect([sent[2].content[0].tool_use_id, sent[4].content[0].tool_use_id]).toEqual(ids);
    expect(sent[4].content[0].content).toBe('y');
  });

  it('drop empty texts and the white space that a final assistant turn ends in', () => {
    const sent = messagesOf([
      user([
        { type: 'text', text: ' ' },
        { type: 'text', text: 'q' },
      ]),
      assistant({ type: 'text', text: '' }, { type: 'text', text: 'pre \n' }),
    ]);
    expect(sent).toEqual([
      { role: 'user', content: 'q' },
      { role: 'assistant', content: 'pre' },
    ]);
  });

  it('make up a user turn when there is none', () => {
    expect(messagesOf([{ role: 'system', content: 's' }])[0].role).toBe('user');
  });

  it('hold for any conversation', () => {
    const part = fc.constantFrom<Message>(
      user('u'),
      user(''),
      assistant({ type: 'text', text: 'a' }),
      assistant(call('1'), call('2')),
      assistant({ type: 'reasoning', text: 'x' }, call('bad id!')),
      result('1'),
      result('2'),
      result('bad id!'),
      { role: 'system', content: 's' },
      {
        role: 'tool',
        content: [
          { type: 'tool-result', toolCallId: '1', content: 'r' },
          { type: 'tool-result', toolCallId: '2', content: [] },
        ],
      },
    );
    const check = (messages: Message[]): void => {
      const sent = messagesOf(messages);
      expect(sent[0].role).toBe('user');
      const ids: string[] = [];
      sent.forEach((message, at) => {
        if (at > 0) expect(message.role).not.toBe(sent[at - 1].role);
        const blocks = blocksOf(message);
        expect(blocks.length).toBeGreaterThan(0);
        const calls = blocks.filter((block) => block.type === 'tool_use').map((block) => block.id as string);
        ids.push(...calls);
        for (const id of calls) expect(id).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
        const next = sent[at + 1] === undefined ? [] : blocksOf(sent[at + 1]);
        const results = next
          .filter((block) => block.type === 'tool_result')
          .map((block) => block.tool_use_id as string);
        expect(results).toEqual(calls);
        expect(next.slice(0, calls.length).every((block) => block.type === 'tool_result')).toBe(true);
      });
      expect(new Set(ids).size).toBe(ids.length);
      expect(blocksOf(sent[0]).some((block) => block.type === 'tool_result')).toBe(false);
    };
    fc.assert(fc.property(fc.array(part, { maxLength: 8 }), check), { numRuns: 300 });
  });
});

describe('tool arguments', () => {
  it('reach the body byte for byte', () => {
    const check = (args: string): void => {
      const { body } = encoded({ messages: [user('a'), assistant(call('t', 'f', args))] });
      const safe = args.includes('\\ud83d\\u00e9') ? args.replace('\\ud83d', '\\ufffd') : args;
      expect(body).toContain(`"input":${safe}}`);
      JSON.parse(body);
    };
    fc.assert(fc.property(anyArguments, check), { numRuns: 200 });
    check('{"b":1.0,"a":12345678901234567890,"b":[ ],"t":"\\ud83d\\ude00"}');
  });

  it('that are not an object are wrapped, declared', () => {
    const inputOf = (args: string) => {
      const { json, lost } = encoded({ messages: [user('a'), assistant(call('t', 'f', args)), result('t')] });
      return [json.messages[1].content[0].input, lost.length];
    };
    expect(inputOf('')).toEqual([{}, 0]);
    expect(inputOf('{"a":')).toEqual([{ raw_arguments: '{"a":' }, 1]);
    expect(inputOf('[1]')).toEqual([{ value: [1] }, 1]);
    expect(inputOf('null')).toEqual([{}, 1]);
  });

  it('and texts never carry half a surrogate', () => {
    const { body } = encoded({
      messages: [user('x\uD83D y'), assistant(call('t', 'f', '{"a":"\\ud83d","\uD83D":1}'))],
    });
    expect(body).not.toMatch(/\\ud[89a-f]/i);
    expect(body.isWellFormed()).toBe(true);
  });
});

describe('names and ids', () => {
  it('are touched only when illegal, alike in tools, history and choice, and can be restored', () => {
    const request: ChatRequest = {
      messages: [user('a'), assistant(call('id.1', 'mcp.server/tool')), result('id.1')],
      tools: [{ name: 'mcp.server/tool' }, { name: 'mcp_server_tool' }, { name: 'fine-1' }],
      toolChoice: { type: 'tool', name: 'mcp.server/tool' },
    };
    const { json, toolNames } = encoded(request);
    const made = json.tools[0].name as string;
    expect(made).toMatch(/^[a-zA-Z0-9_-]{1,128}$/);
    expect(json.tools.slice(1).map((tool: Loose) => tool.name)).toEqual(['mcp_server_tool', 'fine-1']);
    expect(new Set(json.tools.map((tool: Loose) => tool.name)).size).toBe(3);
    expect(json.messages[1].content[0].name).toBe(made);
    expect(json.tool_choice).toEqual({ type: 'tool', name: made });
    expect(toolNames).toEqual({ [made]: 'mcp.server/tool' });
    expect(encoded(request).json).toEqual(json);
    expect(encoded(ask({ tools })).toolNames).toBeUndefined();
  });

  it('map different ids to different ones', () => {
    const ids = ['a.b', 'a:b', 'a b', 'a_b', 'x'.repeat(65), 'x'.repeat(66), 'é', 'ö', ''];
    const sent = messagesOf([
      user('a'),
      assistant(...ids.map((id) => call(id))),
      { role: 'tool', content: ids.map((id) => ({ type: 'tool-result', toolCallId: id, content: id })) },
    ]);
    const made = sent[1].content.map((block: Loose) => block.id);
    expect(new Set(made).size).toBe(ids.length);
    expect(made[3]).toBe('a_b');
    expect(sent[2].content.map((block: Loose) => [block.tool_use_id, block.content ?? ''])).toEqual(
      ids.map((id, at) => [made[at], id]),
    );
  });
});
