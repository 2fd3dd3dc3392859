import { describe, expect, it } from 'vitest';
import { answer, delta, end, head, tool } from './support.ts';

describe('text and reasoning', () => {
  it('keeps id, time and model of the first chunk that has them', () => {
    const azure = { ...head, id: '', model: '', created: 0, choices: [], prompt_filter_results: [{}] };
    const { id, model, createdAt, text } = answer([
      azure,
      delta({ role: 'assistant' }),
      delta({ content: 'é' }),
      end('stop'),
    ]);
    expect({ id, model, createdAt, text }).toEqual({ id: 'c1', model: 'm', createdAt: 7, text: 'é' });
  });

  it.each(['reasoning_content', 'reasoning', 'reasoning_text', 'thinking'])('reads %s', (field) => {
    const { content } = answer([
      delta({ [field]: 'a' }),
      delta({ [field]: 'b', content: '' }),
      delta({ content: 'c' }),
      end('stop'),
    ]);
    expect(content).toEqual([
      { type: 'reasoning', text: 'ab' },
      { type: 'text', text: 'c' },
    ]);
  });

  it('counts reasoning once when two fields say it, and keeps the details for this wire', () => {
    const detail = (fields: object) => ({ type: 'reasoning.text', index: 0, format: 'f', ...fields });
    const { content } = answer([
      delta({ reasoning: 'a', reasoning_details: [detail({ text: 'a' })] }),
      delta({ reasoning: 'b', reasoning_details: [detail({ text: 'b', signature: 's' })] }),
      delta({ reasoning_details: [{ type: 'reasoning.encrypted', index: 1, data: 'xx', id: 'r1' }] }),
      delta({ content: 'c' }),
      end('stop'),
    ]);
    const details = [
      detail({ text: 'ab', signature: 's' }),
      { type: 'reasoning.encrypted', index: 1, data: 'xx', id: 'r1' },
    ];
    expect(content).toEqual([
      { type: 'reasoning', text: 'ab' },
      { type: 'text', text: 'c' },
      { type: 'opaque', wire: 'openai-chat', value: { reasoning_details: details } },
    ]);
  });

  it('reads content that is a list of parts', () => {
    const thinking = { type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] };
    const { content } = answer([
      delta({ content: [thinking] }),
      delta({ content: [{ type: 'text', text: 'ok' }] }),
      end('stop'),
    ]);
    expect(content).toEqual([
      { type: 'reasoning', text: 'hm' },
      { type: 'text', text: 'ok' },
    ]);
  });

  it('tells a refusal apart from an answer', () => {
    const { content, finishReason } = answer([delta({ refusal: 'I ' }), delta({ refusal: 'won’t' }), end('stop')]);
    expect(content).toEqual([{ type: 'refusal', text: 'I won’t' }]);
    expect(finishReason).toBe('refusal');
  });

  it('leaves think tags in the text unless told to take them out', () => {
    const chunks = ['<th', 'ink>a<', '/b></thi', 'nk>\n\n', 'c <think>'].map((content) => delta({ content }));
    expect(answer([...chunks, end('stop')]).text).toBe('<think>a</b></think>\n\nc <think>');
    expect(answer([...chunks, end('stop')], { inlineReasoning: 'think-tags' }).content).toEqual([
      { type: 'reasoning', text: 'a</b>' },
      { type: 'text', text: 'c <think>' },
    ]);
  });

  it('takes text before a lone closing tag as thinking when the template opens the tag', () => {
    const chunks = [delta({ content: 'hm' }), delta({ content: 'm</think>' }), delta({ content: '\nok' }), end('stop')];
    expect(answer(chunks, { inlineReasoning: 'think-open' }).content).toEqual([
      { type: 'reasoning', text: 'hmm' },
      { type: 'text', text: 'ok' },
    ]);
    expect(answer([delta({ content: '<thi' }), end('stop')], { inlineReasoning: 'think-tags' }).text).toBe('<thi');
  });

  it('does not repeat a final full message', () => {
    const repeat = {
      ...head,
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'ab' } }],
    };
    expect(answer([delta({ content: 'a' }), delta({ content: 'b' }), repeat]).text).toBe('ab');
    expect(answer([{ ...head, choices: [{ index: 0, finish_reason: 'stop', message: { content: 'ab' } }] }]).text).toBe(
      'ab',
    );
  });

  it('keeps citations, annotations and logprobs for this wire', () => {
    const logprobs = (token: string) => ({ content: [{ token, logprob: -1 }] });
    const one = {
      ...head,
      choices: [{ index: 0, delta: { content: 'a', annotations: [{ type: 'url' }] }, logprobs: logprobs('a') }],
    };
    const two = {
      ...head,
      citations: ['u'],
      choices: [{ index: 0, delta: { content: 'b' }, logprobs: logprobs('b') }],
    };
    const opaque = answer([one, two, end('stop')])
      .content.slice(1)
      .map((part) => part.type === 'opaque' && part.value);
    expect(opaque).toEqual([
      { message: { annotations: [{ type: 'url' }] } },
      { choice: { logprobs: { content: [...logprobs('a').content, ...logprobs('b').content] } } },
      { top: { citations: ['u'] } },
    ]);
  });
});

