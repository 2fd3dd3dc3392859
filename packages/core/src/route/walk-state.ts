import type { ErrorDetails } from '../spec/errors.ts';
import type { Random } from '../spec/clock.ts';
import type { WireId } from '../spec/wire-id.ts';
import type { HealthView } from './health.ts';
import type { Policy } from './policy.ts';
import type { Plan } from './target.ts';

/** How a broken answer is mended: see `decideRescue`. */
export type RescueMethod = 'prefill' | 'replay' | 'instructed';

/** What a request needs of a target; a target known to lack it is passed over. */
export interface RequestNeeds {
  readonly vision: boolean;
  /** The request goes on from state that only a vendor of the caller's own protocol keeps, and the field that says so. */
  readonly stored?: { readonly wire: WireId; readonly field: string };
}

/** Where a walk stands. Plain data: kept in the record, replayed by `explain`, driven by simulations. */
export interface WalkState {
  /** Clock milliseconds. */
  readonly startedAt: number;
  readonly attempts: number;
  /** Index of the target of the last attempt; -1 before the first. */
  readonly target: number;
  readonly key: number;
  /** Attempts made on each target. */
  readonly tries: readonly number[];
  /** `target:key` pairs that failed for a reason of the key in this request. */
  readonly spentKeys: readonly string[];
  /** Targets that must not be asked again in this request. */
  readonly closed: readonly number[];
  /** After a context overflow: only windows larger than this, in tokens; `null` when the size is not known. */
  readonly windowOver?: number | null;
  /** `target:parameter` repairs already made, and `target:key:renew` credentials already renewed. */
  readonly repairs: readonly string[];
  /** Targets with a call under way; more than one while a hedge runs. */
  readonly flying: readonly number[];
  /** `target:method` ways of mending a broken answer that were tried. */
  readonly rescues: readonly string[];
  /** Times a stated wait was slept out on each target. */
  readonly waits: readonly number[];
}

export interface AttemptDecision {
  readonly type: 'attempt';
  readonly target: number;
  readonly key: number;
  /** Milliseconds to wait first. */
  readonly waitMs: number;
  /** The row of the table that led here, for the record. */
  readonly reason: string;
  /** Set when this attempt mends an answer that broke after delivery began. */
  readonly rescue?: RescueMethod;
  /** Leave this parameter out, or write it the other way, from now on for this target. */
  readonly repair?: string;
  /** The refused credential is renewed before this attempt. */
  readonly renew?: boolean;
  readonly state: WalkState;
}

export interface GiveUpDecision {
  readonly type: 'give-up';
  readonly reason: string;
  /** When asking again can help: milliseconds from now. */
  readonly retryAfterMs?: number;
  readonly state: WalkState;
}

export type Decision = AttemptDecision | GiveUpDecision;

export interface DecideContext {
  readonly plan: Plan;
  readonly needs: RequestNeeds;
  readonly health: HealthView;
  readonly random: Random;
  readonly policy?: Policy;
}

export function startWalk(plan: Plan, now: number): WalkState {
  return {
    startedAt: now,
    attempts: 0,
    target: -1,
    key: 0,
    tries: plan.targets.map(() => 0),
    spentKeys: [],
    closed: [],
    repairs: [],
    flying: [],
    rescues: [],
    waits: plan.targets.map(() => 0),
  };
}

export interface Failure {
  readonly error: ErrorDetails;
  /** How long the failed attempt took, milliseconds. */
  readonly tookMs: number;
  readonly target: number;
  readonly key: number;
}
