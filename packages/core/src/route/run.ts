import type { AttemptRecord, ErrorDetails } from '../spec/errors.ts';
import { isContent, isReasoning, type StreamEvent } from '../spec/event.ts';
import type { ChatRequest } from '../spec/request.ts';
import { ProviderError } from '../spec/errors.ts';
import { startAttempt, type AttemptHandle } from './attempt.ts';
import { allFailed, brokenOff } from './all-failed.ts';
import {
  decide,
  remainingMs,
  startWalk,
  type AttemptDecision,
  type DecideContext,
  type Decision,
  type WalkState,
} from './decide.ts';
import { needsOf } from './needs.ts';
import { reportFailure } from './report.ts';
import type { RunHandle, RunOptions, RunSink } from './run-types.ts';
import { createSplice, type Splice } from './splice.ts';
import type { Plan, Target } from './target.ts';

/**
 * Carries out one request: asks `decide()` what to do, does it, and passes the answer on from the first content.
 * Errors reach `sink.onError`; nothing is thrown.
 */
export function startRun(plan: Plan, request: ChatRequest, options: RunOptions, sink: RunSink): RunHandle {
  return new Run(plan, request, options, sink);
}

class Run implements RunHandle {
  readonly #plan: Plan;
  readonly #request: ChatRequest;
  readonly #options: RunOptions;
  readonly #sink: RunSink;
  readonly #context: DecideContext;
  readonly #splice: Splice = createSplice();
  readonly #attempts: AttemptRecord[] = [];
  readonly #repairs = new Map<number, string[]>();
  readonly #onAbort = (): void => this.cancel();
  #state: WalkState;
  #attempt: AttemptHandle | undefined;
  /** Callbacks of an attempt that is no longer the current one are ignored. */
  #generation = 0;
  #timer: unknown;
  #held: StreamEvent[] = [];
  #delivered: 'nothing' | 'reasoning' | 'content' = 'nothing';
  #firstContentAt: number | undefined;
  #paused = false;
  #over = false;

  constructor(plan: Plan, request: ChatRequest, options: RunOptions, sink: RunSink) {
    this.#plan = plan;
    this.#request = request;
    this.#options = options;
    this.#sink = sink;
    this.#context = { plan, needs: needsOf(request), health: options.health, random: options.random };
    this.#state = startWalk(plan, options.clock.now());
    if (options.signal?.aborted === true) {
      queueMicrotask(() => this.#cancelled());
      return;
    }
    options.signal?.addEventListener('abort', this.#onAbort);
    const first = decide(this.#context, this.#state, undefined, this.#state.startedAt);
    if (first.type === 'attempt') this.#follow(first);
    else queueMicrotask(() => this.#follow(first));
  }

  #follow(decision: Decision, error?: ErrorDetails): void {
    if (this.#over) return;
    this.#state = decision.state;
    if (decision.type === 'give-up') {
      return this.#end(allFailed(this.#plan, this.#attempts, decision, error, this.#context.needs));
    }
    if (decision.repair !== undefined) {
      const repairs = this.#repairs.get(decision.target) ?? [];
      this.#repairs.set(decision.target, [...repairs, decision.repair]);
    }
    if (decision.waitMs <= 0) return this.#try(decision);
    this.#timer = this.#options.clock.after(decision.waitMs, () => {
      this.#timer = undefined;
      this.#try(decision);
    });
  }

  #try(decision: AttemptDecision): void {
    const { clock, mode, transport } = this.#options;
    const target = this.#plan.targets[decision.target];
    const key = target?.keys[decision.key];
    if (target === undefined || key === undefined) return;
    const generation = ++this.#generation;
    const startedAt = clock.now();
    this.#held = [];
    this.#firstContentAt = undefined;
    this.#splice.begin();
    const mine = () => generation === this.#generation && !this.#over;
    const record = (error?: ErrorDetails) => this.#record(decision, target, startedAt, handle, error);
    let handle: AttemptHandle | undefined = undefined;
    const started = startAttempt(
      {
        target,
        key,
        request: this.#request,
        mode,
        repairs: this.#repairs.get(decision.target) ?? [],
        limits: this.#limitsOf(target),
        clock,
        transport,
      },
      {
        onEvents: (events) => {
          if (!mine()) return;
          const failure = this.#take(events, decision, target);
          if (failure === undefined) return;
          handle?.abort();
          record(failure);
          this.#failed(failure, startedAt, decision);
        },
        onDone: () => {
          if (!mine()) return;
          record();
          this.#done(target, key.fingerprint);
        },
        onFail: (error) => {
          if (!mine()) return;
          record(error);
          this.#failed(error, startedAt, decision);
        },
      },
    );
    handle = started;
    if (mine()) {
      this.#attempt = started;
      if (this.#paused) started.pause();
    }
  }

  #limitsOf(target: Target) {
    const { limits, targets } = this.#plan;
    const alone = targets.length === 1;
    const whole = this.#options.mode === 'whole';
    const own = target.firstContentMs;
    const first = alone ? limits.firstContentLastMs : Math.max(limits.firstContentMs, own ?? 0);
    const entryMs = 'endpoint' in target.via ? target.via.endpoint.timeoutMs : undefined;
    const left = remainingMs(this.#plan, this.#state, this.#options.clock.now());
    return {
      connectMs: Math.min(limits.connectMs, left),
      firstContentMs: whole ? (alone ? limits.wholeAnswerLastMs : limits.wholeAnswerMs) : first,
      idleMs: limits.idleMs,
      totalMs: Math.max(1, Math.min(left, entryMs ?? left)),
    };
  }

  /** Holds events back until the commit point, then passes them on. Returns a failure the events themselves show. */
  #take(events: readonly StreamEvent[], decision: AttemptDecision, target: Target): ErrorDetails | undefined {
    let stage = this.#delivered;
    if (stage === 'content') {
      this.#sink.onEvents(this.#splice.pass(events));
      return undefined;
    }
    for (const event of events) {
      if (isContent(event)) {
        if (stage !== 'content') this.#commit(decision, target);
        stage = 'content';
      } else if (isReasoning(event)) {
        this.#firstContentAt ??= this.#options.clock.now();
        if (stage === 'nothing') stage = 'reasoning';
      } else if (event.type === 'finish' && stage !== 'content') {
        const failure = emptyAnswer(event.reason);
        if (failure !== undefined) return failure;
        this.#commit(decision, target);
        stage = 'content';
      }
      this.#held.push(event);
    }
    this.#delivered = stage;
    if (stage !== 'nothing' && this.#held.length > 0) {
      const held = this.#held;
      this.#held = [];
      this.#sink.onEvents(this.#splice.pass(held));
    }
    return undefined;
  }

  #commit(decision: AttemptDecision, target: Target): void {
    this.#firstContentAt ??= this.#options.clock.now();
    this.#sink.onCommit?.({ target, attempt: decision.state.attempts, requestId: this.#attempt?.facts.requestId });
  }

