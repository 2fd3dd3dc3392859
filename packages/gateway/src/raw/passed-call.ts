import type { RawCall, RawHandle, RawHead, RawRefusal, RawSink } from '@standin/core/route/raw-types';
import type { RunResult } from '@standin/core/route/run-types';
import type { Plan, Target } from '@standin/core/route/target';
import { RequestError, type AttemptRecord, type ProviderError } from '@standin/core/spec/index';
import { answerHeaders, failedHeaders, vendorAttempts } from '../answer.ts';
import { readBody, readRawBody } from '../body.ts';
import { failureOf, failureOfThrown, ownFailure, type CallerFailure } from '../caller-errors.ts';
import { baseHeaders, sendFailure, sendText, type Exchange, type UnderWay } from '../exchange.ts';
import { OVERLOADED } from '../overload.ts';
import { CallAccount, type AccountedCall, type CallEnd } from '../ledger.ts';
import { comingBack } from './raw-headers.ts';
import { traceHeaders } from '../trace-context.ts';

/** What was made of the caller's request: a call that is passed on, or why it is not. */
export type Passing = PassedOn | { readonly refusal: CallerFailure };

export interface PassedOn {
  readonly plan: Plan;
  readonly call: RawCall;
  readonly account: AccountedCall;
  readonly timeoutMs?: number;
  /** The answer was complete. */
  readonly onDone?: (result: RunResult) => void;
}

const ignore = (): void => {};

/**
 * A caller's request that goes to a vendor of the same protocol as it came, and its answer back. Until the first byte
 * of the answer the walk may go on to another key or target; a caller who leaves ends it in every phase.
 */
