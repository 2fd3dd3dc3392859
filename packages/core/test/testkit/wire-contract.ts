import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StreamEvent } from '../../src/spec/event.ts';
import type { ChatRequest } from '../../src/spec/request.ts';
import type { ChatResponse } from '../../src/spec/response.ts';
import { collectEvents } from '../../src/stream/collect.ts';
import { eventsOf } from '../../src/stream/events-of.ts';
import { validateStream } from '../../src/stream/validate.ts';
import type { EncodedCall, WireChunk, WireClient, WireServer, WireTarget } from '../../src/wires/wire.ts';
import { decodeAtAnyCut, decodePieces } from './cuts.ts';
import { anyAnswer, testContext } from './samples.ts';

export interface WireUnderTest {
  readonly client: WireClient;
  readonly server: WireServer<WireChunk>;
  readonly target: WireTarget;
  /** A request that this wire carries without any loss. */
  readonly requests: readonly ChatRequest[];
  /** Fields of an answer that this wire cannot carry, levelled out before comparing. */
  readonly normalize?: (response: ChatResponse) => unknown;
  /** What the serving side is given of a call; default its body. Some wires say model and mode in the address. */
  readonly received?: (call: EncodedCall) => unknown;
}

/** What must hold for every wire that has both sides; call it inside a test file. */
export function describeWireContract(wire: WireUnderTest): void {
  const { client, server, target } = wire;
  const normalize = wire.normalize ?? plain;
  const received = wire.received ?? ((call: EncodedCall): unknown => JSON.parse(call.body));
  const minimal: ChatRequest = { model: target.model, messages: [{ role: 'user', content: 'hi' }] };

  const served = (events: readonly StreamEvent[], asked: ChatRequest = minimal): Uint8Array => {
    const decoded = { ...server.decodeRequest(received(client.encode(asked, target, 'stream'))) };
    const encoder = server.createEncoder(testContext, { ...decoded, includeUsage: true });
    return joined(events.map((event) => encoder.encode(event)));
  };

  describe(`${client.id} contract`, () => {
    it('gives back a streamed answer that its own serving side wrote, at any cut', () => {
      const check = (answer: ChatResponse): void => {
        const bytes = served(eventsOf(answer));
        const events = decodeAtAnyCut(() => client.createDecoder(target), bytes, { cuts: 5 });
        expect(normalize(collectEvents(events))).toEqual(normalize(answer));
      };
      fc.assert(fc.property(anyAnswer, check), { numRuns: 60 });
    });

    it('gives back a whole answer that its own serving side wrote', () => {
      const check = (answer: ChatResponse): void => {
        const events = client.decodeWhole(JSON.stringify(server.encodeWhole(answer, testContext)), target);
        expect(validateStream(events)).toEqual([]);
        expect(normalize(collectEvents(events))).toEqual(normalize(answer));
      };
      fc.assert(fc.property(anyAnswer, check), { numRuns: 100 });
    });

    it('ignores keep-alives between events', () => {
      const events = eventsOf(sampleAnswer);
      const encoder = server.createEncoder(testContext, {
        ...server.decodeRequest(bodyOf(minimal)),
        includeUsage: true,
      });
      const bytes = joined(events.flatMap((event) => [encoder.ping(), encoder.encode(event)]));
      const decoded = decodePieces(client.createDecoder(target), [bytes]);
      expect(normalize(collectEvents(decoded))).toEqual(normalize(sampleAnswer));
    });

    it('fails at every cut-off before the end and never makes up a finish', () => {
      const bytes = served(eventsOf(sampleAnswer));
      const complete = JSON.stringify(collectEvents(decodePieces(client.createDecoder(target), [bytes])).content);
      for (let length = 0; length < bytes.length; length += 1) {
        const decoder = client.createDecoder(target);
        let content: string | undefined;
        try {
          content = JSON.stringify(collectEvents(decodePieces(decoder, [bytes.subarray(0, length)])).content);
        } catch {
          continue;
        }
        expect(content, `cut to ${length} bytes`).toBe(complete);
      }
    });

    it('throws the in-band error its serving side writes after text', () => {
      const encoder = server.createEncoder(testContext, server.decodeRequest(bodyOf(minimal)));
      const begun = eventsOf(sampleAnswer).slice(0, 3);
      const error = { status: 529, code: 'overloaded', kind: 'overloaded', message: 'too busy' } as const;
      const bytes = joined([...begun.map((event) => encoder.encode(event)), encoder.error(error)]);
      const decode = (): StreamEvent[] => decodePieces(client.createDecoder(target), [bytes]);
      expect(decode).toThrowError(expect.objectContaining({ name: 'ProviderError', vendorMessage: 'too busy' }));
    });

    it('reads back the HTTP error its serving side writes', () => {
      const error = {
        status: 404,
        code: 'model_not_found',
        kind: 'model-not-found',
        message: 'no such model',
      } as const;
      const read = client.readError(404, JSON.stringify(server.encodeError(error)));
      expect(read).toMatchObject({ status: 404, message: 'no such model' });
    });

    wire.requests.forEach((request, at) => {
      it(`carries sample request ${at} to its serving side and back without loss`, () => {
        const call = client.encode(request, target, 'whole');
        expect(call.lost).toEqual([]);
        const decoded = server.decodeRequest(received(call));
        expect(decoded.request).toEqual({ ...request, model: target.model });
        expect(decoded.mode).toBe('whole');
      });
    });
  });

  function bodyOf(request: ChatRequest): unknown {
    return received(client.encode(request, target, 'stream'));
  }
}

/** What an encoder wrote, text or bytes, as it goes over the wire. */
export function joined(chunks: readonly WireChunk[]): Uint8Array {
  return Buffer.concat(chunks.map((chunk) => Buffer.from(chunk as Uint8Array)));
}

export const sampleAnswer: ChatResponse = {
  id: 'answer-1',
  model: 'm-1',
  content: [
    { type: 'text', text: 'Grüße, 世界 🎈' },
    { type: 'tool-call', id: 'call_1', name: 'look', arguments: '{ "place": "Zürich" }' },
    { type: 'tool-call', id: 'call_2', name: 'wait', arguments: '{}' },
  ],
  text: 'Grüße, 世界 🎈',
  finishReason: 'tool-calls',
  usage: { inputTokens: 12, outputTokens: 7 },
  warnings: [],
};

/** Content, reason and usage counts; names of reasons and dates are each wire's own. */
function plain(response: ChatResponse): unknown {
  const { content, text, finishReason, usage } = response;
  return { content, text, finishReason, input: usage?.inputTokens, output: usage?.outputTokens };
}
