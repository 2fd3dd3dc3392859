import type { Standin, StartOptions } from '@standin/core/library/standin-types';
import { describeAttempt } from '@standin/core/route/all-failed';
import { ATTEMPTS_LEFT_HEADER, attemptsIn } from '@standin/core/route/hops';
import { REPAIR_HEADER, STRICT_HEADER } from '@standin/core/route/strict';
import type { RunHandle } from '@standin/core/route/run-types';
import type { Plan } from '@standin/core/route/target';
import {
  isJsonObject,
  ProviderError,
  RequestError,
  type AttemptRecord,
  type ChatRequest,
  type JsonObject,
} from '@standin/core/spec/index';
import { letGo } from '@standin/core/transport/body-pieces';
import type { DecodedRequest, WireServer } from '@standin/core/wires/wire';
import type { HostedCall } from './agents/host.ts';
import { Refused } from './agents/refused.ts';
import { failedHeaders, type Answer } from './answer.ts';
import { readBody, readJsonBody } from './body.ts';
import { failureOf, failureOfThrown, ownFailure, type CallerFailure } from './caller-errors.ts';
import { cachedCall, type CachedCall } from './cached-call.ts';
import { callerTimeoutMs } from './caller-timeout.ts';
import { keepContent, type KeptContent } from './kept-content.ts';
import { sendFailure, sendJson, type Exchange, type Glimpse, type UnderWay } from './exchange.ts';
import { ANSWERED, CallAccount, type CallEnd } from './ledger.ts';
import { heldToPins, rememberingId } from './responses-state.ts';
import { OVERLOADED } from './overload.ts';
import { StreamAnswer } from './stream-answer.ts';
import { traceHeaders } from './trace-context.ts';
import { WholeAnswer } from './whole-answer.ts';

/** A client protocol, of text or of binary frames. */
export type AnyWireServer = WireServer | WireServer<Uint8Array>;

/** A client protocol's endpoint. */
export interface CallRoute {
  readonly wireServer: AnyWireServer;
  /** Answers without an id of their own get one that begins so (`chatcmpl-`, `msg_`). */
  readonly idPrefix: string;
  /** Caller headers that belong to the protocol and go to a vendor of the same one, lower case. */
  readonly forwardHeaders: readonly string[];
  /** Key under which the protocol holds tool arguments as an object; absent: it holds them as text. */
  readonly argumentsKey?: string;
  /** Answers have ids that later requests go on from. */
  readonly keepsIds?: boolean;
  /** The answer to a request that no vendor has to be asked for. */
  readonly known?: (given: unknown, exchange: Exchange) => JsonObject | undefined;
  /** Fields that the protocol says in the address and its server reads from the body. */
  readonly fromAddress?: (exchange: Exchange) => JsonObject;
}

