import { setBounded } from './bounded.ts';
import { createBreakers, type BreakerState } from './breaker.ts';
import { createPaces, type Pace } from './pace.ts';
import { createTokens } from './tokens.ts';

/**
 * What is known about keys and targets across requests. `decide()` only reads it; the executor reports into it.
 * Cooldowns are per key and model at one entry and are never shortened by a later answer.
 */
export interface Health extends HealthView {
  /** Cool a key for one model, or for all models of the entry when `model` is `*`. `until` only ever grows. */
  cool(entry: string, fingerprint: string, model: string, until: number, reason: string): void;
  /** A key that was rejected: for all models (`*`, 401) or one (403). Skipped while any other exists, visible in `list`. */
  markBad(entry: string, fingerprint: string, model: string, reason: string): void;
  /** An attempt begins; true when it is the one probe of a half-open breaker. */
  began(entry: string, fingerprint: string, model: string, now: number): boolean;
  /** A failure that speaks of the target, not of the request: counts against its breaker. */
  failed(entry: string, fingerprint: string, model: string, now: number, reason: string, probe: boolean): void;
  /** Retries of one request were used up on this target, and it moved on: the breaker opens. */
  exhausted(entry: string, fingerprint: string, model: string, now: number): void;
  /** Clears the bad mark and closes the breaker; returns which of them there was. */
  succeeded(entry: string, fingerprint: string, model: string, now?: number): 'breaker' | 'bad' | undefined;
  /** Clock milliseconds until which the breaker lets nothing through; 0 when it is closed. */
  shutUntil(entry: string, fingerprint: string, model: string): number;
  /** A probe ended without a verdict (the caller left, a hedge was lost): another call may be it. */
  released(entry: string, fingerprint: string, model: string): void;
  /** A request starts: earns its target a share of a retry and of a hedge. */
  requested(entry: string, model: string): void;
  spendRetry(entry: string, model: string): void;
  spendHedge(): void;
  /** First content or thinking came after this long (`answered`), or nothing had when the call was given up. */
  sawFirstContent(entry: string, model: string, tookMs: number, answered: boolean): void;
  /** Undefined until enough was seen of this model. */
  pace(entry: string, model: string): Pace | undefined;
  /** What was seen of each model, enough or not. */
  paces(): readonly Pace[];
  list(now?: number): readonly HealthRow[];
}

/** The part that decisions read. */
export interface HealthView {
  /** Time (clock milliseconds) until which this key must not be used for this model; 0 when it is free. */
  coolingUntil(entry: string, fingerprint: string, model: string): number;
  isBad(entry: string, fingerprint: string, model: string): boolean;
  /** The breaker is open, or another request's probe is under way: passed over while anything else exists. */
  isShut(entry: string, fingerprint: string, model: string, now: number): boolean;
  /**
   * It failed other requests too: more failures since its last success than the `own` ones of this request. No retries
   * on it while another target exists.
   */
  isSuspect(entry: string, fingerprint: string, model: string, own: number): boolean;
  /** Storm guard: retries of one target stay a share of its traffic. */
  mayRetry(entry: string, model: string): boolean;
  /** Hedges stay a share of all requests. */
  mayHedge(): boolean;
}

export interface HealthRow {
  readonly entry: string;
  readonly fingerprint: string;
  readonly model: string;
  /** Clock milliseconds; 0 when it is not cooling. */
  readonly coolingUntil: number;
  readonly reason: string;
  readonly bad: boolean;
  readonly breaker: BreakerState;
}

interface Row {
  readonly entry: string;
  readonly fingerprint: string;
  readonly model: string;
  readonly until: number;
  readonly reason: string;
}

/** A retry is earned by five requests of a target, a hedge by twenty requests; a few are free, so that quiet hours have them. */
const RETRY_SHARE = { earned: 0.2, most: 20 };
const HEDGE_SHARE = { earned: 0.05, most: 5 };

