import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../src/spec/request.ts';
import { CLAUDE, client, encoded, target } from './support.ts';

const NOVA = 'us.amazon.nova-2-lite-v1:0';
const LLAMA = 'meta.llama3-3-70b-instruct-v1:0';
const hi: ChatRequest = { messages: [{ role: 'user', content: 'hi' }] };
const look = { name: 'look', description: 'looks', parameters: { type: 'object', properties: { a: {} } } };
const callOf = (id: string, name = 'look', json = '{"a":1}') => ({
  type: 'tool-call' as const,
  id,
  name,
  arguments: json,
});
const resultOf = (toolCallId: string, content = 'ok') => ({
  role: 'tool' as const,
  content: [{ type: 'tool-result' as const, toolCallId, content }],
});

describe('a call', () => {
  it('has the model in its path, encoded once, and names the form of its answer', () => {
    const stream = encoded(hi);
    expect(stream.path).toBe('/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream');
    expect(stream.headers['accept']).toBe('application/vnd.amazon.eventstream');
    const whole = encoded(hi, target('arn:aws:bedrock:us-east-1:1:application-inference-profile/a(b)'), 'whole');
    expect(whole.path).toBe(
      '/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aapplication-inference-profile%2Fa%28b%29/converse',
    );
    expect(whole.json).toEqual({ messages: [{ role: 'user', content: [{ text: 'hi' }] }] });
  });

  it('carries settings where they belong', () => {
    const request: ChatRequest = { ...hi, maxTokens: 9, temperature: 1.5, topK: 4, stop: ['END', ' '], seed: 1 };
    const { json, lost } = encoded(request);
    expect(json.inferenceConfig).toEqual({ maxTokens: 9, temperature: 1, stopSequences: ['END'] });
    expect(json.additionalModelRequestFields).toEqual({ top_k: 4 });
    expect(json.additionalModelResponseFieldPaths).toEqual(['/delta/stop_sequence']);
    expect(lost).toEqual(['temperature 1.5: lowered to 1', 'stop sequences of white space only', 'seed']);
    expect(encoded(request, target(NOVA)).json.additionalModelRequestFields).toEqual({ inferenceConfig: { topK: 4 } });
    expect(encoded(request, target(LLAMA)).lost).toContain('top_k: this model takes none');
  });

  it('takes extra fields of the entry under those of the request', () => {
    const extra = { guardrailConfig: { guardrailIdentifier: 'g' }, inferenceConfig: { maxTokens: 1, topP: 0.5 } };
    const { json } = encoded({ ...hi, maxTokens: 9 }, target(LLAMA, {}, { providerExtra: extra }));
    expect(json).toMatchObject({
      guardrailConfig: { guardrailIdentifier: 'g' },
      inferenceConfig: { maxTokens: 9, topP: 0.5 },
    });
  });
});

