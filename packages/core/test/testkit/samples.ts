import * as fc from 'fast-check';
import type { Part } from '../../src/spec/message.ts';
import type { ChatResponse } from '../../src/spec/response.ts';
import type { WireTarget } from '../../src/wires/wire.ts';
import { DEFAULT_QUIRKS, type Quirks } from '../../src/wires/quirks.ts';

export function testTarget(quirks: Partial<Quirks> = {}, rest: Partial<Omit<WireTarget, 'quirks'>> = {}): WireTarget {
  return { model: 'm-1', issuer: 'test:m-1', defaults: {}, ...rest, quirks: { ...DEFAULT_QUIRKS, ...quirks } };
}

export const testContext = { id: 'answer-1', createdAt: 1_700_000_000, model: 'm-1' };

/** Text with everything that breaks careless code: line ends, quotes, astral characters, SSE look-alikes. */
export const anyText = fc.oneof(
  fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }),
  fc.constantFrom('\n\ndata: [DONE]\n\n', '\r\n', '"\\', '𝄞 é 日本', '</think>', '{"error":1}', '\u2028', ' '),
);

/** Tool arguments whose bytes must survive: odd spacing, long numbers, escapes, repeated keys. */
export const anyArguments = fc.oneof(
  fc.constantFrom('{}', '{ "a" : 1.0 }', '{"n":12345678901234567890}', '{"a":1,"a":2}', '{"t":"\\ud83d\\u00e9"}'),
  fc
    .dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 })
    .map((o) => JSON.stringify(o)),
);

const counts = fc.nat({ max: 100_000 });

/** Whole answers that any wire with text and tool calls can carry: at most one text, then calls. */
export const anyAnswer: fc.Arbitrary<ChatResponse> = fc
  .record({
    text: fc.option(anyText, { nil: undefined }),
    calls: fc.array(fc.record({ name: fc.stringMatching(/^[a-z_][a-zA-Z0-9_-]{0,20}$/), arguments: anyArguments }), {
      maxLength: 3,
    }),
    cut: fc.boolean(),
    input: counts,
    output: counts,
  })
  .map(({ text, calls, cut, input, output }) => {
    const content: Part[] = text === undefined ? [] : [{ type: 'text', text }];
    calls.forEach((call, at) => content.push({ type: 'tool-call', id: `call_${at}`, ...call }));
    const finishReason = calls.length > 0 ? 'tool-calls' : cut ? 'length' : 'stop';
    const usage = { inputTokens: input, outputTokens: output };
    const head = { id: 'answer-9', model: 'm-9' };
    return { ...head, content, text: text ?? '', finishReason, usage, warnings: [] } satisfies ChatResponse;
  });