export class PassedCall implements UnderWay, RawSink {
  readonly exchange: Exchange;
  readonly #account: CallAccount | undefined;
  #passing: PassedOn | undefined;
  #handle: RawHandle | undefined;
  place = -1;
  #isIncoming = false;
  #over = false;
  #paused = false;
  /** A whole answer waits for its end, so that its cost can stand in its head. */
  #whole: { readonly head: RawHead; readonly target: Target; body: Buffer } | undefined;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
    const { accounting } = exchange.context;
    this.#account = accounting === undefined ? undefined : new CallAccount(accounting, exchange);
  }

  /**
   * Reads the body whole, uncompressed unless it shall stay as it came, and passes on what `prepare` makes of it.
   * `prepare` throws `RequestError` for a 4xx.
   */
  begin(prepare: (body: Buffer) => Passing, how: 'plain' | 'as-it-came' = 'plain'): void {
    this.enter();
    const { context, req } = this.exchange;
    const read = how === 'plain' ? readBody : readRawBody;
    this.#isIncoming = true;
    context.incoming++;
    read(req, context.bodyLimitBytes, (error, body) => {
      this.#arrived();
      if (this.#over) return;
      if (!context.overload.admits(context.underWay.size - context.incoming - 1)) this.fail(OVERLOADED);
      else if (error === undefined) this.pass(() => prepare(body));
      else this.fail(failureOfThrown(error));
    });
  }

  /** The same for a request whose body somebody else reads. `enter` first. */
  pass(prepare: () => Passing): void {
    try {
      const passing = prepare();
      if ('refusal' in passing) return this.fail(passing.refusal);
      const plan = this.#account === undefined ? passing.plan : this.#account.admitCall(passing.account, passing.plan);
      if (!(plan instanceof Promise)) return this.#run(passing, plan);
      plan.then(
        (told) => this.#run(passing, told),
        (thrown: unknown) => this.#broke(thrown),
      );
    } catch (thrown) {
      this.#broke(thrown);
    }
  }

  #run(passing: PassedOn, plan: Plan | CallerFailure): void {
    if (this.#over) return;
    if ('error' in plan) return this.fail(plan);
    try {
      this.#passing = passing;
      const { requestId, context } = this.exchange;
      const onAttempt = (attempt: AttemptRecord): void => this.#account?.saw(attempt);
      const options = { requestId, timeoutMs: passing.timeoutMs, onAttempt };
      const trace = this.#account?.trace;
      const { call } = passing;
      const traced = trace === undefined ? call : { ...call, headers: { ...call.headers, ...traceHeaders(trace) } };
      this.#handle = context.getStandin().startRaw(plan, traced, options, this);
      if (this.#over) this.#handle.cancel();
      else if (this.#paused) this.#handle.pause();
    } catch (thrown) {
      this.#broke(thrown);
    }
  }

  enter(): void {
    const { context, req, res } = this.exchange;
    context.underWay.add(this);
    const closed = (): void => this.#closed();
    res.on('close', closed);
    res.on('error', closed);
    req.on('error', ignore);
  }

  get over(): boolean {
    return this.#over;
  }

  onHead(head: RawHead, { target, attempt }: { readonly target: Target; readonly attempt: number }): void {
    if (this.#over) return;
    if (this.#passing?.call.checkWhole !== undefined) {
      this.#whole = { head, target, body: Buffer.alloc(0) };
      return;
    }
    const { res } = this.exchange;
    const headers = this.#headersOf(head, answerHeaders(target.entry, target.model, attempt));
    if (this.#account?.isPriced(target.entry, target.model) === true) headers.push('trailer', 'x-standin-cost-usd');
    else if (head.headers['content-length'] !== undefined)
      headers.push('content-length', head.headers['content-length']);
    res.writeHead(head.status, headers);
    res.on('drain', () => {
      if (!this.#paused) return;
      this.#paused = false;
      this.#handle?.resume();
    });
  }

  #headersOf(head: RawHead, own: readonly string[]): string[] {
    return [...baseHeaders(this.exchange), ...own, ...(this.#account?.warnings() ?? []), ...comingBack(head.headers)];
  }

  onData(chunk: Uint8Array): void {
    if (this.#over) return;
    if (this.#whole !== undefined) {
      this.#whole.body = Buffer.from(chunk);
      return;
    }
    if (this.exchange.res.write(chunk) || this.#paused) return;
    this.#paused = true;
    this.#handle?.pause();
  }

  onDone(result: RunResult): void {
    if (this.#over) return;
    try {
      const { res } = this.exchange;
      this.#passing?.onDone?.(result);
      const cost = this.#account?.costHeader() ?? [];
      if (this.#whole === undefined) {
        const [name, value] = cost;
        if (res.chunkedEncoding && name !== undefined && value !== undefined) res.addTrailers([[name, value]]);
        res.end();
        return this.#finish({ outcome: 'ok', status: res.statusCode });
      }
      const { head, target, body } = this.#whole;
      const headers = this.#headersOf(head, answerHeaders(target.entry, target.model, vendorAttempts(result.attempts)));
      res.writeHead(head.status, [...headers, ...cost, 'content-length', `${body.byteLength}`]);
      res.end(body);
      this.#finish({ outcome: 'ok', status: head.status });
    } catch (thrown) {
      this.#broke(thrown);
    }
  }

  onError(error: ProviderError, attempts: readonly AttemptRecord[], refusal?: RawRefusal): void {
    if (this.#over) return;
    const own = failedHeaders(error, attempts);
    if (refusal === undefined || !isCallersOwn(refusal.head.status) || this.exchange.res.headersSent)
      return this.fail(failureOf(error, attempts), own);
    // The vendor's own words, in the protocol that the caller speaks to it.
    const { head, body } = refusal;
    const type = head.headers['content-type'] ?? 'application/json; charset=utf-8';
    this.#log(head.status, error.code ?? 'refused', error.kind, attempts.length);
    sendText(this.exchange, head.status, body, [...own, 'x-should-retry', 'false'], type);
    this.#finish({ outcome: 'failed', status: head.status, errorKind: error.kind, errorCode: error.code });
  }

  #broke(thrown: unknown): void {
    if (this.#over) return;
    this.#handle?.cancel();
    const { requestId, context } = this.exchange;
    if (!(thrown instanceof RequestError))
      context.log('error', 'Request handling failed', { requestId, error: thrown });
    this.fail(failureOfThrown(thrown));
  }

  fail(failure: CallerFailure, headers: readonly string[] = []): void {
    if (this.#over) return;
    const { res } = this.exchange;
    const { status, code, kind } = failure.error;
    this.#log(status, code, kind, failure.attempts.length);
    // Bytes went out that nobody here can read: a broken connection is the one end that is no false success.
    if (res.headersSent) res.destroy();
    else sendFailure(this.exchange, failure, headers);
    this.#finish({
      outcome: 'failed',
      status: res.headersSent ? res.statusCode : status,
      errorKind: kind,
      errorCode: code,
    });
  }

  #log(status: number, code: string, kind: string, attempts: number): void {
    const { context, requestId } = this.exchange;
    context.log('warn', 'Request failed', { requestId, status, code, kind, attempts });
  }

  #finish(end: CallEnd): void {
    this.#over = true;
    this.#account?.end(end);
    const { context } = this.exchange;
    this.#arrived();
    context.underWay.delete(this);
    context.onCallEnd?.();
  }

  #arrived(): void {
    if (!this.#isIncoming) return;
    this.#isIncoming = false;
    this.exchange.context.incoming--;
  }

  shutDown(): void {
    if (this.#over) return;
    this.#handle?.cancel();
    const message = 'The gateway is shutting down and could not finish this answer in time; send the request again.';
    this.fail(ownFailure(503, 'shutting_down', message, ['retry-after', '1']));
  }

  #closed(): void {
    if (this.#over) return;
    this.#over = true;
    this.#handle?.cancel();
    const { context, requestId, res } = this.exchange;
    this.#finish({ outcome: 'left', status: res.headersSent ? res.statusCode : 0 });
    context.log('info', 'Caller left before the answer was complete', { requestId });
  }
}

/** Refusals that speak of our key, or of a moment, are told in our own words instead. */
const NOT_THE_CALLERS: ReadonlySet<number> = new Set([401, 402, 403, 407, 408, 425, 429]);

function isCallersOwn(status: number): boolean {
  return status >= 400 && status < 500 && !NOT_THE_CALLERS.has(status);
}