describe('messages', () => {
  it('alternate, begin with the user and hold no blank text', () => {
    const { json, lost } = encoded({
      messages: [
        { role: 'system', content: 'be terse' },
        { role: 'assistant', content: 'hello' },
        {
          role: 'user',
          content: [
            { type: 'text', text: ' \n' },
            { type: 'text', text: 'one' },
          ],
        },
        { role: 'user', content: 'two' },
        { role: 'assistant', content: '' },
        { role: 'system', content: 'now in French' },
      ],
    });
    expect(json.system).toEqual([{ text: 'be terse' }]);
    expect(json.messages).toEqual([
      { role: 'user', content: [{ text: '(start of the conversation)' }] },
      { role: 'assistant', content: [{ text: 'hello' }] },
      { role: 'user', content: [{ text: 'one' }, { text: 'two' }, { text: '<system>\nnow in French\n</system>' }] },
    ]);
    expect(lost).toHaveLength(2);
  });

  it('fold the system text into the first user turn where the model takes none', () => {
    const request: ChatRequest = { messages: [{ role: 'system', content: 'be terse' }, ...hi.messages] };
    const { json } = encoded(request, target(LLAMA, { systemRole: 'merge' }));
    expect(json).toEqual({ messages: [{ role: 'user', content: [{ text: 'be terse' }, { text: 'hi' }] }] });
  });

  it('carry images and documents as bytes or store addresses', () => {
    const { json } = encoded({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image', source: { type: 'url', url: 'data:image/png;base64,QUJD' } },
            { type: 'image', source: { type: 'url', url: 's3://b/k.webp' } },
            { type: 'document', source: { type: 'text', text: 'x' }, title: 'a/b.txt' },
            { type: 'document', source: { type: 'text', text: 'y' }, title: 'a/b.txt' },
          ],
        },
      ],
    });
    expect(json.messages[0].content).toEqual([
      { image: { format: 'png', source: { bytes: 'QUJD' } } },
      { image: { format: 'webp', source: { s3Location: { uri: 's3://b/k.webp' } } } },
      { document: { format: 'txt', name: 'a-b-txt', source: { bytes: 'eA==' } } },
      { document: { format: 'txt', name: 'a-b-txt 2', source: { bytes: 'eQ==' } } },
      { text: '(see the document)' },
    ]);
  });

  it.each([
    [{ type: 'url', url: 'https://example.com/a.png' }],
    [{ type: 'file', fileId: 'f' }],
    [{ type: 'base64', mediaType: 'image/tiff', data: 'AA' }],
  ] as const)('refuse an image they cannot carry: %j', (source) => {
    const request: ChatRequest = { messages: [{ role: 'user', content: [{ type: 'image', source }] }] };
    expect(() => encoded(request)).toThrowError(expect.objectContaining({ kind: 'unsupported' }));
  });
});

describe('tools', () => {
  it('are declared with a description only when they have one', () => {
    const tools = [look, { name: 'now', description: '  ' }];
    expect(encoded({ ...hi, tools, toolChoice: { type: 'required' } }).json.toolConfig).toEqual({
      tools: [
        { toolSpec: { name: 'look', description: 'looks', inputSchema: { json: look.parameters } } },
        { toolSpec: { name: 'now', inputSchema: { json: { type: 'object', properties: {} } } } },
      ],
      toolChoice: { any: {} },
    });
  });

  it('are sent byte for byte and answered in the next turn, before anything else', () => {
    const { body, json, lost } = encoded({
      messages: [
        { role: 'user', content: 'go' },
        {
          role: 'assistant',
          content: [callOf('call|1', 'look', '{ "n" : 1.0, "n": 12345678901234567890 }'), callOf('b')],
        },
        { role: 'user', content: 'well?' },
        resultOf('call|1', ''),
      ],
      tools: [look],
    });
    expect(body).toContain('"input":{ "n" : 1.0, "n": 12345678901234567890 }');
    const id = json.messages[1].content[0].toolUse.toolUseId;
    expect(id).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
    expect(json.messages[2].content).toEqual([
      { toolResult: { toolUseId: id, content: [{ text: '' }] } },
      { toolResult: { toolUseId: 'b', content: [{ text: 'No result was recorded for this call.' }], status: 'error' } },
      { text: 'well?' },
    ]);
    expect(lost).toEqual(['no result for tool call b: an error result was made up']);
  });

  it('have ids of nine letters and digits where the model wants that, alike on call and result', () => {
    const request: ChatRequest = {
      messages: [...hi.messages, { role: 'assistant', content: [callOf('call_abcdef')] }, resultOf('call_abcdef')],
      tools: [look],
    };
    const { messages } = encoded(request, target(LLAMA, { toolCallIdFormat: 'alnum9' })).json;
    const id = messages[1].content[0].toolUse.toolUseId;
    expect(id).toMatch(/^[A-Za-z0-9]{9}$/);
    expect(messages[2].content[0].toolResult.toolUseId).toBe(id);
  });

  it('of the history are declared although the request has none, or may use none', () => {
    const messages = [
      ...hi.messages,
      { role: 'assistant' as const, content: [callOf('a', 'mcp.server/look')] },
      resultOf('a'),
    ];
    const bare = encoded({ messages });
    expect(bare.json.toolConfig.tools).toHaveLength(1);
    const sent = bare.json.toolConfig.tools[0].toolSpec;
    expect(sent.name).toBe(bare.json.messages[1].content[0].toolUse.name);
    expect(sent.description).not.toBe('');
    expect(bare.toolNames).toEqual({ [sent.name]: 'mcp.server/look' });
    const none = encoded({ messages, tools: [look], toolChoice: { type: 'none' } });
    expect(none.json.toolConfig).toEqual(bare.json.toolConfig);
    expect(encoded({ ...hi, tools: [look], toolChoice: { type: 'none' } }).json).not.toHaveProperty('toolConfig');
  });

  it('results without their call become text', () => {
    const { json, lost } = encoded({ messages: [...hi.messages, resultOf('lost', 'seen')] });
    expect(json.messages[0].content).toEqual([{ text: 'hi' }, { text: '[result of tool call lost]\nseen' }]);
    expect(json).not.toHaveProperty('toolConfig');
    expect(lost).toHaveLength(1);
  });

  it('that failed say something', () => {
    const failed = { type: 'tool-result' as const, toolCallId: 'a', content: ' ', isError: true };
    const messages = [
      ...hi.messages,
      { role: 'assistant' as const, content: [callOf('a')] },
      { role: 'tool' as const, content: [failed] },
    ];
    const { toolResult } = encoded({ messages }).json.messages[2].content[0];
    expect(toolResult).toMatchObject({ status: 'error', content: [{ text: expect.stringMatching(/\S/) }] });
  });

  it('have bare schemas for models that take no more', () => {
    const parameters = { $schema: 'x', type: 'object', properties: { a: {} }, additionalProperties: false };
    const { json, lost } = encoded({ ...hi, tools: [{ name: 'f', parameters }] }, target(NOVA));
    expect(json.toolConfig.tools[0].toolSpec.inputSchema.json).toEqual({ type: 'object', properties: { a: {} } });
    expect(lost).toEqual(['schema of tool f: $schema, additionalProperties']);
  });
});

