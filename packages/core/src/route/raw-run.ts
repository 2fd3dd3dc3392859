import type { AttemptRecord, ErrorDetails, ProviderError } from '../spec/errors.ts';
import type { Usage } from '../spec/usage.ts';
import { allFailed, brokenOff } from './all-failed.ts';
import { recovered } from './answer-checks.ts';
import { recordOf, type Lane } from './lane.ts';
import { attemptLimits } from './limits.ts';
import { answerOf, type Answer, type Question } from './record.ts';
import type { Trace } from './recorder.ts';
import { RawAttempt } from './raw-attempt.ts';
import type { RawCall, RawHandle, RawRefusal, RawSink } from './raw-types.ts';
import { mayRenew } from './renew.ts';
import { reportFailure } from './report.ts';
import type { RunOptions } from './run-types.ts';
import type { Plan } from './target.ts';
import { startWalk, type AttemptDecision, type DecideContext, type Decision, type WalkState } from './walk-state.ts';

export type RawOptions = Omit<RunOptions, 'mode' | 'relay' | 'validateSchema'>;

/** Silence between bytes of an answer that nobody here reads as events, milliseconds. */
const IDLE_MS = 120_000;
const NEEDS = { vision: false };

/**
 * Carries out one raw call along the same walk as a chat: keys in turn, retries, further targets, until the first byte
 * of an answer is passed on. After it nothing is mended. Errors reach `sink.onError`; nothing is thrown.
 */
export function startRawRun(plan: Plan, call: RawCall, options: RawOptions, sink: RawSink): RawHandle {
  return new RawRun(plan, call, options, sink);
}

interface RawLane extends Lane {
  attempt?: RawAttempt;
}

class RawRun implements RawHandle {
  readonly #plan: Plan;
  readonly #call: RawCall;
  readonly #options: RawOptions;
  readonly #sink: RawSink;
  readonly #context: DecideContext;
  readonly #trace: Trace | undefined;
  readonly #attempts: AttemptRecord[] = [];
  #state: WalkState;
  #lane: RawLane | undefined;
  #refusal: RawRefusal | undefined;
  #timer: unknown;
  #paused = false;
  #over = false;

  constructor(plan: Plan, call: RawCall, options: RawOptions, sink: RawSink) {
    this.#plan = plan;
    this.#call = call;
    this.#options = options;
    this.#sink = sink;
    this.#context = { plan, needs: NEEDS, health: options.health, random: options.random };
    this.#state = startWalk(plan, options.clock.now());
    this.#trace = options.recorder?.begin({ plan, needs: NEEDS, mode: 'whole', id: options.requestId });
    const first = this.#ask({ kind: 'first', state: this.#state, now: this.#state.startedAt });
    const target = first.type === 'attempt' ? plan.targets[first.target] : undefined;
    if (target !== undefined) options.health.requested(target.entry, target.model);
    queueMicrotask(() => this.#follow(first));
  }

  #ask<Q extends Question>(question: Q): Answer<Q> {
    return this.#trace === undefined ? answerOf(this.#context, question) : this.#trace.ask(this.#context, question);
  }

