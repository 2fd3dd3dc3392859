import type { AttemptRecord, ErrorDetails, ErrorKind } from '../spec/errors.ts';
import type { CallMode } from '../wires/wire.ts';
import type { Quirks } from '../wires/quirks.ts';
import type { DeliveredFacts, RescuePolicy } from './decide-rescue.ts';
import { decideRescue } from './decide-rescue.ts';
import { decide, decideHedge } from './decide.ts';
import type { Limits } from './target.ts';
import type { DecideContext, Decision, Failure, RequestNeeds, WalkState } from './walk-state.ts';

/** What the walk is asked: all that a decision rests on, but the plan, the health and chance. */
export type Question =
  | { readonly kind: 'first' | 'hedge'; readonly state: WalkState; readonly now: number }
  | { readonly kind: 'failure'; readonly state: WalkState; readonly now: number; readonly failure: Failure }
  | {
      readonly kind: 'rescue';
      readonly state: WalkState;
      readonly now: number;
      readonly failure: Failure;
      readonly delivered: DeliveredFacts;
      readonly policy: RescuePolicy;
    };

/** Only a hedge may be answered with nothing. */
export type Answer<Q extends Question> = Q extends { readonly kind: 'hedge' } ? Decision | undefined : Decision;

/** Puts a question to the pure functions of the walk. */
export function answerOf<Q extends Question>(context: DecideContext, question: Q): Answer<Q>;
export function answerOf(context: DecideContext, question: Question): Decision | undefined {
  const { state, now } = question;
  switch (question.kind) {
    case 'first':
      return decide(context, state, undefined, now);
    case 'hedge':
      return decideHedge(context, state, now);
    case 'failure':
      return decide(context, state, question.failure, now);
    case 'rescue':
      return decideRescue(context, state, question.failure, question.delivered, question.policy, now);
  }
}

/** One decision with everything it looked at, so that it can be taken again. */
export interface DecisionRecord {
  /** Milliseconds since the request began. */
  readonly atMs: number;
  readonly question: Question;
  /** What was asked of the health, `method(arguments)`, and what it said. */
  readonly health: Readonly<Record<string, number | boolean>>;
  /** Random numbers in the order in which they were drawn. */
  readonly draws: readonly number[];
  readonly output: Decision;
}

/** A target as far as decisions and readers need it; no key, no address. */
export interface TargetRecord {
  readonly entry: string;
  readonly slot: string;
  readonly model: string;
  readonly wire?: string;
  /** Fingerprints. */
  readonly keys: readonly string[];
  readonly contextWindow?: number;
  readonly vision?: boolean;
  readonly nativeTools?: boolean;
  readonly retries?: number;
  readonly backoffMs?: number;
  readonly backoffCapMs?: number;
  readonly prefill?: Quirks['prefill'];
  readonly renewable?: boolean;
}

/** The attempt record of one request: plain JSON, without secrets and without prompts. */
export interface RequestRecord {
  readonly version: 1;
  readonly id: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly requestedModel: string;
  readonly mode: CallMode;
  readonly needs: RequestNeeds;
  readonly targets: readonly TargetRecord[];
  readonly limits: Limits;
  readonly rescue: RescuePolicy;
  readonly routeAroundContentPolicy: boolean;
  /** Absent in a request whose first attempt was the first target's first key and answered: nothing was decided. */
  readonly decisions: readonly DecisionRecord[];
  readonly attempts: readonly AttemptRecord[];
  /** `ok`, `cancelled` (the caller left), or the kind of the error the caller got. `pending` while it runs. */
  readonly outcome: 'ok' | 'pending' | ErrorKind;
  /** The error's message. */
  readonly message?: string;
  /** Milliseconds, waits included. */
  readonly tookMs?: number;
}

/** Where records are kept. The newest come first in `list`. */
export interface RecordStore {
  get(id: string): RequestRecord | undefined | Promise<RequestRecord | undefined>;
  list(limit?: number): readonly RequestRecord[] | Promise<readonly RequestRecord[]>;
}

/** An error as it stands in a record: plain data. */
export function plainError(error: ErrorDetails): ErrorDetails {
  const { kind, message, provider, model, phase, status, code, vendorMessage, requestId } = error;
  const { retryAfterMs, shouldRetry, rule, parameter } = error;
  const rest = { retryAfterMs, shouldRetry, rule, parameter };
  return { kind, message, provider, model, phase, status, code, vendorMessage, requestId, ...rest };
}
