import { describe, expect, it } from 'vitest';
import { RequestError } from '../../src/spec/errors.ts';
import { eventsOf } from '../../src/stream/events-of.ts';
import { sampleAnswer } from '../testkit/wire-contract.ts';
import { arrayServer, context, server, type Loose } from './support.ts';

const read = (body: object) => server.decodeRequest({ model: 'm', ...body }).request;
const turn = (...parts: object[]) => [{ role: 'user', parts }];

describe('requests of callers', () => {
  it('may be written in snake case', () => {
    const request = read({
      system_instruction: { parts: [{ text: 'short' }] },
      contents: turn({ inline_data: { mime_type: 'image/png', data: 'aGk=' } }, { text: 'x' }),
      generation_config: { max_output_tokens: '7', top_p: 0.5, thinking_config: { thinking_budget: -1 } },
      tools: [{ function_declarations: [{ name: 'f', parameters: { type: 'OBJECT' } }] }, { google_search: {} }],
      tool_config: { function_calling_config: { mode: 'any', allowed_function_names: ['f'] } },
      safety_settings: [],
    });
    expect(request).toMatchObject({
      messages: [
        { role: 'system', content: 'short' },
        { role: 'user', content: [{ type: 'image' }, { type: 'text', text: 'x' }] },
      ],
      maxTokens: 7,
      topP: 0.5,
      reasoning: { enabled: true },
      tools: [{ name: 'f', parameters: { type: 'object' } }, { name: 'googleSearch' }],
      toolChoice: { type: 'tool', name: 'f' },
      extensions: { body: { safetySettings: [] } },
    });
  });

  it('find the call of a result that has no id, by name and order', () => {
    const call = (name: string, n: number) => ({ functionCall: { name, args: { n } } });
    const answer = (name: string, text: string) => ({ functionResponse: { name, response: { output: text } } });
    const { messages } = read({
      contents: [
        { parts: [{ text: 'go' }] },
        { role: 'model', parts: [call('look', 1), call('walk', 2), call('look', 3)] },
        { role: 'user', parts: [answer('look', 'first'), answer('look', 'third'), answer('walk', 'second')] },
      ],
    });
    const made = (messages[1]!.content as Loose[]).map((part) => part.id);
    expect(new Set(made).size).toBe(3);
    const results = (messages[2]!.content as Loose[]).map((part) => [part.toolCallId, part.content]);
    expect(results).toEqual([
      [made[0], 'first'],
      [made[2], 'third'],
      [made[1], 'second'],
    ]);
  });

  it('of the subset of schemas become JSON Schema', () => {
    const schema = {
      type: 'OBJECT',
      properties: {
        type: { type: 'STRING', nullable: true },
        list: { type: 'ARRAY', items: { type: 'NUMBER' }, minItems: '2' },
      },
    };
    const request = read({
      contents: turn({ text: 'x' }),
      generationConfig: { responseMimeType: 'application/json', responseSchema: schema },
    });
    expect(request.outputFormat).toEqual({
      type: 'json-schema',
      name: 'answer',
      schema: {
        type: 'object',
        properties: {
          type: { type: ['string', 'null'] },
          list: { type: 'array', items: { type: 'number' }, minItems: 2 },
        },
      },
    });
  });

  it.each([
    [{}, 'contents'],
    [{ contents: [{ role: 'robot', parts: [] }] }, 'contents[0].role'],
    [{ contents: turn({}) }, 'contents[0].parts[0]'],
    [{ contents: turn({ text: 5 }) }, 'contents[0].parts[0].text'],
    [{ contents: turn({ inlineData: { data: 'x' } }) }, 'contents[0].parts[0].inlineData.mimeType'],
    [{ contents: [{ role: 'model', parts: [{ functionCall: {} }] }] }, 'contents[0].parts[0].functionCall.name'],
    [{ contents: turn({ text: 'x' }), generationConfig: { temperature: 'warm' } }, 'generationConfig.temperature'],
    [{ contents: turn({ text: 'x' }), generationConfig: { candidateCount: 2 } }, 'generationConfig.candidateCount'],
    [
      { contents: turn({ text: 'x' }), tools: [{ functionDeclarations: [{}] }] },
      'tools[0].functionDeclarations[0].name',
    ],
    [
      { contents: turn({ text: 'x' }), toolConfig: { functionCallingConfig: { mode: 'X' } } },
      'toolConfig.functionCallingConfig.mode',
    ],
  ])('%j are refused with the path %s', (body, param) => {
    expect(() => read(body)).toThrowError(expect.objectContaining({ status: 400, param }));
    expect(() => read(body)).toThrow(RequestError);
  });

  it.each([null, [], 'x', 5])('%j is no request', (body) => {
    expect(() => server.decodeRequest(body)).toThrow(RequestError);
  });
});

describe('answers to callers', () => {
  const encoded = (which: typeof server) => {
    const encoder = which.createEncoder(context, { request: { messages: [] }, mode: 'stream', includeUsage: true });
    return (
      encoder.ping() +
      eventsOf(sampleAnswer)
        .map((event) => encoder.ping() + encoder.encode(event))
        .join('')
    );
  };

  it('without alt=sse are one JSON document', () => {
    const chunks: Loose[] = JSON.parse(encoded(arrayServer));
    const parts = chunks.flatMap((chunk) => chunk.candidates[0].content.parts);
    expect(parts.map((part) => part.text ?? part.functionCall.name).join('|')).toBe('Grüße, 世界 🎈|look|wait|');
    expect(chunks.at(-1).candidates[0].finishReason).toBe('STOP');
  });

  it('are events that hold one document each', () => {
    const events = encoded(server)
      .split('\n\n')
      .filter((one) => one.startsWith('data: '));
    for (const event of events) expect(JSON.parse(event.slice(6))).toHaveProperty('responseId', 'answer-1');
    expect(events.length).toBeGreaterThan(3);
  });

  it('say nothing after the end', () => {
    const encoder = server.createEncoder(context, { request: { messages: [] }, mode: 'stream', includeUsage: true });
    const error = { status: 503, code: 'overloaded', kind: 'overloaded', message: 'm' } as const;
    expect(JSON.parse(encoder.error(error)).error).toMatchObject({ code: 503, status: 'UNAVAILABLE' });
    expect(encoder.error(error) + encoder.ping() + encoder.encode({ type: 'finish', reason: 'stop' })).toBe('');
  });

  it('hold arguments that are no object as one', () => {
    const content = [
      { type: 'tool-call', id: 'a', name: 'f', arguments: '{"a":"cut' },
      { type: 'tool-call', id: 'b', name: 'f', arguments: '[1]' },
    ] as const;
    const body: Loose = server.encodeWhole({ ...sampleAnswer, content }, context);
    expect(body.candidates[0].content.parts.map((part: Loose) => part.functionCall.args)).toEqual([
      { raw_arguments: '{"a":"cut' },
      { value: [1] },
    ]);
  });

  it.each([
    ['stop', undefined, 'STOP'],
    ['content-filter', 'RECITATION', 'RECITATION'],
    ['content-filter', 'content_filter', 'SAFETY'],
    ['refusal', undefined, 'SAFETY'],
    ['length', 'max_tokens', 'MAX_TOKENS'],
    ['other', 'LANGUAGE', 'OTHER'],
  ] as const)('end with %s (%s) as %s', (finishReason, rawFinishReason, told) => {
    const body: Loose = server.encodeWhole({ ...sampleAnswer, content: [], finishReason, rawFinishReason }, context);
    expect(body.candidates[0].finishReason).toBe(told);
  });
});