describe('tool calls', () => {
  it('come from both choices when a server splits text and calls', () => {
    const call = { index: 0, id: 'a', function: { name: 'f', arguments: '{}' } };
    const { content, finishReason } = answer([
      delta({ content: 'hm' }),
      delta({ tool_calls: [call] }, 1),
      { ...head, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
      { ...head, choices: [{ index: 1, delta: {}, finish_reason: 'tool_calls' }] },
    ]);
    expect(content.map((part) => part.type)).toEqual(['text', 'tool-call']);
    expect(finishReason).toBe('tool-calls');
  });

  it('may have their id inside the function, an index as text, or the legacy form', () => {
    const odd = answer([
      tool({ index: '0', function: { id: 'a', name: 'f', arguments: '{"x"' } }),
      tool({ index: 0, function: { arguments: ':1}' } }),
      end('stop'),
    ]);
    expect(odd.content).toEqual([{ type: 'tool-call', id: 'a', name: 'f', arguments: '{"x":1}' }]);
    const legacy = answer([
      delta({ function_call: { name: 'f', arguments: '{' } }),
      delta({ function_call: { arguments: '}' } }),
      end('function_call'),
    ]);
    expect(legacy.content).toMatchObject([{ type: 'tool-call', name: 'f', arguments: '{}' }]);
    expect(legacy.finishReason).toBe('tool-calls');
  });

  it('are the reason to stop even when the vendor says stop, but not when the limit cut them', () => {
    const call = tool({ index: 0, id: 'a', function: { name: 'f', arguments: '{"x":' } });
    expect(
      answer([tool({ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } }), end('stop')]).finishReason,
    ).toBe('tool-calls');
    const cut = answer([call, end('length')]);
    expect(cut.finishReason).toBe('length');
    expect(cut.warnings).toMatchObject([{ code: 'tool-arguments-cut' }]);
    expect(cut.content).toMatchObject([{ arguments: '{"x":' }]);
    expect(answer([delta({ content: 'a' }), end('tool_calls')]).finishReason).toBe('stop');
  });

  it('of custom tools are kept for this wire', () => {
    const custom = (fields: object) => tool({ index: 0, type: 'custom', ...fields });
    const { content, finishReason } = answer([
      custom({ id: 'a', custom: { name: 'grep', input: 'x ' } }),
      custom({ custom: { input: 'y' } }),
      end('tool_calls'),
    ]);
    expect(content).toMatchObject([
      { value: { tool_call: { id: 'a', type: 'custom', custom: { name: 'grep', input: 'x y' } } } },
    ]);
    expect(finishReason).toBe('tool-calls');
  });
});

describe('usage', () => {
  const counts = { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 };
  const text = delta({ content: 'a' });

  it.each<[string, unknown[]]>([
    ['a chunk of its own', [text, end('stop'), { ...head, choices: [], usage: counts }]],
    ['the finish chunk', [text, end('stop', { usage: counts })]],
    ['the choice', [text, { ...head, choices: [{ index: 0, delta: {}, finish_reason: 'stop', usage: counts }] }]],
    ['x_groq', [text, end('stop', { x_groq: { usage: counts } })]],
    [
      'every chunk, growing',
      [{ ...text, usage: { ...counts, completion_tokens: 2, total_tokens: 11 } }, end('stop', { usage: counts })],
    ],
  ])('is read from %s', (_place, chunks) => {
    expect(answer(chunks).usage).toEqual({ inputTokens: 9, outputTokens: 4 });
  });

  it.each<[string, object, object]>([
    [
      'cached tokens',
      { prompt_tokens_details: { cached_tokens: 3, cache_write_tokens: 2 } },
      { cacheReadTokens: 3, cacheWriteTokens: 2 },
    ],
    ['DeepSeek’s cache hits', { prompt_cache_hit_tokens: 3, prompt_cache_miss_tokens: 6 }, { cacheReadTokens: 3 }],
    ['Moonshot’s cached tokens', { cached_tokens: 3 }, { cacheReadTokens: 3 }],
    ['Qwen’s cache creation', { prompt_tokens_details: { cache_creation_input_tokens: 5 } }, { cacheWriteTokens: 5 }],
    ['a cache count larger than the input', { cached_tokens: 99 }, { cacheReadTokens: 9 }],
    [
      'reasoning inside the output',
      { completion_tokens_details: { reasoning_tokens: 3 } },
      { outputTokens: 4, reasoningTokens: 3 },
    ],
  ])('understands %s', (_what, extra, expected) => {
    expect(answer([text, end('stop', { usage: { ...counts, ...extra } })]).usage).toMatchObject(expected);
  });

  it('adds reasoning counted beside the output, by the total or by quirk', () => {
    const details = { completion_tokens_details: { reasoning_tokens: 6 } };
    const byTotal = end('stop', { usage: { ...counts, ...details, total_tokens: 19 } });
    expect(answer([text, byTotal]).usage?.outputTokens).toBe(10);
    const noTotal = end('stop', { usage: { prompt_tokens: 9, completion_tokens: 4, ...details } });
    expect(answer([text, noTotal]).usage?.outputTokens).toBe(4);
    expect(answer([text, noTotal], { outputExcludesReasoning: true }).usage?.outputTokens).toBe(10);
  });

  it('is absent, not zero, where the vendor says nothing or null', () => {
    const nulls = { ...counts, prompt_tokens: null, completion_tokens_details: null };
    expect(answer([text, end('stop', { usage: nulls })]).usage).toStrictEqual({ outputTokens: 4 });
    expect(answer([text, end('stop', { usage: null })])).not.toHaveProperty('usage');
  });
});
