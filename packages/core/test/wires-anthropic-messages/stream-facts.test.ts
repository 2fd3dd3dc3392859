import { describe, expect, it } from 'vitest';
import { collectEvents } from '../../src/stream/collect.ts';
import { validateStream } from '../../src/stream/validate.ts';
import { block, client, decode, ending, messageStart, sse, target, text, thrown, tool } from './support.ts';

const whole = (...payloads: readonly (object | string)[]) => collectEvents(decode(sse(payloads)));

describe('blocks', () => {
  it('takes redacted thinking from the start of its block', () => {
    const answer = whole(
      messageStart(),
      ...block(0, { type: 'redacted_thinking', data: 'ENC' }),
      ...text(1, 'x'),
      ...ending('end_turn'),
    );
    expect(answer.content[0]).toEqual({ type: 'reasoning', text: '', redacted: 'ENC' });
  });

  it('keeps the signature of thinking that was left out', () => {
    const omitted = block(
      0,
      { type: 'thinking', thinking: '', signature: '' },
      { type: 'signature_delta', signature: 'S' },
    );
    expect(whole(messageStart(), ...omitted, ...text(1, 'x'), ...ending('end_turn')).content[0]).toEqual({
      type: 'reasoning',
      text: '',
      signature: 'S',
    });
  });

  it('takes the exact input from the start of a block when no delta follows', () => {
    const raw =
      '{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{"b":1.0,"a":12345678901234567890,"b":2}}}';
    const events = decode(sse([messageStart(), raw, { type: 'content_block_stop', index: 0 }, ...ending('tool_use')]));
    expect(validateStream(events)).toEqual([]);
    expect(collectEvents(events).content).toEqual([
      { type: 'tool-call', id: 't', name: 'f', arguments: '{"b":1.0,"a":12345678901234567890,"b":2}' },
    ]);
  });

  it('lets deltas replace an input given at the start', () => {
    const start = { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } };
    const answer = whole(
      messageStart(),
      ...block(0, start, { type: 'input_json_delta', partial_json: '{"a":2}' }),
      ...ending('tool_use'),
    );
    expect(answer.content).toEqual([{ type: 'tool-call', id: 't', name: 'f', arguments: '{"a":2}' }]);
  });

  it('makes up distinct ids where a server gives none or the same twice', () => {
    const payloads = [
      messageStart(),
      ...tool(0, 'same', 'f'),
      ...tool(1, 'same', 'f'),
      ...tool(2, '', 'g'),
      ...ending('tool_use'),
    ];
    const events = decode(sse(payloads));
    expect(validateStream(events)).toEqual([]);
    expect(decode(sse(payloads))).toEqual(events);
  });

  it('carries server tools and other blocks as complete opaque items', () => {
    const use = { type: 'server_tool_use', id: 's', name: 'web_search', input: {} };
    const result = {
      type: 'web_search_tool_result',
      tool_use_id: 's',
      content: [{ type: 'web_search_result', url: 'u' }],
    };
    const answer = whole(
      messageStart(),
      ...block(
        0,
        use,
        { type: 'input_json_delta', partial_json: '' },
        { type: 'input_json_delta', partial_json: '{"query":"q"}' },
      ),
      ...block(1, result),
      ...block(
        2,
        { type: 'compaction', content: null },
        { type: 'compaction_delta', content: 'sum' },
        { type: 'compaction_delta', content: 'mary' },
      ),
      ...text(3, 'found'),
      ...ending('end_turn'),
    );
    expect(answer.content).toEqual([
      { type: 'opaque', wire: 'anthropic-messages', value: { ...use, input: { query: 'q' } } },
      { type: 'opaque', wire: 'anthropic-messages', value: result },
      { type: 'opaque', wire: 'anthropic-messages', value: { type: 'compaction', content: 'summary' } },
      { type: 'text', text: 'found' },
    ]);
  });

  it('keeps citations behind their text, in a stream as in a whole answer', () => {
    const citation = { type: 'char_location', cited_text: 'c', start_char_index: 0 };
    const streamed = whole(
      messageStart(),
      ...block(
        0,
        { type: 'text', text: '', citations: [] },
        { type: 'citations_delta', citation },
        { type: 'text_delta', text: 'said' },
      ),
      ...ending('end_turn'),
    );
    const body = {
      id: 'msg_1',
      type: 'message',
      model: 'm',
      content: [{ type: 'text', text: 'said', citations: [citation] }],
      stop_reason: 'end_turn',
    };
    const direct = collectEvents(client.decodeWhole(JSON.stringify(body), target()));
    expect(streamed.content).toEqual(direct.content);
    expect(streamed.content).toHaveLength(2);
  });

  it('tolerates servers that leave out starts and stops of text, or use one index for all', () => {
    const answer = whole(
      messageStart(),
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'a' } },
      { type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 't', name: 'f', input: {} } },
      { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{"x":1}' } },
      ...ending('tool_use'),
    );
    expect(answer.content.map((part) => part.type)).toEqual(['text', 'tool-call']);
  });

  it('ignores unknown events and deltas', () => {
    const odd = { type: 'content_block_delta', index: 0, delta: { type: 'sparkle_delta', sparkle: 1 } };
    const answer = whole(
      messageStart(),
      { type: 'novelty', x: 1 },
      ...text(0, 'a').slice(0, 2),
      odd,
      ...text(0, 'a').slice(2),
      ...ending('end_turn'),
    );
    expect(answer.text).toBe('a');
  });

  it('reads an answer that starts with its blocks already there', () => {
    const content = [{ type: 'tool_use', id: 't', name: 'f', input: { player: 1.0 } }];
    const answer = whole(messageStart({ content, stop_reason: 'tool_use' }), { type: 'message_stop' });
    expect(answer.content).toEqual([{ type: 'tool-call', id: 't', name: 'f', arguments: '{"player":1}' }]);
    expect(answer.finishReason).toBe('tool-calls');
  });
});

