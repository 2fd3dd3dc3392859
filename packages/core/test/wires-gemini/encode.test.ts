import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../src/spec/request.ts';
import type { JsonObject } from '../../src/spec/json.ts';
import type { Message } from '../../src/spec/message.ts';
import { encode } from './support.ts';

const ask = (rest: Partial<ChatRequest> = {}): ChatRequest => ({
  messages: [{ role: 'user', content: 'hi' }],
  ...rest,
});
const talk = (...messages: Message[]): ChatRequest => ({ messages });
const call = (id: string, name = 'f', args = '{}', more: object = {}) =>
  ({ type: 'tool-call', id, name, arguments: args, ...more }) as const;
const result = (toolCallId: string, content: string, more: object = {}) =>
  ({ type: 'tool-result', toolCallId, content, ...more }) as const;

describe('the address', () => {
  it.each([
    ['gemini-2.5-flash', '/models/gemini-2.5-flash'],
    ['models/gemini-2.5-flash', '/models/gemini-2.5-flash'],
    ['tunedModels/mine', '/tunedModels/mine'],
    ['google/gemini-2.5-pro', '/models/gemini-2.5-pro'],
    ['publishers/google/models/gemini-x', '/models/gemini-x'],
    ['a b?c', '/models/a%20b%3Fc'],
  ])('of %s is %s', (model, path) => {
    expect(encode(ask(), model).path).toBe(`${path}:generateContent`);
    expect(encode(ask(), model, 'stream').path).toBe(`${path}:streamGenerateContent?alt=sse`);
    expect(encode(ask(), model).json.model).toBeUndefined();
  });
});

describe('turns', () => {
  it('alternate, begin with the user, and carry the system apart', () => {
    const { json, lost } = encode(
      talk(
        { role: 'system', content: 'a' },
        { role: 'system', content: 'b' },
        { role: 'assistant', content: 'first' },
        { role: 'user', content: 'x' },
        { role: 'user', content: 'y' },
        { role: 'assistant', content: '' },
        { role: 'system', content: 'later' },
      ),
    );
    expect(json.systemInstruction).toEqual({ parts: [{ text: 'a' }, { text: 'b' }] });
    expect(json.contents.map((one: { role: string }) => one.role)).toEqual(['user', 'model', 'user']);
    expect(json.contents[2].parts).toHaveLength(3);
    expect(json.contents[2].parts[2].text).toContain('later');
    expect(lost.join()).toMatch(/began with the assistant.*|system role/);
  });

  it('answer every call of a turn at once, in order, and name the function', () => {
    const { json, lost } = encode(
      talk(
        { role: 'user', content: 'go' },
        { role: 'assistant', content: [call('a', 'look'), call('b', 'walk'), call('c', 'wait')] },
        { role: 'tool', content: [result('b', 'two')] },
        { role: 'tool', content: [result('a', '{"n": 12345678901234567890}'), result('x', 'lost')] },
        { role: 'user', content: 'and?' },
      ),
    );
    const answers = json.contents[2].parts;
    expect(answers.map((one: { functionResponse?: { name: string } }) => one.functionResponse?.name)).toEqual([
      'look',
      'walk',
      'wait',
      undefined,
      undefined,
    ]);
    expect(answers[1].functionResponse).toEqual({ id: 'b', name: 'walk', response: { output: 'two' } });
    expect(answers[2].functionResponse.response.error).toMatch(/No result/);
    expect(answers[3].text).toContain('lost');
    expect(json.contents).toHaveLength(3);
    expect(lost.join('\n')).toMatch(
      /no result for tool call c[\s\S]*without its call|without its call[\s\S]*no result/,
    );
  });

  it('carry arguments and results byte for byte', () => {
    const args = '{ "n" : 12345678901234567890, "x":1.0 }';
    const { body } = encode(
      talk(
        { role: 'user', content: 'go' },
        { role: 'assistant', content: [call('a', 'f', args)] },
        { role: 'tool', content: [result('a', '{"big": 12345678901234567890}')] },
      ),
    );
    expect(body).toContain(`"args":${args}`);
    expect(body).toContain('"response":{"big": 12345678901234567890}');
  });

  it('wrap what is no object', () => {
    const { json } = encode(
      talk(
        { role: 'user', content: 'go' },
        { role: 'assistant', content: [call('a', 'f', 'not json'), call('b', 'f', '[1]'), call('c', 'f', '')] },
        { role: 'tool', content: [result('a', '[1,2]'), result('b', 'bad', { isError: true }), result('c', '')] },
      ),
    );
    expect(json.contents[1].parts.map((one: { functionCall: { args: unknown } }) => one.functionCall.args)).toEqual([
      { raw_arguments: 'not json' },
      { value: [1] },
      {},
    ]);
    const responses = json.contents[2].parts.map(
      (one: { functionResponse: { response: unknown } }) => one.functionResponse.response,
    );
    expect(responses).toEqual([{ output: '[1,2]' }, { error: 'bad' }, { output: '' }]);
  });

  it('rename tools that the wire does not take, and say how to undo it', () => {
    const tools = [{ name: 'mcp/server tool' }, { name: 'ok.name:x' }];
    const { json, toolNames } = encode(ask({ tools, toolChoice: { type: 'tool', name: 'mcp/server tool' } }));
    const [first, second] = json.tools[0].functionDeclarations;
    expect(first.name).toMatch(/^[A-Za-z_][\w.:-]*$/);
    expect(second.name).toBe('ok.name:x');
    expect(toolNames).toEqual({ [first.name]: 'mcp/server tool' });
    expect(json.toolConfig.functionCallingConfig).toEqual({ mode: 'ANY', allowedFunctionNames: [first.name] });
  });
});

