import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ajvValidator } from '../../src/library/schema-validator.ts';
import { ProviderError } from '../../src/spec/errors.ts';
import type { StreamEvent } from '../../src/spec/event.ts';
import type { ChatRequest } from '../../src/spec/request.ts';
import { collectEvents } from '../../src/stream/collect.ts';
import { validateStream } from '../../src/stream/validate.ts';
import { createOutputGuard, jsonIn, type StructuredFormat } from '../../src/tools/output/index.ts';
import { pieces } from './guided-support.ts';

const SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city'],
  additionalProperties: false,
};
const FORMAT: StructuredFormat = { type: 'json-schema', name: 'trip', schema: SCHEMA };
const REQUEST: ChatRequest = {
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Where?' },
  ],
  outputFormat: FORMAT,
};

function read(
  text: string | readonly string[],
  options: {
    mode?: 'stream' | 'whole';
    instructed?: boolean;
    format?: StructuredFormat;
    reason?: 'stop' | 'length';
  } = {},
) {
  const { mode = 'whole', instructed = true, format = FORMAT, reason = 'stop' } = options;
  const guard = createOutputGuard(format, { validate: ajvValidator });
  const reader = guard.reader({ mode, instructed });
  const batches = pieces(typeof text === 'string' ? [text] : text, reason);
  const events = batches.flatMap((batch) => [...reader.push(batch)]);
  expect(validateStream(events)).toEqual([]);
  return collectEvents(events);
}

describe('the request of a structured answer', () => {
  const guard = createOutputGuard(FORMAT);

  it('is left alone where the target enforces the schema', () => {
    expect(guard.requestFor(REQUEST, 'json_schema')).toBe(REQUEST);
  });

  it('asks in words for what the target does not enforce', () => {
    const plain = guard.requestFor(REQUEST, 'none');
    expect(plain.outputFormat).toBeUndefined();
    expect(plain.messages[0]?.content).toContain('Be brief.');
    expect(plain.messages[0]?.content).toContain(JSON.stringify(SCHEMA));
    const json = guard.requestFor(REQUEST, 'json_object');
    expect(json.outputFormat).toEqual({ type: 'json' });
    expect(json.messages[0]?.content).toContain(JSON.stringify(SCHEMA));
  });

  it('gets a system message when it has none', () => {
    const asked = guard.requestFor({ ...REQUEST, messages: REQUEST.messages.slice(1) }, 'none');
    expect(asked.messages.map((message) => message.role)).toEqual(['system', 'user']);
  });

  it('leaves JSON mode to a target that has one', () => {
    const request: ChatRequest = { ...REQUEST, outputFormat: { type: 'json' } };
    expect(createOutputGuard({ type: 'json' }).requestFor(request, 'json_object')).toBe(request);
  });
});

describe('a whole answer', () => {
  const JSON_TEXT = '{"city": "Bern",  "days": 2}';
  it.each([
    ['alone', JSON_TEXT],
    ['in a fence', `\`\`\`json\n${JSON_TEXT}\n\`\`\``],
    ['in a fence with prose around it', `Here you are:\n\n\`\`\`\n${JSON_TEXT}\n\`\`\`\nEnjoy!`],
    ['in prose', `The answer is ${JSON_TEXT}. Have fun [maybe].`],
  ])('is delivered as the JSON it was written as: %s', (_where, text) => {
    expect(read(text).text).toBe(JSON_TEXT);
  });

  it('that the vendor enforces is passed as it is', () => {
    expect(read(`${JSON_TEXT}\n`, { instructed: false }).text).toBe(`${JSON_TEXT}\n`);
  });

  it.each([
    ['no JSON', 'I cannot say.', 'not valid JSON'],
    ['another type', '{"city": 7}', '/city must be string'],
    ['a missing member', '{"days": 2}', "must have required property 'city'"],
    ['a member too many', '{"city": "x", "extra": 1}', '"extra"'],
  ])('fails the attempt: %s', (_what, text, why) => {
    const error = caught(() => read(text));
    expect(error).toMatchObject({ kind: 'protocol', rule: 'schema' });
    expect(error.message).toContain(why);
    expect(error.message).toContain('"trip"');
  });

  it('that was cut off or turned to tools is not judged', () => {
    expect(read('{"city": "Be', { reason: 'length' }).text).toBe('{"city": "Be');
  });

  it('of plain JSON mode is checked for being JSON only', () => {
    expect(read('```json\n[1]\n```', { format: { type: 'json' } }).text).toBe('[1]');
    expect(caught(() => read('nothing', { format: { type: 'json' } })).rule).toBe('schema');
  });
});

