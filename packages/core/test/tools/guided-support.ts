import type { StreamEvent, FinishReason } from '../../src/spec/event.ts';
import type { Tool } from '../../src/spec/request.ts';
import type { ChatResponse } from '../../src/spec/response.ts';
import { collectEvents } from '../../src/stream/collect.ts';
import { validateStream } from '../../src/stream/validate.ts';
import { createGuidedTransform } from '../../src/tools/prompt-guided/index.ts';

const text = { type: 'string' } as const;

export const TOOLS: readonly Tool[] = [
  {
    name: 'get_weather',
    description: 'Weather of a city',
    parameters: { type: 'object', properties: { city: text, days: { type: 'integer' } }, required: ['city'] },
  },
  { name: 'search', parameters: { type: 'object', properties: { query: text } } },
  { name: 'shell', parameters: { type: 'object', properties: { command: text }, required: ['command'] } },
  { name: 'write_file', parameters: { type: 'object', properties: { path: text, content: text } } },
  { name: 'now' },
];

/** The events of an answer whose text comes in these pieces. */
export function pieces(parts: readonly string[], reason: FinishReason = 'stop'): StreamEvent[][] {
  return [
    [
      { type: 'response-start', id: 'r', model: 'm' },
      { type: 'text-start', index: 0 },
    ],
    ...parts.map((piece): StreamEvent[] => [{ type: 'text-delta', index: 0, text: piece }]),
    [
      { type: 'text-end', index: 0 },
      { type: 'finish', reason },
    ],
  ];
}

export function transformed(batches: readonly (readonly StreamEvent[])[], tools = TOOLS): StreamEvent[] {
  const transform = createGuidedTransform(tools);
  const events = batches.flatMap((batch) => transform.push(batch));
  const problems = validateStream(events);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return events;
}

export function answer(parts: string | readonly string[], reason: FinishReason = 'stop', tools = TOOLS): ChatResponse {
  return collectEvents(transformed(pieces(typeof parts === 'string' ? [parts] : parts, reason), tools));
}

/** Texts as strings, calls as `[name, arguments]`, thinking as `{ think }`, in order. */
export function shape(response: ChatResponse): unknown[] {
  return response.content.map((part) => {
    if (part.type === 'text') return part.text;
    if (part.type === 'tool-call') return [part.name, part.arguments];
    return part.type === 'reasoning' ? { think: part.text } : part;
  });
}
