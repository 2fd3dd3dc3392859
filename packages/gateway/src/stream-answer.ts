import type { Answering, Frames, RunResult } from '@standin/core/route/run-types';
import { ProviderError, type AttemptRecord, type StreamEvent } from '@standin/core/spec/index';
import type { DecodedRequest, StreamEncoder, WireChunk } from '@standin/core/wires/wire';
import { answerHeaders, failedHeaders, vendorAttempts, type Answer } from './answer.ts';
import type { Call } from './call.ts';
import { failureOf, type CallerFailure } from './caller-errors.ts';
import { ChunkWriter } from './chunk-writer.ts';
import { baseHeaders } from './exchange.ts';
import type { KeptAlive } from './keep-alive.ts';
import { createRelay, type Relay } from './relay.ts';

const TRAILER_NAMES = 'x-standin-provider, x-standin-model, x-standin-attempts';
const COST_TRAILER = 'x-standin-cost-usd';

/**
 * A streamed answer. Status and headers go out with the first delivered events, so a failure before them is a real
 * HTTP status; a keep-alive before them commits the 200 and leaves only the in-band error.
 */
export class StreamAnswer implements Answer, KeptAlive {
  quietTicks = 0;
  place = -1;
  readonly #call: Call;
  readonly #decoded: DecodedRequest;
  readonly #relay: Relay;
  #encoder: StreamEncoder<WireChunk> | undefined;
  #answering: Answering | undefined;
  /** Headers left before it was known who answers. */
  #needsTrailers = false;
  /** The cost is known only at the end. */
  #owesCost = false;
  #finished = false;
  #writer: ChunkWriter | undefined;
  #paused = false;
  #deadline: unknown;

  constructor(call: Call, decoded: DecodedRequest) {
    this.#call = call;
    this.#decoded = decoded;
    this.#relay = createRelay(call.route.wireServer, decoded);
    call.exchange.context.keepAlive.add(this);
  }

