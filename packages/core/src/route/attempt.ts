import { ProviderError, type ErrorDetails, type ErrorPhase } from '../spec/errors.ts';
import { isContent, isReasoning, type StreamEvent } from '../spec/event.ts';
import type { ChatRequest } from '../spec/request.ts';
import { gunzipIfMarked } from '../transport/body-decoding.ts';
import { BodyPieces } from '../transport/body-pieces.ts';
import type { HttpExchange, ResponseHead } from '../transport/transport.ts';
import type { EncodedCall, StreamDecoder, WireTarget } from '../wires/wire.ts';
import type { AttemptHandle, AttemptInput, AttemptSink } from './attempt-types.ts';
import { createFrameCutter, type FrameCutter } from './frames.ts';
import { joined, requestIdOf } from './headers.ts';
import { ATTEMPTS_MADE_HEADER, attemptsIn, attemptsLeftHeader } from './hops.ts';
import { applyRepairs, withoutOutputTool } from './repair.ts';
import type { Frames } from './run-types.ts';
import { fromTransport, fromUnknown, notStarted, timedOut, type AttemptFacts } from './failures.ts';
import { startProviderAttempt } from './provider-attempt.ts';
import { refuseLoss } from './strict.ts';
import { tailor, type AnswerReader } from './tailor.ts';
import type { Endpoint, OutgoingCall, Target } from './target.ts';
import { charsIn, createWatch, type TimeoutCause, type Watch } from './watch.ts';

export type { AttemptHandle, AttemptInput, AttemptSink };

export const NO_REPAIRS: readonly string[] = [];

/** One call to one target with one key. All state belongs to this attempt and dies with it. */
export function startAttempt(input: AttemptInput, sink: AttemptSink): AttemptHandle {
  const { via } = input.target;
  return 'endpoint' in via
    ? new WireAttempt(input, via.endpoint, sink)
    : startProviderAttempt(input, via.provider, sink);
}

/** After its finish reason a server that keeps the socket open gets this long to send usage and the end marker. */
const AFTER_FINISH_MS = 2_000;
const BLANK_LINE = new Uint8Array([10, 10]);
const NOTHING = new Uint8Array(0);
const MAX_ERROR_BODY_BYTES = 256 * 1024;
const MAX_WHOLE_BODY_BYTES = 64 * 1024 * 1024;

class WireAttempt implements AttemptHandle {
  readonly facts: AttemptFacts = { lost: [] };
  readonly #input: AttemptInput;
  readonly #endpoint: Endpoint;
  readonly #sink: AttemptSink;
  readonly #watch: Watch;
  readonly #wireTarget: WireTarget | undefined;
  #toolNames: Readonly<Record<string, string>> | undefined;
  #reader: AnswerReader | undefined;
  #forcesOutput = false;
  #exchange: HttpExchange | undefined;
  #head: ResponseHead | undefined;
  #decoder: StreamDecoder | undefined;
  #cutter: FrameCutter | undefined;
  #body: BodyPieces | undefined;
  /** The rest of an error's body is of no use. */
  #isCut = false;
  #phase: ErrorPhase = 'connect';
  #finished = false;
  #sawContent = false;
  #paused = false;
  #over = false;