describe('thinking', () => {
  const effort: ChatRequest = { ...hi, reasoning: { effort: 'high' } };

  it('is asked for in the words of each family', () => {
    const fields = (model: string, quirks = {}) =>
      encoded(effort, target(model, quirks)).json.additionalModelRequestFields;
    expect(fields(CLAUDE)).toEqual({ thinking: { type: 'enabled', budget_tokens: 16_384 } });
    expect(fields('us.anthropic.claude-opus-4-6-v1')).toMatchObject({ output_config: { effort: 'high' } });
    expect(fields(NOVA)).toEqual({ reasoningConfig: { type: 'enabled', maxReasoningEffort: 'high' } });
    expect(fields('openai.gpt-oss-120b-1:0', { reasoningStyle: 'reasoning_effort' })).toEqual({
      reasoning_effort: 'high',
    });
    expect(fields('amazon.nova-pro-v1:0')).toBeUndefined();
    expect(encoded(effort, target(LLAMA)).lost).toEqual(['reasoning: this model has no known switch for thinking']);
  });

  it('fixes temperature and lowers a forced tool', () => {
    const request: ChatRequest = {
      ...effort,
      temperature: 0.2,
      maxTokens: 20_000,
      tools: [look],
      toolChoice: { type: 'required' },
    };
    const { json, lost } = encoded(request);
    expect(json.inferenceConfig).toEqual({ maxTokens: 20_000 });
    expect(json.toolConfig.toolChoice).toEqual({ auto: {} });
    expect(lost).toHaveLength(2);
    expect(encoded({ ...effort, maxTokens: 9, temperature: 0.2 }, target(NOVA)).json).not.toHaveProperty(
      'inferenceConfig',
    );
  });

  it('goes back only to the model that signed it', () => {
    const of = (issuer: string | undefined) => [
      { type: 'reasoning' as const, text: 'hm', signature: 'SIG', issuer },
      { type: 'reasoning' as const, text: '', redacted: 'QUJD', issuer },
      { type: 'text' as const, text: 'a' },
    ];
    const sent = (issuer: string | undefined, omitParameters: string[] = []) =>
      encoded(
        { messages: [...hi.messages, { role: 'assistant', content: of(issuer) }, ...hi.messages] },
        target(CLAUDE, { omitParameters }),
      );
    expect(sent(`bedrock:${CLAUDE}`).json.messages[1].content).toEqual([
      { reasoningContent: { reasoningText: { text: 'hm', signature: 'SIG' } } },
      { reasoningContent: { redactedContent: 'QUJD' } },
      { text: 'a' },
    ]);
    for (const call of [sent('anthropic:other'), sent(undefined), sent(`bedrock:${CLAUDE}`, ['reasoning_replay'])]) {
      expect(call.json.messages[1].content).toEqual([{ text: 'a' }]);
      expect(call.lost).not.toEqual([]);
    }
  });
});

