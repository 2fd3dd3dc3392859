import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WIRE_CLIENTS } from '@standin/core/library/wires';
import { DEFAULT_QUIRKS } from '@standin/core/wires/quirks';
import type { StreamEvent } from '@standin/core/spec/index';
import { createBlockBuilder } from '@standin/core/stream/block-builder';
import { createCollector } from '@standin/core/stream/collect';
import type { HttpCall, Transport } from '@standin/core/transport/transport';
import { anthropicMessagesServer } from '@standin/core/wires/anthropic-messages/index';
import { openaiChatServer } from '@standin/core/wires/openai-chat/index';
import type { WireServer } from '@standin/core/wires/wire';
import type { RequestEntry } from '@standin/store/entry';
import { createGateway, type Gateway } from '../src/index.ts';
import { createChainStandin } from './helpers/chain-standin.ts';
import { post } from './helpers/running-gateway.ts';

type Wire = 'openai-chat' | 'anthropic-messages';
type Mode = 'stream' | 'whole';

const WIRES: Record<Wire, { readonly server: WireServer; readonly path: string; readonly model: string }> = {
  'openai-chat': { server: openaiChatServer, path: '/v1/chat/completions', model: 'gpt-4.1' },
  'anthropic-messages': { server: anthropicMessagesServer, path: '/v1/messages', model: 'claude-sonnet-4-5' },
};

/** What the vendor says next: pieces of its body, cut anywhere. */
interface Vendor {
  answer: { readonly pieces: readonly Uint8Array[]; readonly type: string };
  readonly asked: HttpCall[];
}

function transportOf(vendor: Vendor): Transport {
  return {
    start(call, handler) {
      vendor.asked.push(call);
      let over = false;
      const { pieces, type } = vendor.answer;
      process.nextTick(() => {
        if (over) return;
        handler.onConnected?.();
        handler.onHead({ status: 200, headers: { 'content-type': type, 'x-request-id': 'req_vendor' } });
        for (const piece of pieces) if (!over) handler.onData(piece);
        if (!over) handler.onEnd();
      });
      const end = (): void => {
        over = true;
      };
      return { pause() {}, resume() {}, abort: end, finish: end };
    },
    close() {},
  };
}

interface Side {
  readonly url: string;
  readonly gateway: Gateway;
  readonly vendor: Vendor;
  readonly rows: RequestEntry[];
}

async function side(wire: Wire, relay: boolean): Promise<Side> {
  const vendor: Vendor = { answer: { pieces: [], type: '' }, asked: [] };
  const rows: RequestEntry[] = [];
  const standin = createChainStandin([{ url: 'http://vendor.test', wire }], {}, transportOf(vendor));
  const price = { inputNanoUsd: 1_000, outputNanoUsd: 2_000, source: 'test' };
  const accounting = { logs: [{ ended: (entry: RequestEntry) => void rows.push(entry) }], priceOf: () => price };
  const gateway = createGateway({ standin, accounting, relay });
  const { url } = await gateway.listen({ port: 0 });
  return { url, gateway, vendor, rows };
}

const text = fc.oneof(
  fc.string({ minLength: 1, maxLength: 24, unit: 'grapheme' }),
  fc.constantFrom(
    'data: x\n\n',
    '"usage":{',
    '"tool_calls":[',
    '[DONE]',
    '\\ud83d',
    '東京 👩‍👩‍👧',
    'event: message_start\r\n',
  ),
);
const block = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('text' as const),
      pieces: fc.array(text, { minLength: 1, maxLength: 5 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('reasoning' as const),
      pieces: fc.array(text, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('tool' as const),
      pieces: fc.array(text, { minLength: 1, maxLength: 3 }),
    }),
  },
);
type Block = typeof block extends fc.Arbitrary<infer T> ? T : never;

/** The vendor's answer as events, one list for each write of the vendor. */
function eventsOf(
  blocks: readonly Block[],
  wire: Wire,
  usage: { input: number; output: number } | undefined,
): StreamEvent[] {
  const builder = createBlockBuilder();
  builder.start({ id: 'answer-1', model: 'the-model', createdAt: 1_700_000_000 });
  let calls = 0;
  for (const { type, pieces } of blocks) {
    if (type === 'text') for (const piece of pieces) builder.text(piece);
    else if (type === 'reasoning') {
      for (const piece of pieces) builder.reasoning(piece);
      builder.closeReasoning(wire === 'anthropic-messages' ? { signature: 'c2ln' } : {});
    } else {
      const at = builder.toolStart(`call_${++calls}`, 'save');
      const json = JSON.stringify({ words: pieces });
      for (const half of [json.slice(0, 5), json.slice(5)]) builder.toolDelta(at, half);
      builder.toolEnd(at);
    }
  }
  const tokens = usage === undefined ? undefined : { inputTokens: usage.input, outputTokens: usage.output };
  builder.finish(calls > 0 ? 'tool-calls' : 'stop', { usage: tokens });
  return builder.take();
}

/** The vendor's bytes: what our own serving side would write. */
function bytesOf(events: readonly StreamEvent[], server: WireServer, mode: Mode, model: string): Buffer {
  const context = { id: 'answer-1', createdAt: 1_700_000_000, model };
  if (mode === 'whole') {
    const collector = createCollector();
    for (const event of events) collector.push(event);
    return Buffer.from(JSON.stringify(server.encodeWhole(collector.finish(), context)));
  }
  const request = { messages: [{ role: 'user' as const, content: 'x' }] };
  const encoder = server.createEncoder(context, { request, mode, includeUsage: true });
  return Buffer.concat(events.map((event) => Buffer.from(encoder.encode(event))));
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...at]
    .map((from, index) => bytes.subarray(from, at[index] ?? bytes.length))
    .filter((one) => one.length > 0);
}