  #failed(error: ErrorDetails, startedAt: number, decision: AttemptDecision): void {
    const { clock, health } = this.#options;
    const now = clock.now();
    this.#generation++;
    this.#attempt = undefined;
    const target = this.#plan.targets[decision.target];
    const key = target?.keys[decision.key];
    if (target !== undefined && key !== undefined) reportFailure(health, target, key, error, now);
    if (this.#delivered === 'content') return this.#end(brokenOff(error, target, this.#attempts));
    const closing = this.#splice.abandon();
    if (closing.length > 0) this.#sink.onEvents(closing);
    this.#follow(decide(this.#context, this.#state, { error, tookMs: now - startedAt }, now), error);
  }

  #done(target: Target, fingerprint: string): void {
    const { health, log } = this.#options;
    this.#finish();
    health.succeeded(target.entry, fingerprint, target.model);
    if (this.#attempts.length > 1) {
      log('info', 'Provider recovered (failover/retry)', {
        provider: target.entry,
        model: target.model,
        original_model: this.#plan.targets[0]?.model,
        requested_model: this.#plan.requestedModel,
        attempt: this.#attempts.length,
      });
    }
    this.#sink.onDone({ target, attempts: this.#attempts });
  }

  #record(
    decision: AttemptDecision,
    target: Target,
    startedAt: number,
    handle: AttemptHandle | undefined,
    error?: ErrorDetails,
  ): void {
    const since = (at: number) => Math.round(at - this.#state.startedAt);
    const facts = handle?.facts;
    const record: AttemptRecord = {
      attempt: decision.state.attempts,
      provider: target.entry,
      model: target.model,
      wire: 'endpoint' in target.via ? target.via.endpoint.wire.id : undefined,
      url: facts?.url,
      key: target.keys[decision.key]?.fingerprint,
      outcome: error?.kind ?? 'ok',
      status: error?.status ?? facts?.status,
      code: error?.code,
      message: error === undefined ? undefined : (error.vendorMessage ?? error.message),
      requestId: error?.requestId ?? facts?.requestId,
      startedMs: since(startedAt),
      firstContentMs: this.#firstContentAt === undefined ? undefined : since(this.#firstContentAt),
      endedMs: since(this.#options.clock.now()),
      waitedMs: Math.round(decision.waitMs),
      retryAfterMs: error?.retryAfterMs,
      phase: error?.phase,
      reason: decision.reason,
      rule: error?.rule,
      lost: facts !== undefined && facts.lost.length > 0 ? facts.lost : undefined,
    };
    this.#attempts.push(record);
    this.#options.onAttempt?.(record);
  }

  #end(error: ProviderError): void {
    this.#finish();
    this.#sink.onError(error, this.#attempts);
  }

  #cancelled(): void {
    if (this.#over) return;
    this.#end(new ProviderError({ kind: 'cancelled', message: 'The call was cancelled by its caller.' }));
  }

  #finish(): void {
    this.#over = true;
    if (this.#timer !== undefined) this.#options.clock.clear(this.#timer);
    this.#timer = undefined;
    this.#attempt = undefined;
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }

  pause(): void {
    this.#paused = true;
    this.#attempt?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#attempt?.resume();
  }

  cancel(): void {
    if (this.#over) return;
    this.#generation++;
    this.#attempt?.abort();
    const { signal } = this.#options;
    if (signal?.aborted === true) return this.#cancelled();
    this.#finish();
  }
}

/** A 200 without any content is a failed attempt, unless the vendor says why there is none. */
function emptyAnswer(reason: string): ErrorDetails | undefined {
  if (reason === 'length' || reason === 'content-filter' || reason === 'refusal' || reason === 'pause')
    return undefined;
  if (reason === 'error')
    return {
      kind: 'server',
      message: 'The vendor ended the answer with an error before any content.',
      rule: 'finish:error',
    };
  return { kind: 'empty', message: 'The answer has no content: no text and no tool call.', rule: 'empty' };
}
