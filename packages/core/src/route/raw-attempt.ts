import { isUtf8 } from 'node:buffer';
import type { Clock } from '../spec/clock.ts';
import type { ErrorDetails, ErrorPhase } from '../spec/errors.ts';
import type { Usage } from '../spec/usage.ts';
import { isBodySource, type HttpExchange, type ResponseHead, type Transport } from '../transport/transport.ts';
import { fromTransport, notStarted, timedOut, type AttemptFacts } from './failures.ts';
import { joined, requestIdOf } from './headers.ts';
import type { RawBody, RawCall, RawHead, RawRefusal, RawTap } from './raw-types.ts';
import type { Endpoint, Key, Target } from './target.ts';
import { createWatch, type Watch, type WatchLimits } from './watch.ts';

export interface RawAttemptInput {
  readonly call: RawCall;
  readonly target: Target;
  readonly endpoint: Endpoint;
  readonly key: Key;
  readonly renew: boolean;
  readonly limits: WatchLimits & { readonly connectMs: number };
  readonly clock: Clock;
  readonly transport: Transport;
}

/** Callbacks of one attempt, `onDone` or `onFail` last. Nothing after `abort()`. */
export interface RawAttemptSink {
  onHead(head: RawHead): void;
  onData(chunk: Uint8Array): void;
  onDone(usage: Usage | undefined): void;
  onFail(error: ErrorDetails, refusal?: RawRefusal): void;
}

const MAX_ERROR_BODY_BYTES = 256 * 1024;
const MAX_WHOLE_BYTES = 64 * 1024 * 1024;
const NOT_MODIFIED = 304;

/** One raw call to one target with one key. A head is told once there is something behind it. */
export class RawAttempt {
  readonly facts: AttemptFacts = { lost: [] };
  /** The body can be sent once, and it was begun. */
  bodySpent = false;
  /** Bytes of the answer went to the sink. */
  delivered = false;
  readonly #input: RawAttemptInput;
  readonly #sink: RawAttemptSink;
  readonly #watch: Watch;
  #exchange: HttpExchange | undefined;
  #head: ResponseHead | undefined;
  #tap: RawTap | undefined;
  /** Kept instead of passed on: an error, or an answer that is looked at first. */
  #kept: Buffer[] | undefined;
  #keptBytes = 0;
  #phase: ErrorPhase = 'connect';
  #paused = false;
  #over = false;

