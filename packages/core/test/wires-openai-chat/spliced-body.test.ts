import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splicedBody } from '../../src/wires/openai-chat/spliced-body.ts';
import type { JsonObject } from '../../src/spec/json.ts';

const spliced = (text: string, model = 'm-2', usage = false): string | undefined =>
  splicedBody(text, JSON.parse(text) as JsonObject, model, usage);

describe('a body that passes as it came', () => {
  it('changes nothing but the model, and says what was asked to be said', () => {
    const text =
      '{ "messages": [{"role":"user","content":"say \\"model\\": \\"x\\""}],\n"model" :\t"a/b-1" , "seed":12345678901234567890}';
    expect(spliced(text)).toBe(text.replace('"a/b-1"', '"m-2"'));
    expect(JSON.parse(spliced('{"model":"a","stream":true}', 'b', true) ?? '')).toEqual({
      model: 'b',
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it.each([
    ['the model stands twice', '{"model":"a","messages":[],"model":"b"}'],
    ['a limit stands twice', '{"model":"a","max_tokens":5,"max_tokens":500000}'],
    ['it stands twice, once written with an escape', '{"model":"a","mod\\u0065l":"b"}'],
    ['the model is written with an escape', '{"model":"\\u0061"}'],
    ['half a surrogate pair', '{"model":"a","messages":[{"role":"user","content":"\\ud83d"}]}'],
    ['no model', '{"messages":[]}'],
  ])('is written anew where the text could say more than was read: %s', (_, text) => {
    expect(spliced(text)).toBeUndefined();
  });

  it.each([
    ['a field whose name ends like it', '{"x\\"model":"a","model":"b"}'],
    ['a text that is the name of a field', '{"messages":[{"role":"user","content":"model"}],"model":"a"}'],
    ['a model further inside', '{"x_own":{"model":"a"},"model":"b","y":[{"model":"c"}]}'],
    [
      'a long text with escapes',
      JSON.stringify({ messages: [{ role: 'user', content: `${'x'.repeat(90)}\\"":{[\\` }], model: 'b' }),
    ],
  ])('is not misled by %s', (_, text) => {
    expect(JSON.parse(spliced(text) ?? '')).toEqual({ ...(JSON.parse(text) as JsonObject), model: 'm-2' });
  });

  it('reads as the parsed body with that model, whatever stands in it', () => {
    const message = fc.record({
      role: fc.constantFrom('user', 'system', 'assistant'),
      content: fc.string({ unit: 'binary' }),
    });
    const body = fc.record(
      {
        model: fc.string(),
        messages: fc.array(message),
        temperature: fc.double(),
        x_own: fc.jsonValue(),
        stream: fc.boolean(),
      },
      { requiredKeys: ['model', 'messages'] },
    );
    let count = 0;
    fc.assert(
      fc.property(body, fc.string(), fc.constantFrom(undefined, 1, '\t'), (given, model, indent) => {
        const text = JSON.stringify(given, undefined, indent);
        const result = spliced(text, model);
        if (result === undefined) return;
        count++;
        expect(JSON.parse(result)).toEqual({ ...(JSON.parse(text) as JsonObject), model });
      }),
      { numRuns: 500 },
    );
    expect(count).toBeGreaterThan(100);
  });
});