  /**
   * The caller's own timeout. For a stream the official SDKs count it to the head of the answer only (read 2026-11), so
   * it ends with the first event and never cuts an answer that is on its way.
   */
  expectBy(timeoutMs: number, attempts: readonly AttemptRecord[]): void {
    this.#deadline = this.#call.exchange.context.clock.after(timeoutMs, () => {
      this.#deadline = undefined;
      this.#call.late(timeoutMs, attempts);
    });
  }

  get answering(): Answering | undefined {
    return this.#answering;
  }

  onAnswering(answer: Answering): void {
    this.#answering = answer;
  }

  onEvents(events: readonly StreamEvent[], frames?: Frames): void {
    if (this.#call.over) return;
    try {
      if (this.#deadline !== undefined) this.#clearDeadline();
      if (frames !== undefined && this.#relay.accepts(frames)) return this.#relayed(events, frames);
      const finish = events.at(-1)?.type === 'finish';
      // The finish reason already went through as the vendor's own bytes: only the end of the stream is missing.
      if (this.#relay.complete) return finish ? this.#endRelayed() : undefined;
      const encoder = (this.#encoder ??= this.#createEncoder());
      // What arrived together leaves in one write: the system call costs twenty times the encoding.
      const out = encodedTogether(encoder, events);
      if (finish) this.#finished = true;
      if (out.length > 0) this.#write(out);
      else this.#flushHead();
    } catch (thrown) {
      this.#call.broke(thrown);
    }
  }

  /** The vendor speaks the caller's protocol: its own bytes, whole events, in one write. */
  #relayed(events: readonly StreamEvent[], frames: Frames): void {
    this.#relay.passed(events, frames);
    if (events.at(-1)?.type === 'finish') this.#finished = true;
    const [first] = frames.bytes;
    if (first === undefined) return this.#flushHead();
    this.#write(frames.bytes.length === 1 ? first : Buffer.concat(frames.bytes));
    if (this.#finished && !frames.ended) this.#endRelayed();
  }

  #endRelayed(): void {
    this.#finished = true;
    const marker = this.#relay.ended ? undefined : (this.#encoder ??= this.#createEncoder()).endMarker?.();
    if (marker !== undefined) this.#write(marker);
  }

  onDone(result: RunResult): void {
    if (this.#call.over) return;
    if (!this.#finished) {
      const message = `The answer of ${result.target.entry} ended before it was complete.`;
      return this.onError(new ProviderError({ kind: 'truncated', message }), result.attempts);
    }
    const { res } = this.#call.exchange;
    if (!res.headersSent) this.#open();
    const { target, attempts } = result;
    const trailers = this.#needsTrailers ? answerHeaders(target.entry, target.model, vendorAttempts(attempts)) : [];
    if (this.#owesCost) trailers.push(...(this.#call.account?.costHeader() ?? []));
    if (trailers.length > 0) res.addTrailers(Object.fromEntries(pairs(trailers)));
    res.end();
    this.#call.finish();
  }

  onError(error: ProviderError, attempts: readonly AttemptRecord[]): void {
    this.#call.fail(failureOf(error, attempts), failedHeaders(error, attempts));
  }

  failInBand(failure: CallerFailure): void {
    const { res, requestId } = this.#call.exchange;
    this.#encoder ??= this.#createEncoder();
    res.end(this.#encoder.error({ ...failure.error, requestId }));
  }

  ping(): void {
    if (this.#call.over || this.#paused) return;
    // Before the first event the model is not known yet, so the encoder that will carry the answer is not made here.
    const beat = (this.#encoder ?? this.#createEncoder()).ping();
    if (beat.length > 0) this.#write(beat);
  }

  release(): void {
    this.#call.exchange.context.keepAlive.remove(this);
    if (this.#deadline !== undefined) this.#clearDeadline();
  }

  #clearDeadline(): void {
    this.#call.exchange.context.clock.clear(this.#deadline);
    this.#deadline = undefined;
  }

  #createEncoder(): StreamEncoder<WireChunk> {
    const { exchange, route } = this.#call;
    // A hand-written provider's target has no model of its own.
    const model = this.#answering?.target.model || (this.#decoded.request.model ?? '');
    const { context } = exchange;
    const createdAt = Math.floor(context.clock.wallMs() / 1000);
    const encoder = route.wireServer.createEncoder(
      { id: `${route.idPrefix}${context.newId()}`, createdAt, model },
      this.#decoded,
    );
    // What the caller has as the vendor's bytes, the encoder must know before it goes on from there.
    for (const event of this.#relay.structure) encoder.encode(event);
    if (this.#relay.last !== undefined) encoder.follow?.(this.#relay.last);
    return encoder;
  }

  #open(): void {
    const { exchange, route } = this.#call;
    const headers = baseHeaders(exchange);
    headers.push('content-type', route.wireServer.streamContentType);
    headers.push('cache-control', 'no-cache, no-transform', 'x-accel-buffering', 'no');
    const answering = this.#answering;
    const { account } = this.#call;
    if (account !== undefined) headers.push(...account.warnings());
    if (answering === undefined) {
      this.#needsTrailers = true;
      this.#owesCost = account !== undefined;
      headers.push('trailer', account === undefined ? TRAILER_NAMES : `${TRAILER_NAMES}, ${COST_TRAILER}`);
    } else {
      this.#owesCost = account?.isPriced(answering.target.entry, answering.target.model) === true;
      if (this.#owesCost) headers.push('trailer', COST_TRAILER);
      for (const part of answerHeaders(answering.target.entry, answering.target.model, answering.attempt))
        headers.push(part);
    }
    exchange.res.writeHead(200, headers);
  }

  /** The first events may have no form of their own in the caller's protocol; the caller learns that it is answered. */
  #flushHead(): void {
    const { res } = this.#call.exchange;
    if (res.headersSent) return;
    this.#open();
    res.flushHeaders();
  }

  #write(chunk: WireChunk): void {
    const { res } = this.#call.exchange;
    if (!res.headersSent) this.#open();
    this.quietTicks = 0;
    if ((this.#writer ??= new ChunkWriter(this.#call.exchange)).write(chunk) || this.#paused) return;
    this.#paused = true;
    this.#call.pause();
    this.#writer.onceDrained(() => {
      this.#paused = false;
      this.#call.resume();
    });
  }
}

/** Text, or bytes where the protocol's framing is binary. */
function encodedTogether(encoder: StreamEncoder<WireChunk>, events: readonly StreamEvent[]): WireChunk {
  let text = '';
  let pieces: Uint8Array[] | undefined;
  for (const event of events) {
    const chunk = encoder.encode(event);
    if (typeof chunk === 'string') text += chunk;
    else (pieces ??= []).push(chunk);
  }
  return pieces === undefined ? text : Buffer.concat(pieces);
}

function pairs(flat: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) list.push([flat[at] ?? '', flat[at + 1] ?? '']);
  return list;
}
