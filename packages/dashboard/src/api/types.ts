/** Shapes of docs/admin-api.md. Times in Unix milliseconds, durations in milliseconds, money as text in USD, `null`: not known. */

export type Money = string;

export interface Session {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly expiresAt: number;
  readonly current: boolean;
}

export interface SessionAnswer {
  readonly csrf: string | null;
  readonly session: Session | null;
  readonly version: string;
}

export interface Status {
  readonly version: string;
  readonly startedAt: number;
  readonly now: number;
  readonly uptimeMs: number;
  readonly ready: boolean;
  readonly reason: string | null;
  readonly openCalls: number;
  readonly workers: number;
  readonly config: { readonly file: string; readonly loadedAt: string; readonly refused: string | null } | null;
  readonly ledger: boolean;
  readonly content: boolean;
  readonly keysRequired: boolean;
  readonly simulated: boolean;
}

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

export interface Now {
  readonly windowMs: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly failed: number;
  readonly recovered: number;
  readonly rescued: number;
  readonly recoveredShare: number | null;
  readonly rescuedShare: number | null;
  readonly firstContentMs: Percentiles | null;
  readonly totalMs: Percentiles | null;
  readonly today: { readonly requests: number; readonly costUsd: Money | null; readonly unknownCost: number } | null;
  readonly open: number;
}

export interface Chain {
  readonly name: string;
  readonly model: string;
  readonly targets: readonly string[];
}

export type HealthState = 'healthy' | 'cooling' | 'open' | 'probing' | 'bad';

export interface KeyHealth {
  readonly key: string;
  readonly state: HealthState;
  readonly until: number | null;
  readonly reason: string | null;
}

export interface Target {
  readonly id: string;
  readonly entry: string;
  readonly slot: string;
  readonly model: string;
  readonly state: HealthState;
  readonly until: number | null;
  readonly reason: string | null;
  readonly keys: readonly KeyHealth[];
  readonly open: number;
}

export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly count: number;
  readonly failed: number;
}

export interface Active {
  readonly id: string;
  readonly startedAt: number;
  readonly requestedModel: string;
  readonly protocol: string;
  readonly mode: string;
  readonly target: string | null;
  readonly attempts: number;
  readonly answering: boolean;
  readonly key: string | null;
}

export interface RouteStep {
  readonly target: string;
  readonly outcome: string;
  /** The rule that led to this attempt. */
  readonly reason: string;
}

/** One minute of `/api/series`. */
export interface SeriesPoint {
  readonly at: number;
  readonly requests: number;
  readonly failed: number;
  readonly rescued: number;
  readonly cached: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costUsd: Money;
  readonly unknownCost: number;
  readonly firstContentMs: Percentiles | null;
}

export interface Row {
  readonly id: string;
  readonly startedAt: number;
  readonly requestedModel: string;
  readonly outcome: string;
  readonly tookMs: number | null;
  readonly attempts: number;
  /** Model calls; absent: one. */
  readonly steps?: number;
  readonly provider: string | null;
  readonly model: string | null;
  readonly status?: number | null;
  readonly errorCode?: string | null;
  readonly protocol?: string | null;
  readonly mode?: string | null;
  readonly key?: string | null;
  readonly agent?: string | null;
  readonly rescue?: string | null;
  /** An earlier answer, given again. */
  readonly cached?: boolean;
  readonly firstContentMs?: number | null;
  readonly inputTokens?: number | null;
  readonly cacheReadTokens?: number | null;
  readonly cacheWriteTokens?: number | null;
  readonly outputTokens?: number | null;
  readonly reasoningTokens?: number | null;
  readonly costUsd?: Money | null;
  /** Every attempt in order, where it is known. */
  readonly route?: readonly RouteStep[] | null;
}

export interface Snapshot {
  readonly at: number;
  readonly intervalMs: number;
  readonly workers: number;
  readonly now: Now;
  readonly chains: readonly Chain[];
  readonly targets: readonly Target[];
  readonly edges: readonly Edge[];
  readonly active: readonly Active[];
  readonly activeTotal: number;
  readonly requests: readonly Row[];
}

export interface Delta {
  readonly at: number;
  readonly now: Now;
  readonly targets?: readonly Target[];
  readonly edges?: readonly Edge[];
  readonly active?: readonly Active[];
  readonly activeTotal?: number;
  readonly requests?: readonly Row[];
  readonly omitted?: number;
}