describe('one repair round', () => {
  it('asks again with the answer and what was wrong with it, once', () => {
    const guard = createOutputGuard({ ...FORMAT, repair: true }, { validate: ajvValidator });
    const fail = (text: string): void => {
      const reader = guard.reader({ mode: 'whole', instructed: true });
      caught(() => pieces([text]).forEach((batch) => reader.push(batch)));
    };
    expect(guard.requestFor(REQUEST, 'json_schema').messages).toHaveLength(2);
    fail('{"city": 7}');
    const again = guard.requestFor(REQUEST, 'json_schema');
    expect(again.messages.slice(2)).toEqual([
      { role: 'assistant', content: '{"city": 7}' },
      { role: 'user', content: expect.stringContaining('/city must be string') as string },
    ]);
    fail('{"city": 8}');
    expect(guard.requestFor(REQUEST, 'json_schema').messages).toHaveLength(2);
  });

  it('is not made unasked', () => {
    const guard = createOutputGuard(FORMAT, { validate: ajvValidator });
    const reader = guard.reader({ mode: 'whole', instructed: true });
    caught(() => pieces(['{}']).forEach((batch) => reader.push(batch)));
    expect(guard.requestFor(REQUEST, 'json_schema')).toBe(REQUEST);
  });
});

describe('a streamed answer', () => {
  it('loses its fence while it flows, at any cut', () => {
    const inner = '{"city": "a `b` ```",\n "days": 1}';
    const text = ` \`\`\`json\n${inner}\n\`\`\`\n`;
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (places) => {
        const cuts = [...new Set([...places, text.length])].toSorted((a, b) => a - b);
        const parts = cuts.map((end, index) => text.slice(cuts[index - 1] ?? 0, end)).filter((part) => part !== '');
        const response = read(parts, { mode: 'stream' });
        expect(response.text).toBe(inner);
        expect(response.warnings).toEqual([]);
      }),
      { numRuns: 200 },
    );
    expect(read([...text], { mode: 'stream' }).text).toBe(inner);
  });

  it('without a fence is never changed', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom('`', '``', '\n', ' ', '{', '```x y\n'))), (parts) => {
        const text = parts.join('');
        fc.pre(!/^\s*```[\w-]*[ \t]*\n/.test(text));
        expect(read(parts, { mode: 'stream', format: { type: 'json' }, reason: 'length' }).text).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  it('that does not fit gets a warning before the finish, being delivered already', () => {
    for (const instructed of [true, false]) {
      const response = read(['{"city"', ': 7}'], { mode: 'stream', instructed });
      expect(response.text).toBe('{"city": 7}');
      expect(response.warnings).toEqual([
        { code: 'output-invalid', message: expect.stringContaining('/city') as string },
      ]);
    }
  });

  it('passes untouched, in the same array, where the vendor enforces the schema', () => {
    const reader = createOutputGuard(FORMAT).reader({ mode: 'stream', instructed: false });
    const events: StreamEvent[] = [{ type: 'text-delta', index: 0, text: '{' }];
    expect(reader.push(events)).toBe(events);
  });

  it('of a refusal is left alone', () => {
    const reader = createOutputGuard(FORMAT).reader({ mode: 'stream', instructed: true });
    const events: StreamEvent[] = [
      { type: 'response-start' },
      { type: 'text-start', index: 0, refusal: true },
      { type: 'text-delta', index: 0, text: '```no\n' },
      { type: 'text-end', index: 0 },
      { type: 'finish', reason: 'stop' },
    ];
    expect(reader.push(events)).toEqual(events);
  });
});

describe('JSON in a text', () => {
  it('is found whatever stands around it', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.stringMatching(/^[a-zA-Z .,:!]*$/), (value, prose) => {
        const json = JSON.stringify(value);
        expect(jsonIn(`${prose}\n${json}\n${prose}`)).toBe(json);
      }),
    );
  });

  it('is mended where it is only slightly broken', () => {
    expect(jsonIn("Sure: {'a': 1, 'b': [1, 2,],}")).toBe('{"a":1,"b":[1,2]}');
    expect(jsonIn('{"a": "cut o')).toBeUndefined();
    expect(jsonIn('no json')).toBeUndefined();
  });
});

describe('the validator', () => {
  it('knows the drafts and checks nothing by a schema it cannot read', () => {
    expect(ajvValidator({ a: 1 }, { type: 'object', required: ['b'] })).toHaveLength(1);
    expect(
      ajvValidator([1, 'x'], { $schema: 'http://json-schema.org/draft-07/schema#', items: [{}, { type: 'number' }] }),
    ).toHaveLength(1);
    expect(ajvValidator([1, 'x'], { prefixItems: [{}, { type: 'number' }] })).toHaveLength(1);
    expect(ajvValidator(1, { $id: 'same', type: 'string' })).toHaveLength(1);
    expect(ajvValidator(1, { $id: 'same', type: 'number' })).toEqual([]);
    expect(ajvValidator(1, { type: 'nonsense' })).toEqual([]);
  });
});

function caught(run: () => unknown): ProviderError {
  try {
    run();
  } catch (error) {
    if (ProviderError.is(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
