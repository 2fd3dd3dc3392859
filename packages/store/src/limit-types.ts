import type { AttemptRecord } from '@standin/core/spec/errors';
import type { KeyRecord } from './keys.ts';
import type { RateHold } from './rate-limits.ts';

export type BudgetAction = 'reject' | 'fallback' | 'warn';

/** Limits of a scope per UTC day and month: money in nano-USD, and tokens, input and output together; absent: none. */
export interface MoneyLimits {
  readonly dayNanoUsd?: number;
  readonly monthNanoUsd?: number;
  readonly dayTokens?: number;
  readonly monthTokens?: number;
}

export interface ScopeRules extends MoneyLimits {
  readonly action?: BudgetAction;
}

export interface BudgetRules extends MoneyLimits {
  /** By `<type>.<alias>`. */
  readonly perProvider?: Readonly<Record<string, ScopeRules>>;
  /** By the alias of an agent that is asked for. */
  readonly perAgent?: Readonly<Record<string, ScopeRules>>;
  /** Share of a limit from which warnings are told, percent. Default 80. */
  readonly warnAtPercent?: number;
  /** At a limit: refuse, go on to targets that have money left, or only warn. Default `reject`. */
  readonly action?: BudgetAction;
  /** Whether a model without a known price may be asked where money is limited. Default `allow`. */
  readonly unknownPrice?: 'allow' | 'refuse';
}

export interface AdmissionTarget {
  readonly entry: string;
  readonly model: string;
}

export interface AdmissionRequest {
  readonly caller?: KeyRecord;
  /** The agent that was asked for. */
  readonly agent?: string;
  /** Agents that handed the work over to this one: their limits hold too. */
  readonly handedBy?: readonly string[];
  /** In the order of the walk. */
  readonly targets: readonly AdmissionTarget[];
  /** By length; asked only when something is limited. */
  readonly inputTokens: () => number;
  readonly maxTokens?: number;
  /** What the key's rates had to say was said elsewhere: this is held there. */
  readonly rate?: RateHold;
}

export interface Refusal {
  readonly status: 429 | 503;
  readonly code: 'budget_exceeded' | 'rate_limit_exceeded' | 'budget_store_unavailable';
  readonly message: string;
  readonly retryAfterMs: number;
  /** A retry soon can succeed. */
  readonly shouldRetry: boolean;
}

/** Something was reserved for a call. */
export interface Ticket {
  /** Positions of targets that must not be asked. */
  readonly without: ReadonlySet<number>;
  /** Limits that are nearly or softly passed, for a header. */
  readonly warnings: readonly string[];
  /**
   * The call is over, however it ended: what was reserved becomes what was used. Once. `further`: attempts whose money
   * was reserved by tickets of their own; their tokens count for the rates of the key.
   */
  settle(attempts: readonly AttemptRecord[], further?: readonly AttemptRecord[]): void;
}

export type Admission =
  | { readonly type: 'admitted'; readonly ticket: Ticket }
  /** Nothing of this call is limited. */
  | { readonly type: 'free' }
  | { readonly type: 'refused'; readonly refusal: Refusal };

/** One limit of the current period. */
export interface BudgetState {
  /** `all`, `entry:<type>.<alias>`, `agent:<alias>` or `key:<id>`. */
  readonly scope: string;
  readonly title: string;
  readonly unit: 'day' | 'month';
  readonly period: string;
  readonly measure: 'usd' | 'tokens';
  /** Nano-USD or tokens. */
  readonly most: number;
  /** With what calls under way have reserved, of all processes. */
  readonly used: number;
  readonly action: BudgetAction;
  /** Unix milliseconds. */
  readonly resetsAt: number;
}

export interface LimitState {
  readonly budgets: readonly BudgetState[];
  readonly unknownPrice: 'allow' | 'refuse';
}

export interface LimitKeeper {
  admit(request: AdmissionRequest): Admission;
  /** Tokens that the call may take, as far as anybody can tell. */
  tokens(request: AdmissionRequest): number;
  /** Why calls that a money limit concerns are refused now: the journal could not be written lately. */
  readonly trouble: string | undefined;
  /** Every limit per day and month, of the given keys too. Absent: there is nothing to tell. */
  state?(keys: readonly KeyRecord[]): LimitState;
  /** Gives back money that was taken from the journal and not spent. */
  close(): void;
}