/** Health in memory, one per process. `enoughSamples`: first contents from which on a model's pace is known. Default 20. */
export function createHealth(options: { readonly enoughSamples?: number } = {}): Health {
  const cooling = new Map<string, Row>();
  const bad = new Map<string, Row>();
  const breakers = createBreakers();
  const paces = createPaces({ enough: options.enoughSamples });
  const retries = createTokens(RETRY_SHARE);
  const hedges = createTokens(HEDGE_SHARE);
  const idOf = (entry: string, fingerprint: string, model: string) => `${entry}\n${fingerprint}\n${model}`;
  return {
    coolingUntil(entry, fingerprint, model) {
      if (cooling.size === 0) return 0;
      const own = cooling.get(idOf(entry, fingerprint, model))?.until ?? 0;
      const all = cooling.get(idOf(entry, fingerprint, '*'))?.until ?? 0;
      return Math.max(own, all);
    },
    isShut: (entry, fingerprint, model, now) =>
      breakers.size > 0 && breakers.shutUntil(idOf(entry, fingerprint, model)) > now,
    cool(entry, fingerprint, model, until, reason) {
      const id = idOf(entry, fingerprint, model);
      const row = cooling.get(id);
      if (row !== undefined && row.until >= until) return;
      setBounded(cooling, id, { entry, fingerprint, model, until, reason });
    },
    markBad(entry, fingerprint, model, reason) {
      setBounded(bad, idOf(entry, fingerprint, model), { entry, fingerprint, model, until: 0, reason });
    },
    isBad: (entry, fingerprint, model) =>
      bad.size > 0 && (bad.has(idOf(entry, fingerprint, model)) || bad.has(idOf(entry, fingerprint, '*'))),
    isSuspect: (entry, fingerprint, model, own) => breakers.failures(idOf(entry, fingerprint, model)) > own,
    shutUntil: (entry, fingerprint, model) => breakers.shutUntil(idOf(entry, fingerprint, model)),
    mayRetry: (entry, model) => retries.has(`${entry}\n${model}`),
    mayHedge: () => hedges.has(''),
    began(entry, fingerprint, model, now) {
      return breakers.size > 0 && breakers.began(idOf(entry, fingerprint, model), now);
    },
    failed: (entry, fingerprint, model, now, reason, probe) =>
      breakers.failed(idOf(entry, fingerprint, model), { entry, fingerprint, model }, now, reason, probe),
    exhausted: (entry, fingerprint, model, now) => breakers.exhausted(idOf(entry, fingerprint, model), now),
    succeeded(entry, fingerprint, model) {
      let was: 'breaker' | 'bad' | undefined;
      if (breakers.size > 0 && breakers.succeeded(idOf(entry, fingerprint, model))) was = 'breaker';
      if (bad.size > 0) {
        if (bad.delete(idOf(entry, fingerprint, model))) was = 'bad';
        if (bad.delete(idOf(entry, fingerprint, '*'))) was = 'bad';
      }
      return was;
    },
    released(entry, fingerprint, model) {
      if (breakers.size > 0) breakers.released(idOf(entry, fingerprint, model));
    },
    requested(entry, model) {
      if (!retries.full) retries.earn(`${entry}\n${model}`);
      if (!hedges.full) hedges.earn('');
    },
    spendRetry: (entry, model) => retries.spend(`${entry}\n${model}`),
    spendHedge: () => hedges.spend(''),
    sawFirstContent: (entry, model, tookMs, answered) => paces.saw(entry, model, tookMs, answered),
    pace: (entry, model) => paces.of(entry, model),
    paces: () => paces.list(),
    list(now = 0) {
      const rows = new Map<string, HealthRow>();
      for (const [id, row] of breakers.entries()) {
        const { entry, fingerprint, model, reason, openUntil } = row;
        const breaker = breakers.stateOf(id, now);
        rows.set(id, { entry, fingerprint, model, coolingUntil: openUntil, reason, bad: false, breaker });
      }
      for (const [id, { until, ...row }] of cooling) {
        if (until <= now && now > 0) continue;
        rows.set(id, { breaker: 'closed', bad: false, ...rows.get(id), ...row, coolingUntil: until });
      }
      for (const [id, { entry, fingerprint, model, reason }] of bad) {
        const known = rows.get(id);
        const shown = { entry, fingerprint, model, reason, coolingUntil: 0, breaker: 'closed' as const };
        rows.set(id, { ...shown, ...known, reason, bad: true });
      }
      return [...rows.values()];
    },
  };
}