describe('a second message_start', () => {
  const body = [...text(0, 'Hello'), ...ending('end_turn')];
  it('with the same id is tolerated', () => {
    expect(whole(messageStart(), messageStart(), ...body).text).toBe('Hello');
  });
  it('with another id is another answer, a protocol error', () => {
    const error = thrown(() => whole(messageStart(), ...text(0, 'a'), messageStart({ id: 'msg_2' }), ...body));
    expect(error.kind).toBe('protocol');
  });
});

describe('usage', () => {
  it('is cumulative; null keeps the earlier number', () => {
    const answer = whole(
      messageStart(
        {},
        { input_tokens: 5, cache_read_input_tokens: 2, cache_creation_input_tokens: null, output_tokens: 1 },
      ),
      ...text(0, 'a'),
      { type: 'message_delta', delta: { stop_reason: null }, usage: { output_tokens: 4, input_tokens: null } },
      ...ending('end_turn', { output_tokens: 9, input_tokens: 6, output_tokens_details: { thinking_tokens: 3 } }),
    );
    expect(answer.usage).toEqual({ inputTokens: 8, cacheReadTokens: 2, outputTokens: 9, reasoningTokens: 3 });
  });
  it('that nobody reported is unknown', () => {
    expect(whole(messageStart({ usage: undefined }), ...text(0, 'a'), { type: 'message_stop' }).usage).toBeUndefined();
  });
  it('of zeros at the end does not wipe what the start said', () => {
    const answer = whole(messageStart(), ...text(0, 'a'), ...ending('end_turn', { input_tokens: 0, output_tokens: 2 }));
    expect(answer.usage).toEqual({ inputTokens: 10, outputTokens: 2 });
  });
});

describe('stop reasons', () => {
  const reasons = {
    end_turn: 'stop',
    stop_sequence: 'stop',
    max_tokens: 'length',
    pause_turn: 'pause',
    refusal: 'refusal',
    model_context_window_exceeded: 'length',
    something_new: 'other',
  };
  for (const [raw, reason] of Object.entries(reasons)) {
    it(`${raw} means ${reason}`, () => {
      const answer = whole(messageStart(), ...text(0, 'a'), ...ending(raw));
      expect([answer.finishReason, answer.rawFinishReason]).toEqual([reason, raw]);
    });
  }
  it('end_turn with tool calls waits for results all the same', () => {
    expect(whole(messageStart(), ...tool(0, 't', 'f'), ...ending('end_turn')).finishReason).toBe('tool-calls');
  });
  it('names the stop sequence that was met', () => {
    const delta = { type: 'message_delta', delta: { stop_reason: 'stop_sequence', stop_sequence: 'END' }, usage: {} };
    expect(whole(messageStart(), ...text(0, 'a'), delta, { type: 'message_stop' }).stopSequence).toBe('END');
  });
});

describe('a whole answer', () => {
  it('keeps arguments as they stand in the body, but not the layout of a pretty-printed one', () => {
    const compact =
      '{"id":"msg_1","type":"message","content":[{"type":"text","text":"a ]}\\" b"},{"type":"tool_use","id":"t","name":"f","input":{"b": 1.0, "a": 12345678901234567890}}],"stop_reason":"tool_use"}';
    const pretty =
      '{\n  "content": [\n    {"type": "tool_use", "id": "t", "name": "f",\n "input": {\n   "s": "x  y",\n   "n": 1.50\n } } ],\n "stop_reason": "tool_use" }';
    expect(collectEvents(client.decodeWhole(compact, target())).content[1]).toMatchObject({
      arguments: '{"b": 1.0, "a": 12345678901234567890}',
    });
    expect(collectEvents(client.decodeWhole(pretty, target())).content[0]).toMatchObject({
      arguments: '{"s":"x  y","n":1.50}',
    });
  });
});
