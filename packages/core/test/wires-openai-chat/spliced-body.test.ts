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
    ['a name is written with an escape', '{"model":"a","mod\\u0065l":"b"}'],
    ['another field is', '{"model":"a","max_t\\u006fkens":5}'],
    ['the model is', '{"model":"\\u0061"}'],
    ['half a surrogate pair', '{"model":"a","messages":[{"role":"user","content":"\\ud83d"}]}'],
    ['a field whose name ends like it', '{"x\\"model":"a","model":"b"}'],
    ['no model', '{"messages":[]}'],
    ['a text that is the name of a field', '{"model":"a","messages":[{"role":"user","content":"model"}]}'],
  ])('is written anew where the text could say more than was read: %s', (_, text) => {
    expect(spliced(text)).toBeUndefined();
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
