import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StreamEvent } from '../../src/spec/event.ts';
import type { Message, Part } from '../../src/spec/message.ts';
import type { ChatRequest } from '../../src/spec/request.ts';
import type { ChatResponse } from '../../src/spec/response.ts';
import { collectEvents } from '../../src/stream/collect.ts';
import { eventsOf } from '../../src/stream/events-of.ts';
import { anyArguments, anyText } from '../testkit/samples.ts';
import { decodeAtAnyCut } from '../testkit/cuts.ts';
import { client, context, createDecoder, server, target } from './support.ts';

const wire = 'anthropic-messages' as const;
const visible = anyText.map((text) => `x${text.toWellFormed()}.`);
const cacheControl = fc.constantFrom(undefined, {}, { ttl: '1h' as const });
const textPart = fc.record({ text: visible, cacheControl }).map(({ text, cacheControl: mark }): Part => ({
  type: 'text',
  text,
  ...(mark === undefined ? {} : { cacheControl: mark }),
}));
/** Arguments as `JSON.stringify` writes them: the serving side gets a parsed body. */
const plainArguments = fc
  .dictionary(fc.stringMatching(/^[a-z]{1,4}$/), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 })
  .map((value) => JSON.stringify(JSON.parse(JSON.stringify(value).toWellFormed())));

/** One exchange: the user speaks, the model answers with calls, the results follow. */
const exchange = fc
  .record({
    said: fc.array(textPart, { minLength: 2, maxLength: 3 }),
    thought: fc.option(fc.record({ text: visible, signature: fc.base64String({ minLength: 4 }) }), { nil: undefined }),
    answer: visible,
    calls: fc.array(
      fc.record({ name: fc.stringMatching(/^[a-zA-Z0-9_-]{1,30}$/), arguments: plainArguments, result: visible }),
      { maxLength: 3 },
    ),
  })
  .map(({ said, thought, answer, calls }) => (at: number): Message[] => {
    const content: Part[] = thought === undefined ? [] : [{ type: 'reasoning', ...thought }];
    content.push(
      { type: 'text', text: answer },
      { type: 'opaque', wire, value: { type: 'server_tool_use', id: `s${at}`, name: 'web', input: {} } },
    );
    calls.forEach((call, index) =>
      content.push({ type: 'tool-call', id: `t${at}_${index}`, name: call.name, arguments: call.arguments }),
    );
    const results = calls.map((call, index): Part => ({
      type: 'tool-result',
      toolCallId: `t${at}_${index}`,
      content: call.result,
    }));
    const messages: Message[] = [
      { role: 'user', content: said },
      { role: 'assistant', content },
    ];
    return results.length === 0 ? messages : [...messages, { role: 'tool', content: results }];
  });

const anyRequest: fc.Arbitrary<ChatRequest> = fc
  .record({
    exchanges: fc.array(exchange, { minLength: 1, maxLength: 3 }),
    maxTokens: fc.integer({ min: 1, max: 9999 }),
    temperature: fc.constantFrom(undefined, 0, 0.25, 1),
    stop: fc.constantFrom(undefined, ['END']),
    user: fc.constantFrom(undefined, 'u'),
  })
  .map(({ exchanges, ...rest }) => ({
    messages: [
      ...exchanges.flatMap((make, at) => make(at)),
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
    ],
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
    extensions: { wire, body: {} },
  }));

const marks = (request: ChatRequest): number => JSON.stringify(request).split('"cacheControl"').length - 1;

describe('round trips', () => {
  it('a request through the client side and the serving side is the same request', () => {
    const check = (request: ChatRequest): void => {
      fc.pre(marks(request) <= 4);
      const call = client.encode(request, target(), 'stream');
      expect(call.lost).toEqual([]);
      const { request: again, mode } = server.decodeRequest(JSON.parse(call.body));
      expect(again).toEqual({ ...request, model: 'claude-sonnet-4-5' });
      expect(mode).toBe('stream');
    };
    fc.assert(fc.property(anyRequest, check), { numRuns: 200 });
  });

  it('a streamed answer keeps every byte of text, thinking and arguments', () => {
    const part: fc.Arbitrary<Part> = fc.oneof(
      anyText.map((text): Part => ({ type: 'text', text })),
      fc
        .record({ text: anyText, signature: fc.base64String({ minLength: 4 }) })
        .map((thought): Part => ({ type: 'reasoning', ...thought })),
      fc.base64String({ minLength: 4 }).map((redacted): Part => ({ type: 'reasoning', text: '', redacted })),
      anyArguments.map((args): Part => ({ type: 'tool-call', id: 'x', name: 'f', arguments: args })),
      fc
        .jsonValue({ maxDepth: 2 })
        .map((data): Part => ({ type: 'opaque', wire, value: { type: 'novel_result', data: data as string } })),
    );
    const check = (parts: Part[]): void => {
      const content = parts.map((one, at) => (one.type === 'tool-call' ? { ...one, id: `t${at}` } : one));
      const hasCalls = content.some((one) => one.type === 'tool-call');
      const text = content.map((one) => (one.type === 'text' ? one.text : '')).join('');
      const answer: ChatResponse = {
        id: 'i',
        model: 'm',
        content,
        text,
        finishReason: hasCalls ? 'tool-calls' : 'stop',
        usage: { inputTokens: 3, outputTokens: 4 },
        warnings: [],
      };
      const bytes = Buffer.from(streamed(eventsOf(answer)));
      const { rawFinishReason: _raw, ...again } = collectEvents(decodeAtAnyCut(createDecoder, bytes, { cuts: 3 }));
      expect(again).toEqual(JSON.parse(JSON.stringify(answer)));
    };
    fc.assert(fc.property(fc.array(part, { maxLength: 5 }), check), { numRuns: 150 });
  });
});

function streamed(events: readonly StreamEvent[]): string {
  const encoder = server.createEncoder(context, { request: { messages: [] }, mode: 'stream', includeUsage: true });
  return events.map((event) => encoder.encode(event)).join('');
}