describe('media', () => {
  const image = (source: object): ChatRequest =>
    talk({ role: 'user', content: [{ type: 'image', source: source as never }] });

  it.each([
    [{ type: 'base64', mediaType: 'image/png', data: 'aGk=' }, { inlineData: { mimeType: 'image/png', data: 'aGk=' } }],
    [{ type: 'url', url: 'data:image/gif;base64,aGk=' }, { inlineData: { mimeType: 'image/gif', data: 'aGk=' } }],
    [
      { type: 'url', url: 'gs://b/x.png', mediaType: 'image/png' },
      { fileData: { fileUri: 'gs://b/x.png', mimeType: 'image/png' } },
    ],
    [{ type: 'file', fileId: 'files/abc' }, { fileData: { fileUri: 'files/abc' } }],
  ])('%j goes as %j', (source, expected) => {
    expect(encode(image(source)).json.contents[0].parts).toEqual([expected]);
  });

  it.each([
    { type: 'url', url: 'https://example.test/a.png' },
    { type: 'file', fileId: 'file-abc' },
  ])('%j cannot be carried, and says so', (source) => {
    expect(() => encode(image(source))).toThrowError(
      expect.objectContaining({ kind: 'unsupported', message: expect.stringContaining('base64') }),
    );
  });

  it('inside a result goes with it on the third generation, behind it on the second', () => {
    const picture = { type: 'image', source: { type: 'base64', mediaType: 'image/png', data: 'aGk=' } } as const;
    const seen = { type: 'tool-result', toolCallId: 'a', content: [{ type: 'text', text: 'ok' }, picture] } as const;
    const request = talk(
      { role: 'user', content: 'go' },
      { role: 'assistant', content: [call('a')] },
      { role: 'tool', content: [seen] },
    );
    const third = encode(request, 'gemini-3-pro').json.contents[2].parts;
    expect(third).toHaveLength(1);
    expect(third[0].functionResponse.parts).toHaveLength(1);
    const second = encode(request);
    expect(second.json.contents[2].parts.map((one: object) => Object.keys(one)[0])).toEqual([
      'functionResponse',
      'inlineData',
    ]);
    expect(second.lost.join()).toContain('place of media');
  });
});

