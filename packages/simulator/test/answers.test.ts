import { Ajv } from 'ajv';
import type { JsonObject } from '@standin/core/spec/index';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startSimulator, type Behaviour, type Simulator } from '../src/index.ts';
import { sampleOf } from '../src/schema-sample.ts';
import { generateText, pieces } from '../src/text.ts';
import { ask, textIn, WIRES, type Ask, type Wire } from './testkit/raw-call.ts';

let simulator: Simulator;
beforeAll(async () => void (simulator = await startSimulator()));
afterAll(() => simulator.close());
beforeEach(() => {
  simulator.setScript({});
  simulator.reset();
});

const textOf = async (wire: Wire, how: Ask = {}) =>
  textIn((await ask(simulator.url, wire, { stream: true, ...how }).answer).body);
const use = (behaviour: Behaviour) => simulator.setScript({ defaults: behaviour });

describe('the generated text', () => {
  test('is the same for the same prompt on every wire, key, model and chunking', async () => {
    const first = await textOf('openai-chat', { prompt: 'Why?' });
    expect(first.split(' ').length).toBe(60);
    expect(await textOf('anthropic-messages', { prompt: 'Why?', key: 'other', model: 'another' })).toBe(first);
    use({ deltaChars: 5, bytesPerWrite: 9, seed: 1 });
    expect(await textOf('openai-chat', { prompt: 'Why?' })).toBe(first);
    expect(await textOf('openai-chat', { prompt: 'When?' })).not.toBe(first);
    use({ seed: 2 });
    expect(await textOf('openai-chat', { prompt: 'Why?' })).not.toBe(first);
  });

  test('can diverge from the start or from any place on', async () => {
    const usual = await textOf('openai-chat');
    use({ diverge: 'b' });
    expect((await textOf('openai-chat')).slice(0, 3)).not.toBe(usual.slice(0, 3));
    use({ diverge: 'b', divergeAtChars: 30 });
    const other = await textOf('openai-chat');
    expect(other.slice(0, 30)).toBe(usual.slice(0, 30));
    expect(other.slice(0, 31)).not.toBe(usual.slice(0, 31));
  });

  test('is cut to the output limit when that is to be honoured', async () => {
    use({ text: 'abcdefghijklmnop', honourMaxTokens: true });
    const { body } = await ask(simulator.url, 'openai-chat', { more: { max_tokens: 2 } }).answer;
    expect(JSON.parse(body)).toMatchObject({
      choices: [{ message: { content: 'abcdefgh' }, finish_reason: 'length' }],
    });
  });

  test('pieces of any size are the text again and never split a surrogate pair', () => {
    const texts = fc.array(fc.constantFrom('a', '.', ' ', '\n', 'é', '東', '🌍', '👨‍👩‍👧')).map((all) => all.join(''));
    fc.assert(
      fc.property(texts, fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }), (text, size) => {
        const parts = pieces(text, size);
        expect(parts.join('')).toBe(text);
        expect(parts.filter((part) => /^$|^[\udc00-\udfff]|[\ud800-\udbff]$/.test(part))).toEqual([]);
      }),
    );
    expect(generateText(5, 12).split(' ')).toHaveLength(12);
  });
});

describe.each(WIRES)('%s: a request that ends in an assistant message', (wire) => {
  const prefilled = (text: string) => ({
    messages: [
      { role: 'user', content: 'hello' },
      { role: 'assistant', content: text },
    ],
  });

  test('is continued exactly, from any place that is no white space', async () => {
    const whole = await textOf(wire);
    for (const at of [1, 10, 57, whole.length - 1]) {
      const begun = whole.slice(0, at).trimEnd();
      expect(begun + (await textOf(wire, { more: prefilled(begun) }))).toBe(whole);
    }
  });

  test('is continued in other words when the beginning is not its own', async () => {
    const whole = await textOf(wire);
    const continued = await textOf(wire, { more: prefilled('Quite another beginning') });
    expect(continued).not.toBe('');
    expect(whole).not.toContain(continued);
  });

  test('is answered anew or refused when told so', async () => {
    const whole = await textOf(wire);
    use({ prefill: 'ignore' });
    expect(await textOf(wire, { more: prefilled(whole.slice(0, 10).trimEnd()) })).toBe(whole);
    use({ prefill: 'refuse' });
    const refused = await ask(simulator.url, wire, { more: prefilled('Water') }).answer;
    expect(refused.status).toBe(400);
    expect(refused.body).toMatch(/prefill/);
    expect((await ask(simulator.url, wire).answer).status).toBe(200);
  });
});

