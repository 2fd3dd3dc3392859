import type { Clock } from '../spec/clock.ts';
import type { AttemptRecord, ProviderError } from '../spec/errors.ts';
import type { CallMode } from '../wires/wire.ts';
import { prefillOf } from './decide-rescue.ts';
import {
  answerOf,
  type Answer,
  plainError,
  type DecisionRecord,
  type Question,
  type RecordStore,
  type RequestRecord,
  type TargetRecord,
} from './record.ts';
import { noting } from './record-health.ts';
import type { Plan, Target } from './target.ts';
import type { DecideContext, RequestNeeds } from './walk-state.ts';

/** Keeps the attempt records of the last requests in memory. */
export interface Recorder extends RecordStore {
  get(id: string): RequestRecord | undefined;
  list(limit?: number): readonly RequestRecord[];
  /** By request, the position of the target that the walk asked last; 0 where nothing had to be decided. Makes no record. */
  asked(ids: ReadonlySet<string>): ReadonlyMap<string, number>;
  /** A request begins. Without an `id` it gets a number of its own. */
  begin(request: BeginRecord): Trace;
}

export interface BeginRecord {
  readonly plan: Plan;
  readonly needs: RequestNeeds;
  readonly mode: CallMode;
  readonly id?: string;
}

/** One request being recorded. A decision is written down only where there was something to decide. */
export interface Trace {
  ask<Q extends Question>(context: DecideContext, question: Q): Answer<Q>;
  /** Without an error and not `left`: answered. */
  end(attempts: readonly AttemptRecord[], end?: { readonly error?: ProviderError; readonly left?: boolean }): void;
}

export interface RecorderOptions {
  readonly clock: Clock;
  /** Requests to remember. Default 1,000. */
  readonly capacity?: number;
  /** A request ended. Called on the way of the answer: copy nothing, write later. */
  readonly onEnd?: (id: string, isRoutine: boolean) => void;
}

/** The executor's memory. A routine request costs one small object; everything else is made when somebody reads it. */
export function createRecorder({ clock, capacity = 1_000, onEnd }: RecorderOptions): Recorder {
  /** In the order of their coming, round and round. No index by id: requests come often, and are seldom looked for. */
  const ring: RequestTrace[] = [];
  const newestFirst = (): RequestTrace[] => [...ring.slice(0, next).toReversed(), ...ring.slice(next).toReversed()];
  let next = 0;
  let count = 0;
  return {
    begin(request) {
      const id = request.id ?? `run_${++count}`;
      const trace = new RequestTrace(id, request, clock, onEnd);
      ring[next] = trace;
      next = (next + 1) % Math.max(1, capacity);
      return trace;
    },
    // A repeated id (a caller's own `x-request-id`) stands for the newest.
    get: (id) =>
      newestFirst()
        .find((trace) => trace.id === id)
        ?.record(),
    asked(ids) {
      const found = new Map<string, number>();
      for (const trace of newestFirst()) {
        if (found.size === ids.size) break;
        if (ids.has(trace.id) && !found.has(trace.id)) found.set(trace.id, trace.asked);
      }
      return found;
    },
    list(limit = capacity) {
      const seen = new Set<string>();
      const latest = newestFirst().filter(({ id }) => !seen.has(id) && seen.add(id));
      return latest.slice(0, limit).map((trace) => trace.record());
    },
  };
}

class RequestTrace implements Trace {
  readonly id: string;
  readonly #request: BeginRecord;
  readonly #clock: Clock;
  readonly #onEnd: RecorderOptions['onEnd'];
  readonly #startedAt: number;
  readonly #wallMs: number;
  #decisions: DecisionRecord[] | undefined;
  #attempts: readonly AttemptRecord[] = [];
  #outcome: RequestRecord['outcome'] = 'pending';
  #message: string | undefined;
  #tookMs: number | undefined;

  constructor(id: string, request: BeginRecord, clock: Clock, onEnd: RecorderOptions['onEnd']) {
    this.id = id;
    this.#request = request;
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#startedAt = clock.now();
    this.#wallMs = clock.wallMs();
  }

  ask<Q extends Question>(context: DecideContext, question: Q): Answer<Q> {
    if (question.kind === 'first') {
      const usual = answerOf(context, question);
      // Nothing stood in the way of the first target's first key.
      if (usual?.type === 'attempt' && usual.target === 0 && usual.key === 0 && usual.waitMs === 0) return usual;
    }
    const health: Record<string, number | boolean> = {};
    const draws: number[] = [];
    const random = (): number => {
      const draw = context.random();
      draws.push(draw);
      return draw;
    };
    const output = answerOf({ ...context, health: noting(context.health, health), random }, question);
    if (output === undefined) return output;
    const atMs = Math.round(question.now - this.#startedAt);
    (this.#decisions ??= []).push({ atMs, question: plainQuestion(question), health, draws, output });
    return output;
  }

  end(attempts: readonly AttemptRecord[], end: { readonly error?: ProviderError; readonly left?: boolean } = {}): void {
    this.#attempts = attempts;
    this.#outcome = end.left === true ? 'cancelled' : (end.error?.kind ?? 'ok');
    this.#message = end.error?.message;
    this.#tookMs = Math.round(this.#clock.now() - this.#startedAt);
    this.#onEnd?.(this.id, this.#decisions === undefined && this.#outcome === 'ok');
  }

  get asked(): number {
    const last = this.#decisions?.findLast(({ output }) => output.type === 'attempt')?.output;
    return last?.type === 'attempt' ? last.target : 0;
  }

  record(): RequestRecord {
    const { plan, needs, mode } = this.#request;
    return {
      version: 1,
      id: this.id,
      startedAt: Math.round(this.#wallMs),
      requestedModel: plan.requestedModel,
      mode,
      needs,
      targets: plan.targets.map(targetRecord),
      limits: plan.limits,
      rescue: plan.rescue ?? 'verified',
      routeAroundContentPolicy: plan.routeAroundContentPolicy ?? false,
      decisions: this.#decisions ?? [],
      attempts: this.#attempts,
      outcome: this.#outcome,
      message: this.#message,
      tookMs: this.#tookMs,
    };
  }
}

/** An error's cause may hold anything; what decides is in its fields. */
function plainQuestion(question: Question): Question {
  if (!('failure' in question)) return question;
  return { ...question, failure: { ...question.failure, error: plainError(question.failure.error) } };
}

function targetRecord(target: Target): TargetRecord {
  const { entry, slot, model, contextWindow, vision, nativeTools, retries, backoffMs, backoffCapMs } = target;
  const endpoint = 'endpoint' in target.via ? target.via.endpoint : undefined;
  return {
    entry,
    slot,
    model,
    wire: endpoint?.wire.id,
    keys: target.keys.map((key) => key.fingerprint),
    contextWindow,
    vision,
    nativeTools,
    retries,
    backoffMs,
    backoffCapMs,
    prefill: prefillOf(target),
    renewable: endpoint?.renewable,
  };
}