describe('cache points', () => {
  const marked: ChatRequest = {
    messages: [
      { role: 'system', content: [{ type: 'text', text: 's', cacheControl: { ttl: '1h' } }] },
      ...Array.from({ length: 4 }, (_, at) => ({
        role: 'user' as const,
        content: [{ type: 'text' as const, text: `t${at}`, cacheControl: {} }],
      })),
    ],
    tools: [{ ...look, cacheControl: {} }],
  };

  it('stand behind what they close off, at most four, the last ones', () => {
    const { json, lost } = encoded(marked);
    expect(JSON.stringify(json).match(/cachePoint/g)).toHaveLength(4);
    expect(json.messages[0].content.slice(0, 2)).toEqual([{ text: 't0' }, { cachePoint: { type: 'default' } }]);
    expect(json.toolConfig.tools).toHaveLength(1);
    expect(json.system).toEqual([{ text: 's' }]);
    expect(lost).toEqual(['cache_control: only the last 4 of 6 cache points are kept']);
  });

  it('are left out for models that have none, and plain for those with a plain form', () => {
    expect(encoded(marked, target(LLAMA)).body).not.toContain('cachePoint');
    const nova = encoded({ messages: marked.messages.slice(0, 2), tools: marked.tools ?? [] }, target(NOVA));
    expect(nova.json.system).toEqual([{ text: 's' }, { cachePoint: { type: 'default' } }]);
    expect(nova.json.toolConfig.tools).toHaveLength(1);
    expect(nova.lost).toEqual(
      ['cache_control on tool look', 'cache ttl on messages[0]: this model has its own'].toReversed(),
    );
  });
});

describe('structured output', () => {
  const schema = { type: 'object', properties: { a: { type: 'string', minLength: 2 } } };
  const request: ChatRequest = { ...hi, outputFormat: { type: 'json-schema', name: 'answer', schema } };

  it('is enforced where the model can, in the subset it knows', () => {
    const { json, lost } = encoded(request);
    const { jsonSchema } = json.outputConfig.textFormat.structure;
    expect(jsonSchema.name).toBe('answer');
    expect(JSON.parse(jsonSchema.schema)).toMatchObject({ additionalProperties: false });
    expect(lost).toHaveLength(1);
  });

  it('is asked for in words elsewhere', () => {
    const { json } = encoded(request, target(LLAMA, { structuredOutput: 'none' }));
    expect(json.system[0].text).toContain(JSON.stringify(schema));
    expect(encoded({ ...hi, outputFormat: { type: 'json' } }).json.system).toHaveLength(1);
  });
});

describe('what another wire brought along', () => {
  it('is declared lost', () => {
    const { lost } = encoded({
      ...hi,
      user: 'u',
      extensions: { wire: 'openai-chat', body: { logprobs: true } },
      wireHeaders: { wire: 'anthropic-messages', headers: { 'anthropic-beta': 'x' } },
    });
    expect(lost).toEqual(['header anthropic-beta', 'logprobs of openai-chat', 'user']);
  });
});

describe('an error answer', () => {
  it.each([
    ['{"message":"a"}', 'a', undefined],
    ['{"Message":"b"}', 'b', undefined],
    ['{"__type":"com.amazon.coral.service#ThrottlingException","message":"c"}', 'c', 'ThrottlingException'],
    ['{"error":{"message":"d","code":"x"}}', 'd', 'x'],
    ['', 'HTTP 400 with an empty body', undefined],
    ['<html><title>Oops</title></html>', 'HTTP 400 with an HTML page: Oops', undefined],
  ])('%s is read', (body, message, code) => {
    const read = client.readError(400, body);
    expect(read).toMatchObject({ status: 400, message });
    expect(read.code).toBe(code);
  });
});