/** What a client of the protocol reads in the gateway's answer. */
function read(body: Buffer, wire: Wire, mode: Mode) {
  const target = { model: 'm', quirks: DEFAULT_QUIRKS, issuer: 'x', defaults: {} };
  const client = WIRE_CLIENTS[wire];
  if (client === undefined) throw new Error(`no client for ${wire}`);
  const collector = createCollector();
  const decoder = client.createDecoder(target);
  const events =
    mode === 'whole' ? client.decodeWhole(body.toString(), target) : [...decoder.push(body), ...decoder.end()];
  for (const event of events) collector.push(event);
  const { content, finishReason, usage, warnings } = collector.finish();
  return { content, finishReason, usage, warnings };
}

/** Everything of a row but what the clock and the ids say. */
function plainRow({ attempts, ...row }: RequestEntry) {
  const { id: _, startedAt: __, tookMs: ___, firstContentMs, ...rest } = row;
  return {
    ...rest,
    sawContent: firstContentMs !== undefined,
    attempts: attempts.map(({ startedMs: _a, endedMs: _b, paced: _c, firstContentMs: first, ...attempt }) => ({
      ...attempt,
      sawContent: first !== undefined,
    })),
  };
}

describe.each(Object.keys(WIRES) as Wire[])('%s by the hot path and by the translated one', (wire) => {
  const { server, path, model } = WIRES[wire];
  let hot: Side;
  let translated: Side;
  beforeAll(async () => {
    [hot, translated] = await Promise.all([side(wire, true), side(wire, false)]);
  });
  afterAll(() => Promise.all([hot, translated].map(({ gateway }) => gateway.close({ graceMs: 0 }))));

  const ask = async ({ url, vendor, rows }: Side, body: object, answer: Vendor['answer'], mode: Mode) => {
    vendor.answer = answer;
    const response = await post(`${url}${path}`, body, { 'anthropic-version': '2023-06-01' });
    const seen = read(Buffer.from(await response.arrayBuffer()), wire, mode);
    const asked = vendor.asked.pop();
    const row = rows.pop();
    if (asked === undefined || row === undefined) throw new Error('the vendor was not asked, or there is no row');
    const headers = ['x-standin-provider', 'x-standin-model', 'x-standin-attempts', 'content-type'];
    return {
      status: response.status,
      headers: headers.map((name) => response.headers.get(name)),
      seen,
      asked: { url: asked.url, headers: asked.headers, body: JSON.parse(String(asked.body)) as unknown },
      row: plainRow(row),
    };
  };

  test('gives the caller, the vendor and the ledger the same', async () => {
    const message = fc.record({ role: fc.constantFrom('system', 'user', 'assistant'), content: text });
    const example = fc.record({
      blocks: fc.array(block, { minLength: 1, maxLength: 4 }),
      usage: fc.option(fc.record({ input: fc.nat(5000), output: fc.nat(5000) }), { nil: undefined, freq: 4 }),
      places: fc.array(fc.nat(20_000), { maxLength: 12 }),
      mode: fc.constantFrom<Mode>('stream', 'whole'),
      asksForUsage: fc.boolean(),
      history: fc.array(message, { maxLength: 3 }),
      options: fc.record(
        {
          temperature: fc.constantFrom(0, 0.5, 1),
          top_p: fc.constantFrom(0.1, 1),
          max_tokens: fc.integer({ min: 1, max: 4000 }),
          metadata: fc.constant({ team: 'a' }),
        },
        { requiredKeys: [] },
      ),
      hasTools: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(example, async ({ blocks, usage, places, mode, asksForUsage, history, options, hasTools }) => {
        const isChat = wire === 'openai-chat';
        const past = isChat ? history : history.filter((one) => one.role === 'user');
        const tool = isChat
          ? { type: 'function', function: { name: 'save', parameters: { type: 'object' } } }
          : { name: 'save', input_schema: { type: 'object' } };
        const body = {
          model,
          messages: [...past, { role: 'user', content: 'go on' }],
          ...(isChat ? {} : { max_tokens: 100 }),
          ...options,
          ...(hasTools ? { tools: [tool] } : {}),
          ...(mode === 'stream' ? { stream: true } : {}),
          ...(mode === 'stream' && isChat && asksForUsage ? { stream_options: { include_usage: true } } : {}),
        };
        // Thinking alone is no answer.
        const isAnswer = blocks.some(({ type }) => type !== 'reasoning');
        const all = isAnswer ? blocks : [...blocks, { type: 'text' as const, pieces: ['ok'] }];
        const bytes = bytesOf(eventsOf(all, wire, usage), server, mode, model);
        const type = mode === 'stream' ? 'text/event-stream' : 'application/json';
        const answer = { pieces: cut(bytes, places), type };
        const byBytes = await ask(hot, body, answer, mode);
        expect(byBytes).toEqual(await ask(translated, body, answer, mode));
        expect(byBytes.status).toBe(200);
      }),
      { numRuns: 40 },
    );
  });

  test('an answer that was packed without saying so arrives unpacked', async () => {
    const events = eventsOf([{ type: 'text', pieces: ['Unpacked.'] }], wire, { input: 3, output: 4 });
    const plain = bytesOf(events, server, 'whole', model);
    const body = { model, max_tokens: 50, messages: [{ role: 'user', content: 'go on' }] };
    const answer = { pieces: cut(gzipSync(plain), [7, 31]), type: 'application/json' };
    const seen = await ask(hot, body, answer, 'whole');
    expect(seen.status).toBe(200);
    expect(seen).toEqual(await ask(translated, body, answer, 'whole'));
  });
});