describe('thought signatures', () => {
  const history = (more: object): ChatRequest =>
    talk(
      { role: 'user', content: 'go' },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'hm', signature: 'R', ...more },
          call('a', 'f', '{}', { signature: 'S', ...more }),
          call('b'),
        ],
      },
      { role: 'tool', content: [result('a', 'x'), result('b', 'y')] },
    );
  const parts = (request: ChatRequest, model: string) => encode(request, model).json.contents[1].parts;

  it('go back to the model that made them', () => {
    const own = parts(history({ issuer: 'gemini:gemini-3-pro' }), 'gemini-3-pro');
    expect(own[0]).toEqual({ text: 'hm', thought: true, thoughtSignature: 'R' });
    expect(own[1].thoughtSignature).toBe('S');
    expect(own[2].thoughtSignature).toBeUndefined();
    const callers = { ...history({}), extensions: { wire: 'gemini', body: {} } } as const;
    expect(parts(callers, 'gemini-3-pro')[1].thoughtSignature).toBe('S');
  });

  it('of another model are left out, and the third generation gets its sentinel on the first call', () => {
    for (const foreign of [history({ issuer: 'anthropic:x' }), history({})]) {
      const [first, second] = parts(foreign, 'gemini-3-flash-preview');
      expect(first.thoughtSignature).toBe('skip_thought_signature_validator');
      expect(second.thoughtSignature).toBeUndefined();
      expect(parts(foreign, 'gemini-2.5-pro')[0].thoughtSignature).toBeUndefined();
      expect(encode(foreign).lost.join()).toContain('signature');
    }
  });

  it('that were refused once are not sent again', () => {
    const request = history({ issuer: 'gemini:gemini-3-pro' });
    const sent = encode(request, 'gemini-3-pro', 'whole', { omitParameters: ['reasoning_replay'] });
    expect(sent.body).not.toContain('"S"');
    expect(sent.body).toContain('skip_thought_signature_validator');
    const alias = encode(request, 'gemini-pro-latest', 'whole', { omitParameters: ['reasoning_replay'] });
    expect(alias.body).toContain('skip_thought_signature_validator');
  });
});

describe('thinking', () => {
  const config = (reasoning: ChatRequest['reasoning'], model: string) =>
    encode(ask({ reasoning }), model).json.generationConfig?.thinkingConfig;

  it.each([
    ['gemini-2.5-flash', { effort: 'low' }, { thinkingBudget: 1024, includeThoughts: true }],
    ['gemini-2.5-flash', { enabled: false }, { thinkingBudget: 0 }],
    ['gemini-2.5-flash', { enabled: true }, { thinkingBudget: -1, includeThoughts: true }],
    ['gemini-2.5-flash', { budgetTokens: 99_999 }, { thinkingBudget: 24_576, includeThoughts: true }],
    ['gemini-2.5-pro', { effort: 'none' }, { thinkingBudget: 128 }],
    ['gemini-2.5-flash-lite', { budgetTokens: 100 }, { thinkingBudget: 512, includeThoughts: true }],
    ['gemini-3-pro-preview', { effort: 'medium' }, { thinkingLevel: 'low', includeThoughts: true }],
    ['gemini-3.1-pro-preview', { effort: 'medium' }, { thinkingLevel: 'medium', includeThoughts: true }],
    ['gemini-3-flash-preview', { enabled: false }, { thinkingLevel: 'minimal' }],
    [
      'gemini-3-flash-preview',
      { budgetTokens: 20_000, summary: 'none' },
      { thinkingLevel: 'high', includeThoughts: false },
    ],
    ['gemini-flash-latest', { effort: 'high' }, { thinkingBudget: 24_576, includeThoughts: true }],
    ['gemini-2.0-flash', { effort: 'high' }, undefined],
    ['gemini-3-pro-preview', undefined, undefined],
  ] as const)('of %s for %j is %j', (model, reasoning, expected) => {
    expect(config(reasoning, model)).toEqual(expected);
  });

  it('says what could not be done', () => {
    expect(encode(ask({ reasoning: { enabled: false } }), 'gemini-2.5-pro').lost.join()).toContain('always thinks');
    expect(encode(ask({ reasoning: { effort: 'high' } }), 'gemini-2.0-flash').lost.join()).toContain('does not think');
    expect(encode(ask({ reasoning: { budgetTokens: 10 } }), 'gemini-3-pro').lost.join()).toContain('level');
  });
});

