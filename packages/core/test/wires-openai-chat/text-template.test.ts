import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createChunkReader } from '../../src/wires/openai-chat/chunk-reader.ts';
import { createDecoder } from '../../src/wires/openai-chat/decoder.ts';
import { onlyPieceOf, TextTemplate } from '../../src/wires/openai-chat/text-template.ts';
import { testTarget } from '../testkit/samples.ts';

const target = testTarget({});
const written = (delta: object, more: object = {}): string =>
  JSON.stringify({ id: 'c1', model: 'm', choices: [{ index: 0, delta, ...more }], created: 7 });

/** As each object reads when it is parsed by itself. */
function parsedOneByOne(objects: readonly string[]) {
  const reader = createChunkReader(target);
  for (const object of objects) reader.read(JSON.parse(object), false);
  return reader.take();
}

function decoded(objects: readonly string[]) {
  return createDecoder(target).push(Buffer.from(objects.map((object) => `data: ${object}\n\n`).join('')));
}

describe('objects of a stream that differ in one string', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 14, unit: 'binary' }),
    fc.constantFrom('"', '\\', '\\u0041', '\n', '\u0000', 'é', '🦊', '"},{"', 'probe', 'c1', 'content', ''),
  );
  const delta = fc.oneof(
    { weight: 8, arbitrary: fc.record({ content: text }) },
    { weight: 2, arbitrary: fc.record({ content: text, reasoning_content: text }) },
    { weight: 2, arbitrary: fc.record({ reasoning: text, role: fc.constant('assistant') }) },
    fc.record({ content: fc.constant(null), thinking: text }),
    fc.record({ content: text, refusal: text }),
    fc.record({ content: text, annotations: fc.constant([{ type: 'x' }]) }),
    fc.record({ content: text, name: text }),
  );
  const more = fc.oneof(
    { weight: 8, arbitrary: fc.constant({}) },
    fc.record({ logprobs: fc.constant({ content: [{ token: 'a' }] }) }),
    fc.record({ stop_reason: text }),
    fc.record({ usage: fc.constant({ prompt_tokens: 1, completion_tokens: 2 }) }),
    fc.record({ finish_reason: fc.constantFrom(null, '') }),
  );

  it('read as if every one were parsed', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(delta, more), { maxLength: 40 }), fc.nat(), (list, repeats) => {
        // Runs of the same shape, as real streams have them.
        const objects = list.flatMap(([one, rest], at) =>
          Array.from({ length: ((repeats + at) % 3) + 1 }, (_, turn) =>
            written(
              turn > 0 && 'content' in one && typeof one.content === 'string'
                ? { ...one, content: `${one.content}${turn}` }
                : one,
              rest,
            ),
          ),
        );
        expect(decoded(objects)).toEqual(parsedOneByOne(objects));
      }),
      { numRuns: 300 },
    );
  });

  it('are not parsed again, escaped and long ones excepted', () => {
    const template = new TextTemplate();
    const first = written({ content: 'Hello' });
    template.learn(first, onlyPieceOf(JSON.parse(first)) ?? { kind: 'text', piece: '' });
    expect(template.pieceOf(written({ content: ' you' }))).toBe(' you');
    for (const content of ['ü', 'longer than a dozen 🦊']) expect(template.pieceOf(written({ content }))).toBe(content);
    for (const content of ['a"b', 'a\nb', '', 'long'.repeat(80)])
      expect(template.pieceOf(written({ content }))).toBeUndefined();
    expect(template.pieceOf(written({ content: 'x' }, { finish_reason: 'stop' }))).toBeUndefined();
  });

  it('are not learned from a piece that stands there twice, or was found by chance elsewhere', () => {
    const template = new TextTemplate();
    template.learn('{"id":"A","choices":[{"delta":{"content":"\\u0041"}}]}', { kind: 'text', piece: 'A' });
    expect(template.pieceOf('{"id":"B","choices":[{"delta":{"content":"\\u0041"}}]}')).toBeUndefined();
    template.learn('{"id":"A","choices":[{"delta":{"content":"A"}}]}', { kind: 'text', piece: 'A' });
    expect(template.pieceOf('{"id":"A","choices":[{"delta":{"content":"B"}}]}')).toBeUndefined();
  });
});