  constructor(input: AttemptInput, endpoint: Endpoint, sink: AttemptSink) {
    this.#input = input;
    this.#endpoint = endpoint;
    this.#sink = sink;
    this.#watch = createWatch(input.clock, input.limits, (cause) => this.#timeout(cause));
    let call: EncodedCall;
    try {
      const { target, wireTarget, request } = fittedTo(input, endpoint);
      const { quirks } = wireTarget;
      const can = quirks.nativeTools && target.nativeTools === false ? { ...quirks, nativeTools: false } : quirks;
      const tailored = tailor(request, can, input, forcing(endpoint, wireTarget, input));
      this.#wireTarget = wireTarget;
      this.#forcesOutput = tailored.forcesOutput;
      call = endpoint.wire.encode(tailored.request, wireTarget, input.mode);
      this.#reader = tailored.reader(call.outputInWords === true);
      this.facts.lost = tailored.notes.length === 0 ? call.lost : [...tailored.notes, ...call.lost];
      refuseLoss(input.request, this.facts.lost, input.target);
      this.#toolNames = call.toolNames;
      this.facts.url = endpoint.urlFor(call.path);
    } catch (error) {
      queueMicrotask(() => this.#fail(notStarted(error)));
      return;
    }
    this.#dispatch(call, this.facts.url);
  }

  #dispatch({ method, headers, body }: EncodedCall, url: string): void {
    const { key, renew, attemptsLeft, request } = this.#input;
    const addressed = joined(headers, this.#endpoint.headersFor(key));
    const own = request.traceHeaders === undefined ? addressed : joined(addressed, request.traceHeaders);
    const nests = this.#endpoint.mayNest === true && attemptsLeft !== undefined;
    const call = { method, url, headers: nests ? joined(own, attemptsLeftHeader(attemptsLeft)) : own, body };
    if (this.#endpoint.prepare === undefined) return this.#send(call);
    const fail = (error: unknown): void => this.#fail(notStarted(error));
    this.#endpoint.prepare(call, key, { renew: renew === true }).then((ready) => {
      if (this.#over) return;
      this.facts.url = ready.url;
      try {
        this.#send(ready);
      } catch (error) {
        fail(error);
      }
    }, fail);
  }

  #send({ method, url, headers, body }: OutgoingCall): void {
    const input = this.#input;
    this.#exchange = input.transport.start(
      {
        method,
        url,
        headers,
        body,
        connectTimeoutMs: input.limits.connectMs,
        tlsCaCertPath: this.#endpoint.tlsCaCertPath,
      },
      {
        onConnected: () => {
          this.#phase = 'headers';
        },
        onHead: (head) => this.#onHead(head),
        onData: (chunk) => this.#onData(chunk),
        onEnd: () => this.#onEnd(),
        onError: (error) => {
          if (!this.#over && !this.#endsComplete()) this.#fail(fromTransport(error, this.#sawContent));
        },
      },
    );
    if (this.#over) this.#exchange.abort();
    else if (this.#paused) this.#exchange.pause();
  }

  #onHead(head: ResponseHead): void {
    this.#head = head;
    this.facts.status = head.status;
    if (this.#endpoint.mayNest === true) this.facts.attempts = attemptsIn(head.headers[ATTEMPTS_MADE_HEADER]);
    this.#phase = 'first-content';
    const target = this.#wireTarget;
    if (head.status < 200 || head.status >= 300 || target === undefined) return;
    // Some servers only ever stream, whatever the caller wants.
    if (this.#input.mode === 'stream' || target.quirks.streamOnly) {
      this.#decoder = this.#endpoint.wire.createDecoder(target);
      if (
        this.#input.mode === 'stream' &&
        this.#relays &&
        head.headers['content-type']?.startsWith('text/event-stream') === true
      ) {
        this.#cutter = createFrameCutter();
      }
    }
  }

  /** The caller speaks this vendor's protocol and nothing is rewritten: bytes can go through as they came. */
  get #relays(): boolean {
    return (
      this.#input.relay === this.#endpoint.wire.id && this.#toolNames === undefined && this.#reader?.rewrites !== true
    );
  }

  #onData(chunk: Uint8Array): void {
    if (this.#over) return;
    this.facts.bytes = (this.facts.bytes ?? 0) + chunk.byteLength;
    if (this.#decoder === undefined) return this.#keepBody(chunk);
    const decoder = this.#decoder;
    try {
      const skipped = decoder.skipped;
      const events = decoder.push(chunk);
      const bytes = this.#cutter?.take(chunk);
      const relayed = bytes !== undefined && decoder.skipped === skipped;
      // Once anything goes its own way the caller's encoder writes to the end: later bytes would repeat it, or leave a gap.
      if (!relayed && (events.length > 0 || decoder.skipped !== skipped)) this.#cutter = undefined;
      if (relayed) {
        const { complete = false, done: ended, plain = false } = decoder;
        this.#deliver(events, { bytes: [bytes], complete, ended, plain });
      } else if (events.length > 0) this.#deliver(events);
      if (this.#over) return;
      if (decoder.done) this.#complete();
      else if (decoder.complete === true) this.#watch.settle(AFTER_FINISH_MS);
    } catch (error) {
      this.#deliverWhatCameBefore();
      this.#failInBand(error);
    }
  }

  /** Events of the same chunk that stood before the one that broke the answer. */
  #deliverWhatCameBefore(): void {
    try {
      const events = this.#decoder?.push(NOTHING) ?? [];
      if (events.length > 0 && !this.#over) this.#deliver(events);
    } catch {
      // The decoder has nothing more to say.
    }
  }

  /** The connection broke, but everything that matters was there. */
  #endsComplete(): boolean {
    if (this.#decoder?.complete !== true) return false;
    this.#onEnd();
    return true;
  }

  #keepBody(chunk: Uint8Array): void {
    if (this.#isCut) return;
    const body = (this.#body ??= new BodyPieces());
    const ok = this.#head !== undefined && this.#head.status < 300;
    if (body.size + chunk.byteLength > (ok ? MAX_WHOLE_BODY_BYTES : MAX_ERROR_BODY_BYTES)) {
      this.#isCut = true;
      if (!ok) return;
      return this.#fail({ kind: 'protocol', message: 'The answer is larger than 64 MiB.', phase: this.#phase });
    }
    body.push(chunk);
  }

  #onEnd(): void {
    if (this.#over) return;
    try {
      if (this.#decoder !== undefined) {
        if (this.#cutter?.owesBlankLine === true) this.#onData(BLANK_LINE);
        if (this.#over) return;
        const events = this.#decoder.end();
        if (events.length > 0) this.#deliver(events);
        if (!this.#over) this.#complete();
        return;
      }
      this.#wholeBody();
    } catch (error) {
      this.#failInBand(error);
    }
  }

  #wholeBody(): void {
    const head = this.#head;
    const plain = gunzipIfMarked(this.#body?.whole() ?? NOTHING);
    const body = Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength).toString('utf8');
    if (head === undefined || this.#wireTarget === undefined) return;
    if (head.status >= 200 && head.status < 300) {
      // The whole answer is here: nothing is waited for any more.
      this.#watch.stop();
      const about = { plain: false };
      const events = this.#endpoint.wire.decodeWhole(body, this.#wireTarget, about);
      // A document only: some servers send an event stream where a document was asked for.
      const relayed = this.#relays && body.startsWith('{');
      this.#deliver(events, relayed ? { bytes: [plain], complete: true, ended: true, plain: about.plain } : undefined);
      if (!this.#over) this.#complete();
      return;
    }
    if (head.status >= 300 && head.status < 400) {
      const where = new URL(this.facts.url ?? '').origin;
      const message = `${where} answered with a redirect (${head.status}), which is never followed with a key: check the uri of ${this.#endpoint.entry}.`;
      return this.#fail({ kind: 'config', message, status: head.status, phase: 'headers', rule: 'redirect' });
    }
    this.#fail({
      ...this.#endpoint.classify(this.#endpoint.wire.readError(head.status, body), head.headers),
      phase: 'headers',
    });
  }

  #deliver(events: readonly StreamEvent[], frames?: Frames): void {
    let progress = false;
    for (const event of events) {
      // Signatures and encrypted thinking are replayed only to whoever made them.
      if ((event.type === 'reasoning-end' || event.type === 'tool-call-end') && vouches(event)) {
        event.issuer = this.#wireTarget?.issuer;
      }
      if (isContent(event)) {
        progress = true;
        this.#sawContent = true;
      } else if (isReasoning(event)) {
        progress = true;
      } else if (event.type === 'finish') {
        this.#finished = true;
      }
    }
    if (progress) {
      this.#phase = 'content';
      this.#watch.progress(this.#watch.counts ? charsIn(events) : 0);
    }
    const named = this.#toolNames === undefined ? events : events.map((event) => restoreName(event, this.#toolNames));
    const shown = this.#reader?.push(named) ?? named;
    if (shown.length > 0 || frames !== undefined) this.#sink.onEvents(shown, frames);
  }

  #complete(): void {
    if (!this.#finished) {
      return this.#fail({ kind: 'truncated', message: 'The answer ended without its end marker.', phase: this.#phase });
    }
    this.#over = true;
    this.#watch.stop();
    this.#exchange?.finish();
    this.facts.requestId = requestIdOf(this.#head);
    this.#sink.onDone();
  }

  #failInBand(error: unknown): void {
    const details = fromUnknown(error, this.#phase);
    // An error inside a 200 is classified like any other answer of this vendor.
    if (ProviderError.is(error) && error.kind !== 'truncated' && error.kind !== 'protocol' && error.kind !== 'empty') {
      const { status = 500, code, vendorMessage, message } = error;
      const known = this.#endpoint.classify(
        { status, code, message: vendorMessage ?? message, kind: error.kind },
        this.#head?.headers ?? {},
      );
      return this.#fail({ ...known, phase: this.#phase });
    }
    this.#fail(details);
  }

  #timeout(cause: TimeoutCause): void {
    if (this.#endsComplete()) return;
    const at: TimeoutCause =
      cause === 'first-content' && (this.#phase === 'connect' || this.#phase === 'headers') ? this.#phase : cause;
    this.#fail(timedOut(at, this.#input.limits));
  }

  #fail(error: ErrorDetails): void {
    if (this.#over) return;
    this.#over = true;
    this.#watch.stop();
    this.#exchange?.abort();
    this.facts.requestId = error.requestId ?? requestIdOf(this.#head);
    this.#sink.onFail(this.#forcesOutput ? withoutOutputTool(error) : error);
  }

  pause(): void {
    this.#paused = true;
    this.#watch.pause();
    this.#exchange?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#watch.resume();
    this.#exchange?.resume();
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#watch.stop();
    this.#exchange?.abort();
  }
}

const unrepaired = new WeakMap<Target, WireTarget>();

/** The request and what the wire must know of the target, with what this target has taught so far. */
function fittedTo({ target, request, repairs }: AttemptInput, endpoint: Endpoint) {
  const known = repairs.length === 0 ? unrepaired.get(target) : undefined;
  if (known !== undefined) return { target, request, wireTarget: known };
  const { model } = target;
  const fitted = applyRepairs(request, endpoint.quirksFor(model), repairs);
  const issuer = `${endpoint.slot}:${model}`;
  const wireTarget: WireTarget = { model, quirks: fitted.quirks, issuer, defaults: endpoint.defaults };
  if (repairs.length === 0) unrepaired.set(target, wireTarget);
  return { target, request: fitted.request, wireTarget };
}

/** Whether a schema may be asked for through a tool, for the requests that have one. */
function forcing({ wire }: Endpoint, target: WireTarget, { guard }: AttemptInput) {
  if (guard === undefined || wire.canForceOutput === undefined) return undefined;
  return (request: ChatRequest): boolean => wire.canForceOutput?.(request, target) === true;
}

function vouches(event: { signature?: string; redacted?: string }): boolean {
  return event.signature !== undefined || event.redacted !== undefined;
}

function restoreName(event: StreamEvent, names: Readonly<Record<string, string>> | undefined): StreamEvent {
  if (event.type !== 'tool-call-start' && event.type !== 'tool-call-end') return event;
  const original = names?.[event.name];
  return original === undefined ? event : { ...event, name: original };
}
