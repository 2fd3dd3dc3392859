import type { Frames, RunResult } from '@standin/core/route/run-types';
import type { AttemptRecord, ProviderError, StreamEvent } from '@standin/core/spec/index';
import { createCollector, type Collector } from '@standin/core/stream/collect';
import type { DecodedRequest } from '@standin/core/wires/wire';
import { answerHeaders, failedHeaders, vendorAttempts, type Answer } from './answer.ts';
import type { Call } from './call.ts';
import { failureOf } from './caller-errors.ts';
import { sendDocument, sendJson } from './exchange.ts';

/** A whole answer: the fold over its events, sent as one JSON document. */
export class WholeAnswer implements Answer {
  readonly #call: Call;
  readonly #decoded: DecodedRequest;
  #collector: Collector | undefined;
  #document: readonly Uint8Array[] | undefined;

  constructor(call: Call, decoded: DecodedRequest) {
    this.#call = call;
    this.#decoded = decoded;
  }

  onEvents(events: readonly StreamEvent[], frames?: Frames): void {
    // The vendor's own document, when it speaks the caller's protocol; it was read once and need not be written again.
    if (frames !== undefined && (frames.plain || this.#suits(frames.bytes))) this.#document = frames.bytes;
    else {
      const collector = (this.#collector ??= createCollector());
      for (const event of events) collector.push(event);
    }
  }

  #suits(document: readonly Uint8Array[]): boolean {
    const bytes = document.length === 1 ? document[0] : Buffer.concat(document);
    return bytes !== undefined && this.#call.route.wireServer.relayable?.(bytes, this.#decoded, 'whole') !== false;
  }

  onDone(result: RunResult): void {
    if (this.#call.over) return;
    try {
      const { exchange, route } = this.#call;
      const { context } = exchange;
      const { target, attempts } = result;
      const headers = answerHeaders(target.entry, target.model, vendorAttempts(attempts));
      const { account } = this.#call;
      if (account !== undefined) headers.push(...account.costHeader(), ...account.warnings());
      if (this.#document !== undefined) {
        sendDocument(exchange, this.#document, headers);
        return this.#call.finish();
      }
      const createdAt = Math.floor(context.clock.wallMs() / 1000);
      const model = target.model === '' ? (this.#decoded.request.model ?? '') : target.model;
      const id = `${route.idPrefix}${context.newId()}`;
      const body = route.wireServer.encodeWhole((this.#collector ?? createCollector()).finish(), {
        id,
        createdAt,
        model,
      });
      sendJson(exchange, 200, body, headers);
      this.#call.finish();
    } catch (thrown) {
      this.#call.broke(thrown);
    }
  }

  onError(error: ProviderError, attempts: readonly AttemptRecord[]): void {
    this.#call.fail(failureOf(error, attempts), failedHeaders(error, attempts));
  }

  failInBand(): void {
    // A whole answer is one write: when it is out there is nothing left to say but that the rest will not come.
    this.#call.exchange.res.destroy();
  }

  release(): void {}
}
