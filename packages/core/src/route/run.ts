import { ProviderError, type AttemptRecord, type ErrorDetails } from '../spec/errors.ts';
import type { StreamEvent } from '../spec/event.ts';
import type { ChatRequest } from '../spec/request.ts';
import type { OutputGuard } from '../tools/output/index.ts';
import { allFailed, brokenOff } from './all-failed.ts';
import { NO_REPAIRS, startAttempt } from './attempt.ts';
import { checkMended, RECOVERED, recovered, sumUsage } from './answer-checks.ts';
import { hold, withHeld, type Stage } from './commit.ts';
import { hasTurned, landed } from './decide.ts';
import { createDelivered, type Delivered } from './delivered.ts';
import { answering, noteUsage, recordOf, type Lane } from './lane.ts';
import { attemptLimits } from './limits.ts';
import { menderFor, requestFor } from './rescue-lane.ts';
import { needsOf } from './needs.ts';
import { answerOf, type Answer, type Question } from './record.ts';
import type { Trace } from './recorder.ts';
import { mayRenew } from './renew.ts';
import { refusesRequest } from './policy.ts';
import {
  reportExhausted,
  reportFailure,
  reportFirstContent,
  reportGivenUp,
  reportSilence,
  reportSuccess,
} from './report.ts';
import { guardFor, showsAtOnce } from './tailor.ts';
import type { Frames, RunHandle, RunOptions, RunSink } from './run-types.ts';
import { createSplice, type Splice } from './splice.ts';
import type { Plan } from './target.ts';
import {
  startWalk,
  type AttemptDecision,
  type DecideContext,
  type Decision,
  type Failure,
  type WalkState,
} from './walk-state.ts';

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
  readonly #trace: Trace | undefined;
  readonly #splice: Splice = createSplice();
  readonly #delivered: Delivered = createDelivered();
  readonly #attempts: AttemptRecord[] = [];
  #repairs: Map<number, string[]> | undefined;
  /** Who is being asked: one, or with a hedge two. */
  readonly #lanes: Lane[] = [];
  readonly #guard: OutputGuard | undefined;
  readonly #onAbort = (): void => this.cancel();
  #state: WalkState;
  /** The lane whose events the caller sees. */
  #winner: Lane | undefined;
  #stage: Stage = 'nothing';
  #timer: unknown;
  #hedgeTimer: unknown;
  #paused = false;
  #over = false;

  constructor(plan: Plan, request: ChatRequest, options: RunOptions, sink: RunSink) {
    this.#plan = plan;
    this.#request = request;
    this.#options = options;
    this.#sink = sink;
    this.#context = { plan, needs: needsOf(request), health: options.health, random: options.random };
    this.#guard = guardFor(request.outputFormat, options.validateSchema);
    this.#state = startWalk(plan, options.clock.now());
    const { mode, requestId: id } = options;
    this.#trace = options.recorder?.begin({ plan, needs: this.#context.needs, mode, id });
    if (options.signal?.aborted === true) {
      queueMicrotask(() => this.#cancelled());
      return;
    }
    options.signal?.addEventListener('abort', this.#onAbort);
    const first = this.#ask({ kind: 'first', state: this.#state, now: this.#state.startedAt });
    if (first.type === 'attempt') {
      const target = plan.targets[first.target];
      if (target !== undefined) options.health.requested(target.entry, target.model);
      this.#follow(first);
    } else queueMicrotask(() => this.#follow(first));
  }

  #ask<Q extends Question>(question: Q): Answer<Q> {
    return this.#trace === undefined ? answerOf(this.#context, question) : this.#trace.ask(this.#context, question);
  }

  #follow(decision: Decision, error?: ErrorDetails, failure?: Failure): void {
    if (this.#over) return;
    const before = this.#state;
    this.#state = decision.state;
    if (decision.type === 'give-up') {
      return this.#end(allFailed(this.#plan, this.#attempts, decision, error, this.#context.needs));
    }
    if (decision.repair !== undefined) {
      this.#repairs ??= new Map<number, string[]>();
      const repairs = this.#repairs.get(decision.target) ?? [];
      this.#repairs.set(decision.target, [...repairs, decision.repair]);
    }
    if (decision.waitMs <= 0) return this.#try(decision);
    this.#timer = this.#options.clock.after(decision.waitMs, () => {
      this.#timer = undefined;
      const now = this.#options.clock.now();
      if (failure === undefined || !hasTurned(this.#context, before, failure, decision, now))
        return this.#try(decision);
      this.#state = before;
      this.#follow(this.#ask({ kind: 'failure', state: before, now, failure }), error, failure);
    });
  }

  #try(decision: AttemptDecision): void {
    const { clock, health, mode, transport } = this.#options;
    const target = this.#plan.targets[decision.target];
    const key = target?.keys[decision.key];
    if (target === undefined || key === undefined) return;
    const now = clock.now();
    const pace = mode === 'stream' ? health.pace(target.entry, target.model) : undefined;
    const limits = attemptLimits(this.#plan, this.#state, target, mode, now, pace);
    const probe = health.began(target.entry, key.fingerprint, target.model, now);
    const lane: Lane = {
      probe,
      decision,
      limits,
      pace,
      target,
      key,
      startedAt: now,
      over: false,
      held: [],
      heldFrames: this.#options.relay === undefined ? undefined : [],
      mender: menderFor(decision, target, this.#delivered),
    };
    this.#lanes.push(lane);
    if ((decision.state.tries[decision.target] ?? 0) > 1 && decision.rescue === undefined)
      health.spendRetry(target.entry, target.model);
    lane.handle = startAttempt(
      {
        target,
        key,
        request: requestFor(decision, this.#request, this.#delivered),
        mode,
        repairs: this.#repairs?.get(decision.target) ?? NO_REPAIRS,
        renew: decision.renew,
        limits,
        clock,
        transport,
        guard: this.#guard,
        mends: decision.rescue,
        relay: lane.mender === undefined && this.#stage === 'nothing' ? this.#options.relay : undefined,
      },
      {
        onEvents: (events, frames) => this.#onEvents(lane, events, frames),
        onDone: () => this.#onDone(lane),
        onFail: (error) => this.#onFail(lane, error),
      },
    );
    if (this.#paused) lane.handle.pause();
    const mayHedge = showsAtOnce(mode, this.#guard) && decision.rescue === undefined && this.#winner === undefined;
    if (mayHedge && this.#lanes.length === 1 && this.#plan.targets.length > 1) this.#armHedge(limits.hedgeMs);
  }

  #armHedge(afterMs: number): void {
    this.#disarmHedge();
    this.#hedgeTimer = this.#options.clock.after(afterMs, () => {
      this.#hedgeTimer = undefined;
      if (this.#over || this.#winner !== undefined || this.#lanes.length !== 1) return;
      const hedge = this.#ask({ kind: 'hedge', state: this.#state, now: this.#options.clock.now() });
      if (hedge === undefined) return;
      this.#options.health.spendHedge();
      this.#follow(hedge);
    });
  }

  #disarmHedge(): void {
    if (this.#hedgeTimer !== undefined) this.#options.clock.clear(this.#hedgeTimer);
    this.#hedgeTimer = undefined;
  }

  #onEvents(lane: Lane, events: readonly StreamEvent[], frames?: Frames): void {
    if (lane.over || this.#over) return;
    noteUsage(lane, events);
    const failure = lane.mender === undefined ? this.#take(lane, events, frames) : this.#takeMended(lane, events);
    if (failure === undefined) return;
    lane.handle?.abort();
    this.#onFail(lane, failure);
  }

  /** Holds events back until the commit point, then passes them on. Returns a failure the events themselves show. */
  #take(lane: Lane, events: readonly StreamEvent[], frames?: Frames): ErrorDetails | undefined {
    const stage = this.#winner === lane ? this.#stage : 'nothing';
    if (stage === 'content') return this.#pass(events, frames);
    const reached = hold(lane, events, frames, stage);
    if (typeof reached !== 'string') return reached;
    if (reached === 'nothing') return undefined;
    this.#win(lane, reached);
    if (this.#over) return undefined;
    const { held, heldFrames } = lane;
    lane.held = [];
    lane.heldFrames = [];
    return this.#pass(
      held,
      frames === undefined || heldFrames === undefined ? undefined : withHeld(frames, heldFrames),
    );
  }

  #takeMended(lane: Lane, events: readonly StreamEvent[]): ErrorDetails | undefined {
    const taken = lane.mender?.take(events);
    if (taken === undefined) return undefined;
    if ('diverged' in taken)
      return { kind: 'truncated', rule: 'diverged', phase: 'content', message: `No splice: ${taken.diverged}.` };
    if (taken.pass.length === 0) return undefined;
    const open = this.#delivered.openText;
    if (lane.mender?.continued !== undefined && open !== undefined) this.#splice.adopt(lane.mender.continued, open);
    if (this.#winner !== lane && taken.pass.some((event) => event.type !== 'usage')) {
      this.#win(lane, 'content');
      // The new attempt goes on with something else than text.
      if (!this.#over && lane.mender?.continued === undefined) this.#passClosing(this.#splice.abandon());
    }
    return this.#over ? undefined : this.#pass(taken.pass);
  }

  /** First content wins; whoever else is still being asked is let go. */
  #win(lane: Lane, reached: 'reasoning' | 'content'): void {
    const now = this.#options.clock.now();
    if (lane.firstContentAt === undefined) reportFirstContent(this.#options, lane, now);
    if (this.#winner === undefined) {
      this.#winner = lane;
      this.#disarmHedge();
      this.#dropLanes('Another target answered first.', lane, 'hedge-lost');
      // Whoever lost is free to be asked again, should the winner break.
      if (this.#state.flying.length > 1) this.#state = { ...this.#state, flying: [lane.decision.target] };
      if (lane.mender === undefined) this.#sink.onAnswering?.(answering(lane));
      if (this.#over) return;
    }
    if (reached !== 'content' || this.#stage === 'content') {
      if (lane.mender !== undefined) {
        const at = this.#delivered.facts.textLength;
        lane.splicedAt = at;
        this.#sink.onRescue?.({ target: lane.target, method: lane.decision.rescue ?? 'replay', at });
      } else if (this.#stage === 'nothing') this.#stage = 'reasoning';
      return;
    }
    this.#stage = 'content';
    this.#sink.onCommit?.(answering(lane));
  }

  #pass(events: readonly StreamEvent[], frames?: Frames): ErrorDetails | undefined {
    const finish = events.at(-1);
    if (finish?.type === 'finish') {
      const failure = checkMended(finish, this.#guard, this.#winner, this.#delivered, events);
      if (failure !== undefined) {
        const before = this.#splice.pass(events.slice(0, -1));
        this.#delivered.add(before);
        if (before.length > 0) this.#sink.onEvents(before);
        return failure;
      }
    }
    const usage =
      finish?.type === 'finish' && this.#winner?.mender !== undefined
        ? sumUsage(this.#attempts, this.#winner.usage)
        : undefined;
    const own =
      usage === undefined || finish?.type !== 'finish' ? events : [...events.slice(0, -1), { ...finish, usage }];
    const passed = this.#splice.pass(own);
    this.#delivered.add(passed);
    this.#sink.onEvents(passed, frames);
    return undefined;
  }

  #onFail(lane: Lane, error: ErrorDetails): void {
    if (lane.over || this.#over) return;
    const now = this.#options.clock.now();
    this.#close(lane, error);
    const { target, key } = lane.decision;
    const nested = (lane.handle?.facts.attempts ?? 1) - 1;
    if (nested > 0) this.#state = { ...this.#state, attempts: this.#state.attempts + nested };
    if (mayRenew(lane.target, error, this.#state, lane.decision)) this.#release(lane);
    else reportFailure(this.#options, lane, error, now);
    const failure = { error, tookMs: now - lane.startedAt, target, key };
    if (this.#winner === lane) this.#winner = undefined;
    if (this.#stage === 'content') {
      const policy = this.#plan.rescue ?? 'verified';
      const delivered = this.#delivered.facts;
      const next = this.#ask({ kind: 'rescue', state: this.#state, now, failure, delivered, policy });
      if (next.type === 'attempt') {
        this.#passClosing(this.#splice.closeReasoning());
        this.#splice.begin();
        return this.#follow(next, error);
      }
      this.#state = next.state;
      return this.#end(brokenOff(error, lane.target, this.#attempts, next.reason));
    }
    this.#passClosing(this.#splice.abandon());
    if (this.#over) return;
    this.#splice.begin();
    if (refusesRequest(error, this.#plan)) this.#dropLanes('Another target refused the request itself.');
    if (this.#lanes.length > 0) {
      // Another target is still being asked: what it says decides.
      const state = landed(this.#state, failure);
      this.#state = { ...state, closed: [...state.closed, target] };
      return;
    }
    const next = this.#ask({ kind: 'failure', state: this.#state, now, failure });
    const moves = next.type === 'attempt' && next.target !== target;
    if (moves && (this.#state.tries[target] ?? 0) > 1) reportExhausted(this.#options, lane, error, now);
    this.#follow(next, error, failure);
  }

  /** Lets go of everybody who is still being asked. */
  #dropLanes(message: string, but?: Lane, rule?: string): void {
    for (const other of this.#lanes.slice()) {
      if (other === but) continue;
      other.handle?.abort();
      this.#close(other, { kind: 'cancelled', message, rule });
      if (rule !== 'hedge-lost' || !reportSilence(this.#options, other)) this.#release(other);
    }
  }

  #release({ probe, target, key }: Lane): void {
    if (probe) this.#options.health.released(target.entry, key.fingerprint, target.model);
  }

  #passClosing(events: readonly StreamEvent[]): void {
    if (events.length === 0) return;
    this.#delivered.add(events);
    this.#sink.onEvents(events);
  }

  #onDone(lane: Lane): void {
    if (lane.over || this.#over) return;
    this.#close(lane);
    this.#finish();
    reportSuccess(this.#options, lane);
    if (this.#attempts.length > 1) this.#options.log('info', RECOVERED, recovered(this.#plan, lane, this.#attempts));
    this.#trace?.end(this.#attempts);
    this.#sink.onDone({ target: lane.target, attempts: this.#attempts });
  }

  /** Ends a lane and puts it into the record. */
  #close(lane: Lane, error?: ErrorDetails): void {
    lane.over = true;
    const at = this.#lanes.indexOf(lane);
    if (at >= 0) this.#lanes.splice(at, 1);
    const now = this.#options.clock.now();
    if (error !== undefined) reportGivenUp(this.#options, lane, error, now);
    const record = recordOf(lane, this.#state.startedAt, now, error);
    this.#attempts.push(record);
    this.#options.onAttempt?.(record);
  }

  #end(error: ProviderError): void {
    this.#finish();
    this.#trace?.end(this.#attempts, { error });
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
    this.#disarmHedge();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }

  pause(): void {
    this.#paused = true;
    for (const lane of this.#lanes) lane.handle?.pause();
  }

  resume(): void {
    this.#paused = false;
    for (const lane of this.#lanes) lane.handle?.resume();
  }

  cancel(): void {
    if (this.#over) return;
    this.#dropLanes('The caller went away.');
    if (this.#options.signal?.aborted === true) return this.#cancelled();
    this.#finish();
    this.#trace?.end(this.#attempts, { left: true });
  }
}
