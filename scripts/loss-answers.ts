import type { ChatResponse } from '../packages/core/src/spec/response.ts';
import type { FinishReason } from '../packages/core/src/spec/event.ts';
import type { Part } from '../packages/core/src/spec/message.ts';
import type { Usage } from '../packages/core/src/spec/usage.ts';
import type { WireId } from '../packages/core/src/spec/wire-id.ts';

/** One thing an answer can say. */
export interface AnswerFeature {
  readonly name: string;
  /** `undefined`: this protocol has no such thing. */
  response(wire: WireId, issuer: string): ChatResponse | undefined;
  read(response: ChatResponse): unknown;
}

function answer(content: readonly Part[], rest: Partial<ChatResponse> = {}): ChatResponse {
  const text = content.map((part) => (part.type === 'text' ? part.text : '')).join('');
  const finishReason = content.some(({ type }) => type === 'tool-call') ? 'tool-calls' : 'stop';
  const usage = { inputTokens: 10, outputTokens: 5 };
  return {
    id: 'id_1',
    model: 'm',
    createdAt: 1_700_000_000,
    content,
    text,
    finishReason,
    usage,
    warnings: [],
    ...rest,
  };
}

const TEXT: Part = { type: 'text', text: 'Hello.' };
const call = (id: string, city: string): Part => ({
  type: 'tool-call',
  id,
  name: 'get_weather',
  arguments: `{"city":"${city}"}`,
});

const parts = (type: Part['type'], pick: (part: Part) => unknown) => (response: ChatResponse) =>
  response.content.filter((part) => part.type === type).map(pick);

const textIn = (part: Part): unknown => ('text' in part ? part.text : undefined);

function finish(finishReason: FinishReason): AnswerFeature {
  const content = finishReason === 'tool-calls' ? [call('call_1', 'A')] : [TEXT];
  return {
    name: `stop reason: ${finishReason}`,
    response: () => answer(content, { finishReason }),
    read: (response) => response.finishReason,
  };
}

function counted(name: string, field: keyof Usage, usage: Usage): AnswerFeature {
  return {
    name: `usage: ${name}`,
    response: () => answer([TEXT], { usage }),
    read: (response) => response.usage?.[field],
  };
}

export const ANSWERS: readonly AnswerFeature[] = [
  { name: 'text', response: () => answer([TEXT]), read: (response) => response.text },
  {
    name: 'parallel tool calls, in order',
    response: () => answer([call('call_1', 'A'), call('call_2', 'B')]),
    read: parts('tool-call', (part) => part.type === 'tool-call' && [part.name, part.arguments]),
  },
  {
    name: 'ids of tool calls',
    response: () => answer([call('call_1', 'A'), call('call_2', 'B')]),
    read: parts('tool-call', (part) => part.type === 'tool-call' && part.id),
  },
  {
    name: 'text before a tool call',
    response: () => answer([TEXT, call('call_1', 'A')]),
    read: (response) => response.content.map(({ type }) => type),
  },
  {
    name: 'thinking',
    response: () => answer([{ type: 'reasoning', text: 'Let me see.' }, TEXT]),
    read: parts('reasoning', textIn),
  },
  {
    name: 'signature of thinking',
    response: (wire, issuer) =>
      answer([
        wire === 'openai-responses'
          ? { type: 'reasoning', text: 'See.', id: 'rs_1', redacted: 'c2lnbmVk', issuer }
          : { type: 'reasoning', text: 'See.', signature: 'c2lnbmVk', issuer },
        TEXT,
      ]),
    read: parts('reasoning', (part) => part.type === 'reasoning' && (part.signature ?? part.redacted)),
  },
  {
    name: 'refusal, told from text',
    response: () => answer([{ type: 'refusal', text: 'I will not.' }], { finishReason: 'stop' }),
    read: parts('refusal', textIn),
  },
  counted('input', 'inputTokens', { inputTokens: 10, outputTokens: 5 }),
  counted('output', 'outputTokens', { inputTokens: 10, outputTokens: 5 }),
  counted('read from cache', 'cacheReadTokens', { inputTokens: 10, cacheReadTokens: 4, outputTokens: 5 }),
  counted('written to cache', 'cacheWriteTokens', { inputTokens: 10, cacheWriteTokens: 4, outputTokens: 5 }),
  counted('thinking', 'reasoningTokens', { inputTokens: 10, outputTokens: 5, reasoningTokens: 3 }),
  finish('stop'),
  finish('length'),
  finish('tool-calls'),
  finish('content-filter'),
  finish('refusal'),
  finish('pause'),
  {
    name: 'which stop sequence ended it',
    response: () => answer([TEXT], { finishReason: 'stop', stopSequence: 'END' }),
    read: (response) => response.stopSequence,
  },
];
