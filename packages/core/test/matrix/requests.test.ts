import { describe, expect, it } from 'vitest';
import { guardFor, tailor } from '../../src/route/tailor.ts';
import { partsOf, textOf, type Part } from '../../src/spec/message.ts';
import type { ChatRequest, Tool } from '../../src/spec/request.ts';
import { decoded, PAIRS, received, targetOf, type Party } from './pairs.ts';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const TOOLS: readonly Tool[] = [
  {
    name: 'get_weather',
    description: 'Weather of a "city", als Text — 天気.',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
  { name: 'get_time', parameters: { type: 'object', properties: {} } },
];

/** What the vendor's program reads of a request of the caller's. */
function seen(caller: Party, vendor: Party, request: ChatRequest, mode: 'stream' | 'whole' = 'stream') {
  const target = targetOf(vendor, false);
  const asked = received(caller, request, mode);
  const tailored = tailor(asked.request, target.quirks, { mode, guard: guardFor(asked.request.outputFormat) });
  const call = vendor.client.encode(tailored.request, target, mode);
  return { request: decoded(vendor, call), lost: [...tailored.notes, ...call.lost], mode: asked.mode };
}

const partsIn = (request: ChatRequest): Part[] => request.messages.flatMap(({ content }) => [...partsOf(content)]);
const calls = (request: ChatRequest) => partsIn(request).filter((part) => part.type === 'tool-call');
const results = (request: ChatRequest) => partsIn(request).filter((part) => part.type === 'tool-result');

describe.each(PAIRS)('a request over %s', (_pair, caller, vendor) => {
  it('keeps every turn of a conversation, to the byte', () => {
    const { request, lost } = seen(caller, vendor, {
      messages: [
        { role: 'system', content: 'Be brief. Sei "kurz".' },
        { role: 'user', content: 'Hallo 🙂\n\n  indented' },
        { role: 'assistant', content: 'Ja?' },
        { role: 'user', content: '世界' },
      ],
      maxTokens: 321,
      temperature: 0.25,
    });
    expect(request.messages.map(({ role, content }) => [role === 'system' ? 'system' : role, textOf(content)])).toEqual(
      [
        ['system', 'Be brief. Sei "kurz".'],
        ['user', 'Hallo 🙂\n\n  indented'],
        ['assistant', 'Ja?'],
        ['user', '世界'],
      ],
    );
    expect(request.maxTokens).toBe(321);
    expect(request.temperature).toBe(0.25);
    expect(lost.filter((word) => !/^(?:store|include)\b/.test(word))).toEqual([]);
  });

  it('keeps an image and where it stands', () => {
    const image = { type: 'image', source: { type: 'base64', mediaType: 'image/png', data: PIXEL } } as const;
    const { request } = seen(caller, vendor, {
      messages: [{ role: 'user', content: [{ type: 'text', text: 'What is this?' }, image] }],
    });
    const images = partsIn(request).filter((part) => part.type === 'image');
    expect(images.map(({ source }) => source)).toEqual([image.source]);
    expect(request.messages.at(-1)?.role).toBe('user');
    expect(textOf(request.messages.at(-1)?.content ?? '')).toBe('What is this?');
  });

  it('keeps tools as they are described', () => {
    const { request } = seen(caller, vendor, { messages: [{ role: 'user', content: 'Hi.' }], tools: TOOLS });
    expect(request.tools?.map(({ name, description }) => [name, description ?? ''])).toEqual(
      TOOLS.map(({ name, description }) => [name, description ?? '']),
    );
    expect(request.tools?.[0]?.parameters).toMatchObject({
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
    });
  });

  it('keeps parallel calls and gives each its own result', () => {
    const { request } = seen(caller, vendor, {
      messages: [
        { role: 'user', content: 'Weather in A and B?' },
        {
          role: 'assistant',
          content: [
            { type: 'tool-call', id: 'call_a', name: 'get_weather', arguments: '{"city":"A"}' },
            { type: 'tool-call', id: 'call_b', name: 'get_weather', arguments: '{"city":"B"}' },
          ],
        },
        {
          role: 'tool',
          content: [{ type: 'tool-result', toolCallId: 'call_a', name: 'get_weather', content: 'sun in A' }],
        },
        {
          role: 'tool',
          content: [{ type: 'tool-result', toolCallId: 'call_b', name: 'get_weather', content: 'rain in B' }],
        },
        { role: 'user', content: 'And now?' },
      ],
      tools: TOOLS,
    });
    const made = calls(request);
    expect(made.map(({ arguments: json }) => JSON.parse(json) as unknown)).toEqual([{ city: 'A' }, { city: 'B' }]);
    expect(new Set(made.map(({ id }) => id)).size).toBe(2);
    const byCall = new Map(results(request).map(({ toolCallId, content }) => [toolCallId, textOf(content)]));
    expect(made.map(({ id }) => byCall.get(id))).toEqual(['sun in A', 'rain in B']);
    expect(textOf(request.messages.at(-1)?.content ?? '')).toBe('And now?');
  });

  it('asks for structured output in a way that the vendor understands, and says when only in words', () => {
    const schema = {
      type: 'object',
      properties: { answer: { type: 'string' } },
      required: ['answer'],
      additionalProperties: false,
    };
    const asked: ChatRequest = {
      messages: [{ role: 'user', content: 'Answer.' }],
      outputFormat: { type: 'json-schema', name: 'answer', schema },
    };
    const understood = received(caller, asked, 'whole').request.outputFormat;
    const { request, lost } = seen(caller, vendor, asked, 'whole');
    if (understood?.type === 'json-schema') {
      expect(request.outputFormat?.type === 'json-schema' || lost.some((word) => /in words/.test(word))).toBe(true);
      expect(JSON.stringify(request)).toContain('answer');
    }
  });

  it('thinks no more and no less than was asked', () => {
    const target = targetOf(vendor, true);
    const ask = (reasoning: ChatRequest['reasoning']) => {
      const asked = received(caller, { messages: [{ role: 'user', content: 'Hi.' }], reasoning }, 'whole').request;
      return { asked, call: vendor.client.encode(asked, target, 'whole') };
    };
    const { asked, call } = ask({ enabled: false });
    const got = decoded(vendor, call).reasoning;
    if (asked.reasoning?.enabled === false || asked.reasoning?.effort === 'none') {
      expect(got === undefined || got.enabled === false || got.effort === 'none' || call.lost.length > 0).toBe(true);
    }
    expect(decoded(vendor, ask(undefined).call).reasoning).toBeUndefined();
  });

  it('asks for a stream when the caller does', () => {
    const plain: ChatRequest = { messages: [{ role: 'user', content: 'Hi.' }] };
    expect(seen(caller, vendor, plain, 'stream').mode).toBe('stream');
    expect(seen(caller, vendor, plain, 'whole').mode).toBe('whole');
  });
});
