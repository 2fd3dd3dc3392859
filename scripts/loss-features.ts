import { partsOf, textOf, type Part, type ToolResultPart } from '../packages/core/src/spec/message.ts';
import type { ChatRequest, Tool } from '../packages/core/src/spec/request.ts';
import type { WireId } from '../packages/core/src/spec/wire-id.ts';
import type { JsonObject } from '../packages/core/src/spec/json.ts';

/** One thing a request can say: how it is added to a plain request, and how it is found in a decoded one. */
export interface Feature {
  readonly name: string;
  /** Needs a model that thinks. */
  readonly thinks?: boolean;
  /** `issuer`: who signed what the caller sends back; `undefined`: this protocol has no such thing. */
  add(request: ChatRequest, caller: WireId, issuer: string): ChatRequest | undefined;
  /** What a reader of the request gets; compared as JSON with what was meant. */
  read(request: ChatRequest): unknown;
  /** What the request says without it. Default: a plain question. */
  readonly base?: Partial<ChatRequest>;
}

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const WEATHER: Tool & { readonly parameters: JsonObject } = {
  name: 'get_weather',
  description: 'Weather of a city.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};
const TIME: Tool = { name: 'get_time', parameters: { type: 'object', properties: {} } };

const allParts = (request: ChatRequest): Part[] => request.messages.flatMap(({ content }) => [...partsOf(content)]);

const results = (request: ChatRequest): ToolResultPart[] =>
  allParts(request).filter((part) => part.type === 'tool-result');

function user(...parts: Part[]): Feature['add'] {
  return (request) => ({
    ...request,
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Look:' }, ...parts] }],
  });
}

function field<Name extends keyof ChatRequest>(
  label: string,
  name: Name,
  value: NonNullable<ChatRequest[Name]>,
): Feature {
  return { name: label, add: (request) => ({ ...request, [name]: value }), read: (request) => request[name] };
}

/** Question, calls and their results; `change` fits the pieces to one feature. */
function toolTurns(calls: number, result: Partial<ToolResultPart> = {}, before: readonly Part[] = []): Feature['add'] {
  const ids = Array.from({ length: calls }, (_, at) => `call_${at}`);
  return (request) => ({
    ...request,
    tools: [WEATHER, TIME],
    messages: [
      ...request.messages,
      {
        role: 'assistant',
        content: [
          ...before,
          ...ids.map((id, at) => ({
            type: 'tool-call' as const,
            id,
            name: WEATHER.name,
            arguments: `{"city":"C${at}"}`,
          })),
        ],
      },
      ...ids.map((toolCallId) => ({
        role: 'tool' as const,
        content: [{ type: 'tool-result' as const, toolCallId, content: 'sunny', ...result }],
      })),
    ],
  });
}

/** Fields that only one protocol has. */
export const OWN_FIELDS: Readonly<Record<WireId, JsonObject>> = {
  'openai-chat': { logprobs: true, top_logprobs: 2 },
  'openai-responses': { truncation: 'auto' },
  'anthropic-messages': { container: 'container_1' },
  gemini: { safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }] },
  'bedrock-converse': { guardrailConfig: { guardrailIdentifier: 'g', guardrailVersion: '1' } },
  'ollama-chat': { keep_alive: '5m' },
  'cohere-chat': { safety_mode: 'STRICT' },
  'gemini-interactions': { previous_interaction_id: 'v1_before' },
};

/** Tools that the vendor itself runs. */
const SERVER_TOOLS: Readonly<Partial<Record<WireId, { readonly name: string; readonly value: JsonObject }>>> = {
  'openai-responses': { name: 'web_search', value: { type: 'web_search' } },
  'anthropic-messages': { name: 'web_search', value: { type: 'web_search_20250305', name: 'web_search' } },
  gemini: { name: 'googleSearch', value: { googleSearch: {} } },
  'gemini-interactions': { name: 'google_search', value: { type: 'google_search' } },
};