  #follow(decision: Decision, error?: ErrorDetails): void {
    if (this.#over) return;
    this.#state = decision.state;
    if (decision.type === 'give-up')
      return this.#end(allFailed(this.#plan, this.#attempts, decision, error, NEEDS), this.#refusal);
    if (decision.waitMs <= 0) return this.#try(decision);
    this.#timer = this.#options.clock.after(decision.waitMs, () => {
      this.#timer = undefined;
      this.#try(decision);
    });
  }

  #try(decision: AttemptDecision): void {
    const { clock, health, transport } = this.#options;
    const target = this.#plan.targets[decision.target];
    const key = target?.keys[decision.key];
    if (target === undefined || key === undefined) return;
    const startedAt = clock.now();
    const probe = health.began(target.entry, key.fingerprint, target.model, startedAt);
    const limits = { ...attemptLimits(this.#plan, this.#state, target, 'whole', startedAt), idleMs: IDLE_MS };
    const lane: RawLane = {
      probe,
      decision,
      target,
      key,
      startedAt,
      limits,
      over: false,
      held: [],
      heldFrames: undefined,
    };
    this.#lane = lane;
    if ((decision.state.tries[decision.target] ?? 0) > 1) health.spendRetry(target.entry, target.model);
    if (!('endpoint' in target.via)) {
      const message = `${target.entry} is a provider of its own, and no address that a call could be passed on to.`;
      return this.#onFail(lane, { kind: 'config', message });
    }
    const attempt = new RawAttempt(
      {
        call: this.#call,
        target,
        endpoint: target.via.endpoint,
        key,
        renew: decision.renew === true,
        limits,
        clock,
        transport,
      },
      {
        onHead: (head) => {
          lane.firstContentAt = clock.now();
          this.#sink.onHead(head, { target, attempt: decision.state.attempts });
        },
        onData: (chunk) => this.#sink.onData(chunk),
        onDone: (usage) => this.#onDone(lane, usage),
        onFail: (error, refusal) => this.#onFail(lane, error, refusal),
      },
    );
    lane.attempt = attempt;
    lane.handle = attempt;
    if (this.#paused) attempt.pause();
  }

  #onFail(lane: RawLane, error: ErrorDetails, refusal?: RawRefusal): void {
    if (lane.over || this.#over) return;
    const { clock } = this.#options;
    const now = clock.now();
    const delivered = lane.attempt?.delivered === true;
    if (delivered) lane.usage = lane.attempt?.usageSoFar();
    this.#close(lane, error);
    if (mayRenew(lane.target, error, this.#state, lane.decision)) this.#release(lane);
    else reportFailure(this.#options, lane, error, now);
    if (delivered)
      return this.#end(brokenOff(error, lane.target, this.#attempts, 'its bytes are passed on as they are'));
    this.#refusal = refusal;
    if (lane.attempt?.bodySpent === true) {
      const reason = 'the body was sent while it came in, and is gone';
      return this.#follow({ type: 'give-up', reason, state: this.#state }, error);
    }
    const { target, key } = lane.decision;
    const failure = { error, tookMs: now - lane.startedAt, target, key };
    this.#follow(this.#ask({ kind: 'failure', state: this.#state, now, failure }), error);
  }

  #onDone(lane: RawLane, usage: Usage | undefined): void {
    if (lane.over || this.#over) return;
    const { health, log } = this.#options;
    lane.usage = usage;
    this.#close(lane);
    this.#finish();
    health.succeeded(lane.target.entry, lane.key.fingerprint, lane.target.model);
    if (this.#attempts.length > 1)
      log('info', 'Provider recovered (failover/retry)', recovered(this.#plan, lane, this.#attempts));
    this.#trace?.end(this.#attempts);
    this.#sink.onDone({ target: lane.target, attempts: this.#attempts });
  }

  #close(lane: RawLane, error?: ErrorDetails): void {
    lane.over = true;
    this.#lane = undefined;
    const record = recordOf(lane, this.#state.startedAt, this.#options.clock.now(), error);
    this.#attempts.push(record);
    this.#options.onAttempt?.(record);
  }

  #release({ probe, target, key }: RawLane): void {
    if (probe) this.#options.health.released(target.entry, key.fingerprint, target.model);
  }

  #end(error: ProviderError, refusal?: RawRefusal): void {
    this.#finish();
    this.#trace?.end(this.#attempts, { error });
    this.#sink.onError(error, this.#attempts, refusal);
  }

  #finish(): void {
    this.#over = true;
    if (this.#timer !== undefined) this.#options.clock.clear(this.#timer);
    this.#timer = undefined;
  }

  pause(): void {
    this.#paused = true;
    this.#lane?.attempt?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#lane?.attempt?.resume();
  }

  cancel(): void {
    if (this.#over) return;
    const lane = this.#lane;
    if (lane !== undefined) {
      lane.attempt?.abort();
      lane.usage = lane.attempt?.usageSoFar();
      this.#close(lane, { kind: 'cancelled', message: 'The caller went away.' });
      this.#release(lane);
    }
    this.#finish();
    this.#trace?.end(this.#attempts, { left: true });
  }
}