test('Anthropic refuses a prefill that ends in white space', async () => {
  const more = {
    messages: [
      { role: 'user', content: 'hello' },
      { role: 'assistant', content: 'Water ' },
    ],
  };
  expect(await ask(simulator.url, 'anthropic-messages', { more }).answer).toMatchObject({
    status: 400,
    body: expect.stringContaining('trailing whitespace'),
  });
});

describe('finish reasons and usage', () => {
  const body = async (behaviour: Behaviour, wire: Wire) => {
    use(behaviour);
    return (await ask(simulator.url, wire).answer).body;
  };

  test('are what the script says, in each wire', async () => {
    expect(await body({ finish: 'length' }, 'openai-chat')).toContain('"finish_reason":"length"');
    expect(await body({ finish: 'length' }, 'anthropic-messages')).toContain('"stop_reason":"max_tokens"');
    expect(await body({ finish: 'content-filter' }, 'openai-chat')).toContain('"finish_reason":"content_filter"');
    expect(await body({ refusal: 'No.' }, 'openai-chat')).toContain('"refusal":"No."');
    expect(await body({ stopSequence: 'END' }, 'anthropic-messages')).toContain('"stop_sequence":"END"');
    expect(await body({}, 'openai-chat')).toContain('"usage"');
    expect(await body({ usage: false }, 'openai-chat')).not.toContain('"usage"');
  });
});

describe('hints to wait', () => {
  const error = async (hints: object, wire: Wire = 'openai-chat') => {
    use({ error: { name: 'rate', hints } });
    return ask(simulator.url, wire).answer;
  };

  test('come in all their forms', async () => {
    expect((await error({ retryAfter: 2 })).headers['retry-after']).toBe('2');
    expect((await error({ retryAfter: '120, 60' })).headers['retry-after']).toBe('120, 60');
    expect((await error({ retryAfterMs: 1500 })).headers['retry-after-ms']).toBe('1500');
    const date = (await error({ retryAfterDate: 60 })).headers['retry-after'] ?? '';
    expect(date).toMatch(/GMT$/);
    expect(Math.abs(Date.parse(date) - Date.now() - 60_000)).toBeLessThan(5000);
    const reset = await error({ rateLimitReset: '6m0s' });
    expect(reset.headers).toMatchObject({
      'x-ratelimit-reset-requests': '6m0s',
      'x-ratelimit-remaining-requests': '0',
    });
    expect(
      (await error({ anthropicReset: 9 }, 'anthropic-messages')).headers['anthropic-ratelimit-requests-reset'],
    ).toMatch(/^\d{4}-.*Z$/);
    expect((await error({ text: '1m47.58s' })).body).toContain('Please try again in 1m47.58s.');
    expect((await error({ retryInfo: '36.4s' })).body).toContain('"retryDelay":"36.4s"');
  });

  test('and an error can be given to the last byte', async () => {
    use({
      error: {
        status: 418,
        body: 'short and stout',
        contentType: 'text/x-tea',
        headers: { 'x-a': '1' },
        shouldRetry: false,
      },
    });
    const answer = await ask(simulator.url, 'openai-chat').answer;
    expect(answer).toMatchObject({ status: 418, body: 'short and stout' });
    expect(answer.headers).toMatchObject({ 'content-type': 'text/x-tea', 'x-a': '1', 'x-should-retry': 'false' });
  });
});

test('sample values fit their schemas', () => {
  const ajv = new Ajv({ strict: false });
  const schemas: readonly JsonObject[] = [
    {
      type: 'object',
      properties: { a: { type: ['string', 'null'], minLength: 20 }, b: { $ref: '#/$defs/n' } },
      required: ['a', 'b'],
      $defs: { n: { type: 'integer', minimum: 1.5 } },
    },
    { type: 'array', items: { anyOf: [{ const: 4 }, { type: 'string' }] }, minItems: 3 },
    {
      allOf: [{ type: 'object', properties: { x: { type: 'boolean' } }, required: ['x'] }],
      properties: { y: { type: 'number', maximum: 2 } },
      required: ['y'],
    },
    { type: 'number', exclusiveMinimum: 10 },
    { type: 'string', maxLength: 3 },
    { properties: { deep: { type: 'object' } }, required: ['deep'] },
  ];
  for (const schema of schemas)
    expect(ajv.validate(schema, sampleOf(schema)), JSON.stringify(sampleOf(schema))).toBe(true);
});