  constructor(input: RawAttemptInput, sink: RawAttemptSink) {
    this.#input = input;
    this.#sink = sink;
    this.#watch = createWatch(input.clock, input.limits, (phase) => this.#fail(timedOut(phase, input.limits)));
    try {
      this.#begin(input);
    } catch (error) {
      queueMicrotask(() => this.#fail(notStarted(error)));
    }
  }

  #begin({ call, target, endpoint, key, renew }: RawAttemptInput): void {
    const url = endpoint.urlFor(call.pathFor(target));
    this.facts.url = url;
    const body = call.bodyFor(target);
    const headers = joined(call.headers, endpoint.headersFor(key));
    if (endpoint.prepare === undefined) return this.#send(url, headers, body);
    const fail = (error: unknown): void => this.#fail(notStarted(error));
    const text = textOf(body);
    endpoint.prepare({ method: call.method, url, headers, body: text ?? '' }, key, { renew }).then((ready) => {
      if (this.#over) return;
      this.facts.url = ready.url;
      try {
        this.#send(ready.url, ready.headers, text === undefined ? body : ready.body);
      } catch (error) {
        fail(error);
      }
    }, fail);
  }

  #send(url: string, headers: Readonly<Record<string, string>>, body: RawBody): void {
    const { transport, limits, endpoint, call } = this.#input;
    const connectTimeoutMs = limits.connectMs;
    const { tlsCaCertPath } = endpoint;
    this.#exchange = transport.start(
      {
        method: call.method,
        url,
        headers,
        ...(isBodySource(body) ? { upload: body } : { body }),
        connectTimeoutMs,
        tlsCaCertPath,
      },
      {
        onConnected: () => {
          this.#phase = 'headers';
          if (isBodySource(body)) this.bodySpent = true;
        },
        onHead: (head) => this.#onHead(head),
        onData: (chunk) => this.#onData(chunk),
        onEnd: () => this.#onEnd(),
        onError: (error) => {
          if (!this.#over) this.#fail(fromTransport(error, this.delivered));
        },
      },
    );
    if (this.#over) this.#exchange.abort();
    else if (this.#paused) this.#exchange.pause();
  }

  #onHead(head: ResponseHead): void {
    this.#head = head;
    this.facts.status = head.status;
    this.facts.requestId = requestIdOf(head);
    this.#phase = 'first-content';
    const { call } = this.#input;
    if (!isAnswer(head) || call.checkWhole !== undefined) this.#kept = [];
    else this.#tap = call.tap?.(head);
  }

  #onData(chunk: Uint8Array): void {
    if (this.#over) return;
    this.facts.bytes = (this.facts.bytes ?? 0) + chunk.byteLength;
    this.#watch.progress();
    if (this.#kept !== undefined) return this.#keep(chunk);
    this.#tellHead();
    this.#tap?.push(chunk);
    this.#sink.onData(chunk);
  }

  #keep(chunk: Uint8Array): void {
    const isRefused = this.#head !== undefined && !isAnswer(this.#head);
    this.#keptBytes += chunk.byteLength;
    if (isRefused && this.#keptBytes > MAX_ERROR_BODY_BYTES) return;
    if (this.#keptBytes > MAX_WHOLE_BYTES)
      return this.#fail({ kind: 'protocol', message: 'The answer is larger than 64 MiB.', phase: this.#phase });
    this.#kept?.push(Buffer.from(chunk));
  }

  #tellHead(): void {
    if (this.delivered || this.#head === undefined) return;
    this.delivered = true;
    this.#phase = 'content';
    this.#sink.onHead(this.#head);
  }

  #onEnd(): void {
    const head = this.#head;
    if (this.#over || head === undefined) return;
    if (!isAnswer(head)) return this.#refused(head);
    if (this.#kept === undefined) {
      this.#tellHead();
      return this.#done(this.#tap?.end());
    }
    const body = Buffer.concat(this.#kept);
    const found = this.#input.call.checkWhole?.(head, body);
    if (found?.failure !== undefined) return this.#fail({ ...found.failure, phase: 'first-content' });
    this.#tellHead();
    if (body.byteLength > 0) this.#sink.onData(body);
    this.#done(found?.usage);
  }

  #refused(head: ResponseHead): void {
    const { endpoint } = this.#input;
    if (head.status < 400) {
      const where = new URL(this.facts.url ?? '').origin;
      const message = `${where} answered with a redirect (${head.status}), which is never followed with a key.`;
      return this.#fail({ kind: 'config', message, status: head.status, phase: 'headers', rule: 'redirect' });
    }
    const body = Buffer.concat(this.#kept ?? []).toString('utf8');
    const error = endpoint.classify(endpoint.wire.readError(head.status, body), head.headers);
    const shown = endpoint.redact?.(body) ?? '';
    // Nothing of a raw call is written another way for a target that rejects a parameter.
    const kind = error.kind === 'unsupported' ? 'invalid-request' : error.kind;
    this.#fail({ ...error, kind, phase: 'headers' }, { head, body: shown });
  }

  #done(usage: Usage | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#watch.stop();
    this.#exchange?.finish();
    this.#sink.onDone(usage);
  }

  #fail(error: ErrorDetails, refusal?: RawRefusal): void {
    if (this.#over) return;
    this.abort();
    this.#sink.onFail(error, refusal);
  }

  /** What the answer had said of its use when it ended before its time. */
  usageSoFar(): Usage | undefined {
    return this.#tap?.end();
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

function isAnswer({ status }: RawHead): boolean {
  return (status >= 200 && status < 300) || status === NOT_MODIFIED;
}

/** A body as `prepare` can read it; `undefined` for one that is still coming in, or is no text. */
function textOf(body: RawBody): string | undefined {
  if (body === undefined) return '';
  if (typeof body === 'string') return body;
  if (isBodySource(body) || !isUtf8(body)) return undefined;
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
}