const ignore = (): void => {};
const singleHeader = (value: string | string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;

/**
 * One model call of a caller, from its first body byte to the last byte of its answer. Whatever phase it is in, a
 * caller who leaves ends it, and the vendor's side with it.
 */
export class Call implements UnderWay {
  readonly exchange: Exchange;
  readonly route: CallRoute;
  /** Absent: this gateway counts nothing. */
  readonly account: CallAccount | undefined;
  /** Nothing more is written: answered, failed or left. */
  over = false;
  place = -1;
  #isIncoming = false;
  #answer: Answer | undefined;
  #handle: RunHandle | undefined;
  #paused = false;
  /** Kept while answers are cached: the request is part of its name. */
  #body: Buffer | undefined;
  #cached: CachedCall | undefined;
  /** What was tried, while the caller's own timeout runs. */
  #watched: AttemptRecord[] | undefined;
  #kept: KeptContent | undefined;
  /** For whoever looks meanwhile. */
  #plan: Plan | undefined;
  #mode: DecodedRequest['mode'] = 'whole';
  #attempts = 0;
  readonly #startedAt: number;

  constructor(exchange: Exchange, route: CallRoute) {
    this.exchange = exchange;
    this.route = route;
    const { accounting } = exchange.context;
    this.account = accounting === undefined ? undefined : new CallAccount(accounting, exchange);
    this.#startedAt = exchange.context.clock.wallMs();
  }

  glimpse(): Glimpse | undefined {
    const { exchange } = this;
    if (this.over || this.#plan === undefined) return undefined;
    return {
      id: exchange.requestId,
      startedAt: this.#startedAt,
      requestedModel: this.#plan.requestedModel,
      protocol: exchange.dialect.id,
      mode: this.#mode,
      plan: this.#plan,
      answering: this.#answer?.answering?.target,
      attempts: this.#attempts,
      key: exchange.caller?.id ?? null,
    };
  }

  begin(): void {
    this.#enter();
    const { context, req } = this.exchange;
    this.#isIncoming = true;
    context.incoming++;
    readBody(req, context.bodyLimitBytes, (error, body) => {
      this.#arrived();
      if (this.over) return;
      // Others may have come in while this body was on its way.
      if (!context.overload.admits(context.underWay.size - context.incoming - 1)) this.fail(OVERLOADED);
      else if (error !== undefined) this.fail(failureOfThrown(error));
      else this.#start(body);
      // What was said is read: a large body need not wait for the collector.
      if (this.#body === undefined) letGo(body);
    });
  }

  #arrived(): void {
    if (!this.#isIncoming) return;
    this.#isIncoming = false;
    this.exchange.context.incoming--;
  }

  /** The same with a body that was read before. */
  beginWith(body: Buffer): void {
    this.#enter();
    this.#start(body);
  }

  #enter(): void {
    const { context, req, res } = this.exchange;
    context.underWay.add(this);
    const closed = (): void => this.#closed();
    res.on('close', closed);
    // A reset connection is heard of through `close`; without a listener it would be an uncaught error.
    res.on('error', closed);
    req.on('error', ignore);
  }

  #start(body: Buffer): void {
    try {
      const { context } = this.exchange;
      const contentBytes = this.account?.contentBytes;
      if (contentBytes !== undefined) this.#kept = keepContent(body, contentBytes);
      const { value: given, text } = readJsonBody(body, this.route.argumentsKey);
      const known = this.route.known?.(given, this.exchange);
      if (known !== undefined) return this.#sendKnown(known);
      const stated = this.route.fromAddress?.(this.exchange);
      const whole = stated !== undefined && isJsonObject(given) ? { ...given, ...stated } : given;
      const decoded = this.route.wireServer.decodeRequest(whole, whole === given ? text : undefined);
      const standin = context.getStandin();
      const asked = standin.plan({ model: decoded.request.model, routing: decoded.routing });
      const walk = heldToPins(this.exchange, asked, given, this.route.keepsIds === true);
      this.#body = context.cache === undefined ? undefined : body;
      const plan = this.account === undefined ? walk : this.account.admit(decoded, walk);
      if (!(plan instanceof Promise)) return this.#run(standin, decoded, plan);
      plan.then(
        (told) => this.#run(standin, decoded, told),
        (thrown: unknown) => this.broke(thrown),
      );
    } catch (thrown) {
      this.broke(thrown);
    }
  }

  #run(standin: Standin, decoded: DecodedRequest, plan: Plan | CallerFailure): void {
    if (this.over) return;
    if ('error' in plan) return this.fail(plan);
    // What an agent's tools do is not done by an answer that is kept.
    const isKept = this.#body !== undefined && this.exchange.context.agents?.hosts(plan) !== true;
    const cached =
      this.#body === undefined || !isKept
        ? undefined
        : cachedCall(this.exchange, this.route, decoded, plan, this.#body);
    if (cached === undefined) return this.#ask(standin, decoded, plan);
    this.#cached = cached;
    cached.begin({
      ask: () => this.#ask(standin, decoded, plan),
      waits: () => {
        const timeoutMs = callerTimeoutMs(this.exchange.req.headers, decoded.routing);
        if (decoded.mode === 'stream') this.#answer = this.#stream(decoded, plan, timeoutMs);
      },
      replayed: (kept) => this.finish({ ...ANSWERED, cached: kept }),
    });
  }

  #ask(standin: Standin, decoded: DecodedRequest, plan: Plan): void {
    if (this.over) return;
    try {
      const { req } = this.exchange;
      const timeoutMs = callerTimeoutMs(req.headers, decoded.routing);
      this.#plan = plan;
      this.#mode = decoded.mode;
      const isStream = decoded.mode === 'stream';
      const answer =
        this.#answer ?? (isStream ? this.#stream(decoded, plan, timeoutMs) : new WholeAnswer(this, decoded));
      this.#answer = answer;
      const options: StartOptions = {
        mode: decoded.mode,
        relay: this.exchange.context.relays ? this.route.wireServer.id : undefined,
        timeoutMs: isStream ? undefined : timeoutMs,
        maxAttempts: attemptsIn(singleHeader(req.headers[ATTEMPTS_LEFT_HEADER])),
        requestId: this.exchange.requestId,
        onAttempt: (attempt) => this.#attempted(attempt),
      };
      const watched = this.#kept?.watching(answer) ?? answer;
      const { agents } = this.exchange.context;
      const isHosted = agents?.hosts(plan) === true;
      const sink = this.route.keepsIds === true ? rememberingId(this.exchange, decoded, watched, !isHosted) : watched;
      const request = this.#request(decoded);
      const handle = isHosted
        ? agents.start(this.#hosted(standin, plan, request, { ...options, timeoutMs }), sink)
        : standin.start(plan, request, options, sink);
      this.#handle = handle;
      if (this.over) handle.cancel();
      else if (this.#paused) handle.pause();
    } catch (thrown) {
      this.broke(thrown);
    }
  }

  #hosted(standin: Standin, plan: Plan, request: ChatRequest, options: StartOptions): HostedCall {
    return {
      exchange: this.exchange,
      standin,
      plan,
      request,
      options,
      answerId: `${this.route.idPrefix}${this.exchange.context.newId()}`,
      onAttempt: (attempt, step) => this.#attempted(attempt, step),
      onFailure: (error) => (error instanceof Refused ? this.fail(error.failure) : this.broke(error)),
    };
  }

  #sendKnown(body: JsonObject): void {
    const { context } = this.exchange;
    this.over = true;
    context.underWay.delete(this);
    sendJson(this.exchange, 200, body);
    context.onCallEnd?.();
  }

  #stream(decoded: DecodedRequest, plan: Plan, timeoutMs: number | undefined): Answer {
    const answer = new StreamAnswer(this, decoded);
    // The SDKs' usual ten minutes are the walk's own; only a shorter one needs a watch.
    if (timeoutMs === undefined || timeoutMs >= plan.limits.deadlineMs * 0.95) return answer;
    this.#watched = [];
    answer.expectBy(timeoutMs, this.#watched);
    return answer;
  }

  #attempted(attempt: AttemptRecord, step?: number): void {
    this.#attempts++;
    this.account?.saw(attempt, step);
    this.#watched?.push(attempt);
  }

  /** No event came within the caller's own timeout. */
  late(timeoutMs: number, attempts: readonly AttemptRecord[]): void {
    if (this.over) return;
    this.#handle?.cancel();
    const failed = attempts.map((attempt) => `\n  ${describeAttempt(attempt)}`).join('');
    const message = `No answer began within the caller's own timeout (${timeoutMs} ms); attempts that had failed by then: ${attempts.length}.${failed}`;
    const error = new ProviderError({ kind: 'deadline', message });
    this.fail(failureOf(error, attempts), failedHeaders(error, attempts));
  }

  #request(decoded: DecodedRequest): ChatRequest {
    const { req } = this.exchange;
    let headers: Record<string, string> | undefined;
    for (const name of this.route.forwardHeaders) {
      const value = req.headers[name];
      if (typeof value === 'string') (headers ??= {})[name] = value;
    }
    const says = (name: string): boolean => /^(?:true|1)$/i.test(singleHeader(req.headers[name]) ?? '');
    // A copy does not hold the caller's body any more: see `keepBody`.
    let request = this.exchange.context.relays ? decoded.request : { ...decoded.request };
    if (says(STRICT_HEADER)) request = { ...request, strict: true };
    const format = request.outputFormat;
    if (format !== undefined && format.type !== 'text' && says(REPAIR_HEADER))
      request = { ...request, outputFormat: { ...format, repair: true } };
    const trace = this.account?.trace;
    if (trace !== undefined) request = { ...request, traceHeaders: traceHeaders(trace) };
    if (headers === undefined) return request;
    return { ...request, wireHeaders: { wire: this.route.wireServer.id, headers } };
  }

  /** The caller reads slowly: the vendor's socket is left alone until `resume`. */
  pause(): void {
    this.#paused = true;
    this.#handle?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#handle?.resume();
  }

  /** Something threw on our side. A caller's own mistake is told; a bug of ours is logged and told without details. */
  broke(thrown: unknown): void {
    if (this.over) return;
    this.#handle?.cancel();
    if (!(thrown instanceof RequestError)) {
      const { requestId, context } = this.exchange;
      context.log('error', 'Request handling failed', { requestId, error: thrown });
    }
    this.fail(failureOfThrown(thrown));
  }

  /** Ends with an error: an HTTP status while no byte went out, else in-band. `headers` are the answer's own. */
  fail(failure: CallerFailure, headers: readonly string[] = []): void {
    if (this.over) return;
    const { context, requestId } = this.exchange;
    const { status, code, kind } = failure.error;
    const seen = this.exchange.res.headersSent ? this.exchange.res.statusCode : status;
    context.log('warn', 'Request failed', { requestId, status, code, kind, attempts: failure.attempts.length });
    try {
      if (this.exchange.res.headersSent) this.#answer?.failInBand(failure);
      else sendFailure(this.exchange, failure, headers);
    } catch (thrown) {
      // Even the error could not be written: a broken connection is the one thing left that is no false success.
      context.log('error', 'Error answer failed', { requestId, error: thrown });
      this.exchange.res.destroy();
    }
    this.finish({ outcome: 'failed', status: seen, errorKind: kind, errorCode: code });
  }

  finish(end: CallEnd = ANSWERED): void {
    this.over = true;
    this.#answer?.release();
    this.#cached?.end(end.outcome === 'ok');
    this.account?.end(end, this.#kept?.content());
    const { context } = this.exchange;
    this.#arrived();
    context.underWay.delete(this);
    context.onCallEnd?.();
  }

  shutDown(): void {
    if (this.over) return;
    this.#handle?.cancel();
    const message = 'The gateway is shutting down and could not finish this answer in time; send the request again.';
    this.fail(ownFailure(503, 'shutting_down', message, ['retry-after', '1']));
  }

  #closed(): void {
    if (this.over) return;
    this.over = true;
    // Before the account is closed: what is broken off now belongs to it.
    this.#handle?.cancel();
    const { context, requestId, res } = this.exchange;
    this.finish({ outcome: 'left', status: res.headersSent ? res.statusCode : 0 });
    context.log('info', 'Caller left before the answer was complete', { requestId });
  }
}