export const FEATURES: readonly Feature[] = [
  {
    name: 'text',
    add: (request) => request,
    read: (request) => request.messages.map(({ content }) => textOf(content)),
  },
  {
    name: 'system text at the beginning',
    add: (request) => ({ ...request, messages: [{ role: 'system', content: 'Be brief.' }, ...request.messages] }),
    read: (request) => request.messages.map(({ role, content }) => [role, textOf(content)]),
  },
  {
    name: 'system text in mid-conversation',
    add: (request) => ({
      ...request,
      messages: [
        ...request.messages,
        { role: 'assistant', content: 'Hello.' },
        { role: 'system', content: 'Now in French.' },
        { role: 'user', content: 'Again.' },
      ],
    }),
    read: (request) => request.messages.map(({ role, content }) => [role, textOf(content)]),
  },
  {
    name: 'image, base64',
    add: user({ type: 'image', source: { type: 'base64', mediaType: 'image/png', data: PIXEL } }),
    read: (request) => allParts(request).flatMap((part) => (part.type === 'image' ? [part.source] : [])),
  },
  {
    name: 'image, URL',
    add: user({ type: 'image', source: { type: 'url', url: 'https://images.example/a.png' } }),
    read: (request) =>
      allParts(request).flatMap((part) =>
        part.type === 'image' && part.source.type === 'url' ? [part.source.url] : [],
      ),
  },
  {
    name: 'image detail',
    add: user({ type: 'image', source: { type: 'base64', mediaType: 'image/png', data: PIXEL }, detail: 'low' }),
    read: (request) => allParts(request).flatMap((part) => (part.type === 'image' ? [part.detail ?? null] : [])),
  },
  {
    name: 'document (PDF), base64',
    add: user({
      type: 'document',
      title: 'a.pdf',
      source: { type: 'base64', mediaType: 'application/pdf', data: 'JVBERi0xLjQK' },
    }),
    read: (request) => allParts(request).flatMap((part) => (part.type === 'document' ? [part.source] : [])),
  },
  {
    ...field('tools', 'tools', [WEATHER]),
    read: (request) => request.tools?.map(({ name, description, parameters }) => [name, description, parameters]),
  },
  {
    name: 'strict tools',
    add: (request) => ({
      ...request,
      tools: [{ ...WEATHER, strict: true, parameters: { ...WEATHER.parameters, additionalProperties: false } }],
    }),
    read: (request) => request.tools?.map(({ strict }) => strict ?? false),
  },
  {
    name: "tools of the vendor's own (web search)",
    add(request, caller) {
      const own = SERVER_TOOLS[caller];
      if (own === undefined) return undefined;
      return { ...request, tools: [WEATHER, { name: own.name, opaque: { wire: caller, value: own.value } }] };
    },
    read: (request) => request.tools?.map(({ name, opaque }) => [name, opaque?.value]),
  },
  ...(['none', 'required'] as const).map((type): Feature => ({
    name: `tool choice: ${type}`,
    base: { tools: [WEATHER] },
    add: (request) => ({ ...request, tools: [WEATHER], toolChoice: { type } }),
    read: (request) => request.toolChoice,
  })),
  {
    name: 'tool choice: one by name',
    add: (request) => ({ ...request, tools: [WEATHER], toolChoice: { type: 'tool', name: WEATHER.name } }),
    read: (request) => request.toolChoice,
  },
  {
    name: 'one tool call at a time',
    add: (request) => ({ ...request, tools: [WEATHER], parallelToolCalls: false }),
    read: (request) => request.parallelToolCalls,
  },
  {
    name: 'parallel tool calls and results',
    add: toolTurns(2),
    read: (request) => [
      allParts(request).flatMap((part) => (part.type === 'tool-call' ? [[part.name, part.arguments]] : [])),
      results(request).map(({ content }) => textOf(content)),
    ],
  },
  {
    name: 'ids of tool calls',
    add: toolTurns(1),
    read: (request) => results(request).map(({ toolCallId }) => toolCallId),
  },
  {
    name: 'tool result: error flag',
    add: toolTurns(1, { isError: true }),
    read: (request) => results(request).map(({ isError }) => isError ?? false),
  },
  {
    name: 'tool result: image',
    add: toolTurns(1, {
      content: [{ type: 'image', source: { type: 'base64', mediaType: 'image/png', data: PIXEL } }],
    }),
    read: (request) =>
      results(request).flatMap(({ content }) =>
        partsOf(content).flatMap((part) => (part.type === 'image' ? [part.source] : [])),
      ),
  },
  {
    name: 'earlier thinking, unsigned',
    thinks: true,
    add: toolTurns(1, {}, [{ type: 'reasoning', text: 'First, the weather.' }]),
    read: (request) => allParts(request).flatMap((part) => (part.type === 'reasoning' ? [part.text] : [])),
  },
  {
    name: 'earlier thinking, signed, to who signed it',
    thinks: true,
    add: (request, caller, issuer) =>
      toolTurns(1, {}, [
        caller === 'openai-responses'
          ? { type: 'reasoning', text: 'First.', id: 'rs_1', redacted: 'c2lnbmVk', issuer }
          : { type: 'reasoning', text: 'First.', signature: 'c2lnbmVk', issuer },
      ])(request, caller, issuer),
    read: (request) =>
      allParts(request).flatMap((part) => (part.type === 'reasoning' ? [part.signature ?? part.redacted] : [])),
  },
  {
    ...field('thinking: effort', 'reasoning', { effort: 'high' }),
    thinks: true,
    read: (request) => request.reasoning?.effort,
  },
  {
    ...field('thinking: budget in tokens', 'reasoning', { budgetTokens: 2048 }),
    thinks: true,
    read: (request) => request.reasoning?.budgetTokens,
  },
  {
    ...field('thinking: off', 'reasoning', { enabled: false }),
    thinks: true,
    read: (request) => request.reasoning?.enabled ?? (request.reasoning?.effort === 'none' ? false : undefined),
  },
  { ...field('JSON output', 'outputFormat', { type: 'json' }), read: (request) => request.outputFormat?.type },
  {
    ...field('output by JSON Schema', 'outputFormat', {
      type: 'json-schema',
      name: 'answer',
      schema: { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false },
    }),
    read: (request) => (request.outputFormat?.type === 'json-schema' ? request.outputFormat.schema : undefined),
  },
  field('max tokens', 'maxTokens', 500),
  field('temperature', 'temperature', 0.5),
  field('top_p', 'topP', 0.5),
  field('top_k', 'topK', 20),
  field('stop sequences', 'stop', ['END']),
  field('seed', 'seed', 7),
  field('presence penalty', 'presencePenalty', 0.5),
  field('frequency penalty', 'frequencyPenalty', 0.5),
  field('end-user id', 'user', 'user-1'),
  {
    name: 'prompt-cache breakpoints (cache_control)',
    add: (request) => ({
      ...request,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Long text.', cacheControl: {} }] }],
    }),
    read: (request) => allParts(request).map((part) => 'cacheControl' in part && part.cacheControl !== undefined),
  },
  {
    name: 'name of a speaker',
    add: (request) => ({ ...request, messages: [{ role: 'user', name: 'ann', content: 'Hi.' }] }),
    read: (request) => request.messages.map(({ name }) => name ?? null),
  },
  {
    name: 'a field that only this protocol has',
    add: (request, caller) => ({ ...request, extensions: { wire: caller, body: OWN_FIELDS[caller] } }),
    read: (request) =>
      Object.fromEntries(
        Object.entries(request.extensions?.body ?? {}).filter(([name]) =>
          Object.values(OWN_FIELDS).some((own) => name in own),
        ),
      ),
  },
];