describe('the rest of a request', () => {
  it('is merged from extensions and extras without overwriting what was asked', () => {
    const request = ask({
      temperature: 0.1,
      extensions: {
        wire: 'gemini',
        body: { safetySettings: [], generationConfig: { temperature: 9, mediaResolution: 'M' } },
      },
    });
    expect(encode(request).json).toMatchObject({
      safetySettings: [],
      generationConfig: { temperature: 0.1, mediaResolution: 'M' },
    });
    const foreign = encode(ask({ extensions: { wire: 'openai-chat', body: { logit_bias: {} } } }));
    expect(foreign.lost).toEqual(['logit_bias (a field of openai-chat)']);
  });

  it('keeps five stop sequences, and leaves out what the model rejected', () => {
    const many = encode(ask({ stop: ['a', 'b', 'c', 'd', 'e', 'f'] }));
    expect(many.json.generationConfig.stopSequences).toHaveLength(5);
    expect(many.lost.join()).toContain('stop');
    const without = encode(ask({ temperature: 1, topP: 0.5 }), undefined, 'whole', { omitParameters: ['temperature'] });
    expect(without.json.generationConfig).toEqual({ topP: 0.5 });
  });

  it('sends schemas as JSON Schema, or in the subset where that is not taken', () => {
    const schema: JsonObject = {
      $schema: 'x',
      type: 'object',
      properties: {
        const: { const: 'a' },
        $ref: { $ref: '#/$defs/thing' },
        n: { type: ['integer', 'null'], exclusiveMinimum: 0, enum: [1, 2, null] },
        any: { oneOf: [{ type: 'string', format: 'email' }, { type: 'null' }] },
      },
      required: ['n'],
      additionalProperties: false,
      $defs: { thing: { type: 'object', properties: { self: { $ref: '#/$defs/thing' } } } },
    };
    const request = ask({
      tools: [{ name: 'f', parameters: schema }],
      outputFormat: { type: 'json-schema', name: 'x', schema },
    });
    const plain = encode(request);
    expect(plain.lost).toEqual([]);
    expect(plain.json.tools[0].functionDeclarations[0]).toEqual({ name: 'f', parametersJsonSchema: schema });
    expect(plain.json.generationConfig.responseJsonSchema).toEqual(schema);
    const quirks = { omitParameters: ['parametersJsonSchema', 'responseJsonSchema'] };
    const { json, lost } = encode(request, undefined, 'whole', quirks);
    const { parameters } = json.tools[0].functionDeclarations[0];
    expect(json.generationConfig.responseSchema).toEqual(parameters);
    expect(parameters).toMatchObject({
      type: 'object',
      required: ['n'],
      properties: {
        const: { type: 'string', enum: ['a'] },
        n: { type: 'string', nullable: true, enum: ['1', '2'] },
        any: { type: 'string', nullable: true },
        $ref: { type: 'object' },
      },
    });
    const keywords = JSON.stringify(parameters).replaceAll('"$ref":{"type"', '');
    expect(keywords).not.toMatch(/"(\$schema|\$defs|\$ref|additionalProperties|exclusiveMinimum|format)"/);
    expect(lost.join()).toContain('additionalProperties');
  });
});
