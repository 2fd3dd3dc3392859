import { describe, expect, it } from 'vitest';
import { ajvValidator } from '../../src/library/schema-validator.ts';
import type { JsonObject } from '../../src/spec/json.ts';
import type { ChatRequest } from '../../src/spec/request.ts';
import { collectEvents } from '../../src/stream/collect.ts';
import { load } from '../config/support.ts';
import { planOf, send, WIRES, type Reply } from './support.ts';

const TOOLS: ChatRequest['tools'] = [
  { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } },
];
const ASK: ChatRequest = { messages: [{ role: 'user', content: 'Weather in Bern?' }], tools: TOOLS };
const CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Bern"}}\n</tool_call>';

const plan = (...lines: readonly string[]) =>
  planOf(
    load(
      ['[providers.models.custom.a]', 'uri = "http://127.0.0.1:9/v1"', 'model = "m"', ...lines].join('\n'),
      {},
      { wires: WIRES },
    ),
  );

function whole(text: string): Reply {
  const choice = { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: text } };
  return { status: 200, body: JSON.stringify({ id: 'c', object: 'chat.completion', model: 'm', choices: [choice] }) };
}

function streamed(text: string): Reply {
  const chunk = (delta: unknown, finish: string | null = null) =>
    `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  const body = [...text].map((char) => chunk({ content: char })).join('') + chunk({}, 'stop') + 'data: [DONE]\n\n';
  return { status: 200, body, stream: true };
}

describe('tools of a model without tools', () => {
  it.each(['whole', 'stream'] as const)('go into the prompt and come back as calls: %s', async (mode) => {
    const reply = mode === 'whole' ? whole : streamed;
    const sent = await send(plan('native_tools = false'), ASK, () => reply(`I look.\n${CALL}`), { mode });
    expect(sent.body['tools']).toBeUndefined();
    expect(JSON.stringify(sent.body['messages'])).toContain('Tool Use Protocol');
    expect(sent.attempts[0]?.lost).toContain('tools: prompt-guided');
    const response = collectEvents(sent.events);
    expect(response).toMatchObject({ text: 'I look.', finishReason: 'tool-calls' });
    expect(response.content[1]).toMatchObject({ name: 'get_weather', arguments: '{"city": "Bern"}' });
  });

  it('are asked for again in the prompt after the vendor refused them', async () => {
    const refusal = {
      error: { message: 'registry.ollama.ai/library/gemma:2b does not support tools', type: 'api_error' },
    };
    const sent = await send(plan(), ASK, (index) =>
      index === 0 ? { status: 400, body: JSON.stringify(refusal) } : whole(CALL),
    );
    expect(sent.calls).toHaveLength(2);
    expect(sent.body['tools']).toHaveLength(1);
    expect(sent.attempts.map(({ outcome, lost }) => ({ outcome, lost }))).toEqual([
      { outcome: 'unsupported', lost: undefined },
      { outcome: 'ok', lost: ['tools: prompt-guided'] },
    ]);
    expect(collectEvents(sent.events).finishReason).toBe('tool-calls');
  });

  it('stay silent when the caller forbids calls', async () => {
    const request: ChatRequest = { ...ASK, toolChoice: { type: 'none' } };
    const sent = await send(plan('native_tools = false'), request, () => whole(CALL));
    expect(JSON.stringify(sent.body['messages'])).toContain('Do not call any tool');
    expect(collectEvents(sent.events).text).toBe(CALL);
  });

  it('stand in the history as text, results with their images, user turns never twice in a row', async () => {
    const image = { type: 'image', source: { type: 'base64', mediaType: 'image/png', data: 'iVBORw0KGgo=' } } as const;
    const request: ChatRequest = {
      messages: [
        { role: 'user', content: 'Look.' },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'Yes.' },
            { type: 'tool-call', id: 'c1', name: 'get_weather', arguments: '{"city":  "Bern"}' },
            { type: 'tool-call', id: 'c2', name: 'get_weather', arguments: '{"city": "Rome"}' },
          ],
        },
        {
          role: 'tool',
          content: [
            { type: 'tool-result', toolCallId: 'c1', content: [{ type: 'text', text: 'sun</tool_result>' }, image] },
          ],
        },
        { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c2', content: 'no such city', isError: true }] },
        { role: 'user', content: 'And?' },
      ],
    };
    const sent = await send(plan('native_tools = false', 'vision = true'), request, () => whole('Sunny.'));
    const messages = sent.body['messages'] as { role: string; content: unknown }[];
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(messages[1]?.content).toContain(
      '<tool_call>\n{"name": "get_weather", "arguments": {"city":  "Bern"}}\n</tool_call>',
    );
    const [before, picture, after] = (messages[2]?.content ?? []) as { type: string; text?: string }[];
    expect(before?.text).toBe('[Tool results]\n<tool_result name="get_weather" status="ok">\nsun&lt;/tool_result>');
    expect(picture?.type).toBe('image_url');
    expect(after?.text).toBe(
      '</tool_result>\n<tool_result name="get_weather" status="error">\nno such city\n</tool_result>\nAnd?',
    );
    expect(collectEvents(sent.events).text).toBe('Sunny.');
  });

  it('leave a request without tools as it is', async () => {
    const request: ChatRequest = { messages: ASK.messages };
    const sent = await send(plan('native_tools = false'), request, () => whole(CALL));
    expect(sent.body['messages']).toEqual([{ role: 'user', content: 'Weather in Bern?' }]);
    expect(collectEvents(sent.events).text).toBe(CALL);
  });
});

describe('structured answers', () => {
  const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  const request: ChatRequest = { messages: ASK.messages, outputFormat: { type: 'json-schema', name: 'place', schema } };
  const refused = {
    error: {
      message: "Unsupported parameter: 'response_format' is not supported with this model.",
      param: 'response_format',
    },
  };

  it('are asked for through a tool, and read from words, after the vendor refused the format', async () => {
    const sent = await send(plan(), request, (index) =>
      index === 0 ? { status: 400, body: JSON.stringify(refused) } : whole('```json\n{"city": "Bern"}\n```'),
    );
    expect(sent.calls).toHaveLength(2);
    expect(String(sent.calls[1]?.body)).not.toContain('response_format');
    expect(String(sent.calls[1]?.body)).toContain('"tool_choice":{"type":"function","function":{"name":"place"}}');
    expect(collectEvents(sent.events).text).toBe('{"city": "Bern"}');
  });

  it('that do not fit fail the attempt, and with repair the next one says why', async () => {
    const outputFormat = { type: 'json-schema', name: 'place', schema, repair: true } as const;
    const replies = [whole('{"city": 1}'), whole('{"city": "Bern"}')];
    const sent = await send(plan(), { ...request, outputFormat }, (index) => replies[index], {
      validateSchema: ajvValidator,
    });
    expect(sent.attempts.map(({ outcome, rule }) => ({ outcome, rule }))).toEqual([
      { outcome: 'protocol', rule: 'schema' },
      { outcome: 'ok', rule: undefined },
    ]);
    expect(String(sent.calls[1]?.body)).toContain('/city must be string');
    expect(collectEvents(sent.events).text).toBe('{"city": "Bern"}');
  });

  it('of a stream that do not fit come with a warning', async () => {
    const sent = await send(plan(), request, () => streamed('{"city": 1}'), {
      mode: 'stream',
      validateSchema: ajvValidator,
    });
    expect(sent.error).toBeUndefined();
    const response = collectEvents(sent.events);
    expect(response.text).toBe('{"city": 1}');
    expect(response.warnings.map(({ code }) => code)).toEqual(['output-invalid']);
  });

  it('and prompt-guided tools do not get in each other’s way', async () => {
    const sent = await send(plan('native_tools = false'), { ...request, tools: TOOLS }, () => whole(CALL), {
      validateSchema: ajvValidator,
    });
    expect(sent.body['response_format']).toBeUndefined();
    expect(JSON.stringify(sent.body['messages'])).toContain('Unless you call a tool');
    expect(collectEvents(sent.events).finishReason).toBe('tool-calls');
  });
});

describe('strict schemas', () => {
  const openai = () =>
    planOf(load('[providers.models.openai.a]\napi_key = "sk-k"\nmodel = "gpt-4.1"\n', {}, { wires: WIRES }));
  const format = (schema: object) =>
    ({ type: 'json-schema', name: 's', strict: true, schema: schema as JsonObject }) as const;

  it('are fitted into the vendor’s subset, with a note', async () => {
    const schema = { type: 'object', properties: { a: { type: 'string', minLength: 1 } }, required: ['a'] };
    const sent = await send(openai(), { messages: ASK.messages, outputFormat: format(schema) });
    expect(sent.body['response_format']).toEqual({
      type: 'json_schema',
      json_schema: {
        name: 's',
        strict: true,
        schema: {
          type: 'object',
          properties: { a: { type: 'string', description: '(minLength: 1)' } },
          required: ['a'],
          additionalProperties: false,
        },
      },
    });
    expect(sent.attempts[0]?.lost).toEqual(['schema s: not enforced: a: minLength']);
  });

  it('give strictness up rather than turn what is optional into null', async () => {
    const schema = { type: 'object', properties: { a: { type: 'string' } } };
    const tools = [{ name: 't', strict: true, parameters: schema as JsonObject }];
    const sent = await send(openai(), { messages: ASK.messages, tools, outputFormat: format(schema) });
    expect(sent.body['response_format']).toMatchObject({ json_schema: { strict: false, schema } });
    expect(sent.body['tools']).toMatchObject([{ function: { strict: false, parameters: schema } }]);
    expect(sent.attempts[0]?.lost).toEqual([
      'strict on tool t: it has optional properties',
      'strict on schema s: it has optional properties',
    ]);
  });
});

describe('a model name of another company', () => {
  const TWO = `
[providers.models.openai.main]
api_key = "sk-k"
model = "gpt-4.1"
fallback = ["zai.spare", "openrouter.spare", "groq.spare"]
[providers.models.zai.spare]
api_key = "a.b"
[providers.models.openrouter.spare]
api_key = "k"
model = "x/y"
[providers.models.groq.spare]
api_key = "k"
model = "llama"
[reliability.model_fallbacks]
"glm-4.6" = []
`;
  it('is used where its maker stands behind the slot', () => {
    const targets = planOf(load(TWO, {}, { wires: WIRES })).targets.map(({ entry, model }) => `${entry} ${model}`);
    expect(targets).toContain('zai.spare glm-4.6');
  });
});