export interface WaterfallAttempt {
  readonly attempt: number;
  readonly target: string;
  readonly provider: string;
  readonly model: string;
  readonly wire: string | null;
  readonly key: string | null;
  readonly outcome: string;
  readonly status: number | null;
  readonly code: string | null;
  readonly phase: string | null;
  readonly waitedMs: number;
  readonly startedMs: number;
  readonly firstContentMs: number | null;
  readonly endedMs: number;
  readonly retryAfterMs: number | null;
  readonly hedge: boolean;
  readonly cut: boolean;
  readonly rescue: string | null;
  readonly spliceAt: number | null;
  readonly reason: string;
  readonly rule: string | null;
  readonly message: string | null;
  readonly bytes: number | null;
  readonly vendorRequestId: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly costUsd: Money | null;
  readonly lost: readonly string[];
}

export interface DecisionStep {
  readonly atMs: number;
  readonly kind: string;
  readonly after: string;
  readonly then: string;
  readonly rule: string | null;
  readonly health: readonly string[];
  readonly attempt: number | null;
}

export interface RequestContent {
  readonly request: string;
  readonly requestTruncated: boolean;
  readonly answer: string;
  readonly answerTruncated: boolean;
}

export interface Waterfall {
  readonly id: string;
  readonly source: string;
  readonly startedAt: number;
  readonly requestedModel: string;
  readonly mode: string;
  readonly outcome: string;
  readonly message: string | null;
  readonly tookMs: number | null;
  readonly costUsd: Money | null;
  readonly deadlineMs: number | null;
  readonly attempts: readonly WaterfallAttempt[];
  readonly decisions: readonly DecisionStep[];
  readonly replay: { readonly same: boolean; readonly differences: readonly string[] } | null;
  readonly content: RequestContent | null;
  readonly curl: { readonly url: string; readonly command: string } | null;
}

export interface UsageRow {
  readonly name: string | null;
  readonly requests: number;
  readonly failed: number;
  readonly attempts: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_tokens: number;
  readonly cost_usd: Money;
  readonly unknown_cost: number;
  readonly unknown_usage: number;
}

export interface Budget {
  readonly scope: string;
  readonly title: string;
  readonly unit: string;
  readonly period: string;
  /** A limit is of money or of tokens; the fields of the other are `null`. */
  readonly measure: 'usd' | 'tokens';
  readonly limitUsd: Money | null;
  readonly usedUsd: Money | null;
  readonly leftUsd: Money | null;
  readonly limitTokens: number | null;
  readonly usedTokens: number | null;
  readonly leftTokens: number | null;
  readonly action: string;
  readonly resetsAt: number;
}

export interface Budgets {
  readonly data: readonly Budget[];
  readonly unknownPrice: string;
  readonly gaps: { readonly droppedRequests: number; readonly droppedAttempts: number; readonly unclean: number };
}

export interface CallerKey {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly revokedAt: number | null;
  readonly models: readonly string[] | null;
  readonly rpm: number | null;
  readonly tpm: number | null;
  readonly parallel: number | null;
  readonly budgetDayUsd: Money | null;
  readonly budgetMonthUsd: Money | null;
  readonly soft: boolean;
  readonly admin: boolean;
  readonly usedDayUsd: Money | null;
  readonly usedMonthUsd: Money | null;
}

export type CellOutcome = 'answer' | 'retry' | 'wait' | 'next' | 'rescued' | 'error' | 'broken';

export interface Cell {
  readonly fault: string;
  readonly target: number;
  readonly outcome: CellOutcome;
  readonly note: string | null;
  readonly tookMs: number;
  readonly attempts: number;
  readonly outputTokens: number | null;
}

export interface Rehearsal {
  readonly id: string;
  readonly state: 'running' | 'done' | 'cancelled' | 'failed';
  readonly error: string | null;
  readonly model: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly done: number;
  readonly of: number;
  readonly factor: number;
  readonly targets: readonly { readonly entry: string; readonly model: string; readonly wire: string }[];
  readonly faults: readonly { readonly id: string; readonly title: string }[];
  readonly leftOut: readonly string[];
  readonly cells: readonly Cell[];
}
