import { systemClock, type Clock } from '@standin/core/spec/clock';
import type { AttemptRecord } from '@standin/core/spec/errors';
import { silentLog, type Log } from '@standin/core/spec/log';
import type { DatabaseSync } from 'node:sqlite';
import { createLearned } from './learned.ts';
import type { Admission, AdmissionRequest, BudgetRules, LimitKeeper, Refusal, Ticket } from './limit-types.ts';
import { createMoneyKeeper, type MoneyHold } from './money-limits.ts';
import type { PriceOf } from './money.ts';
import { createKeyRates, type KeyRates, type RateHold } from './rate-limits.ts';

export interface LimitsOptions {
  /** The ledger's: it holds the journal of money handed out. */
  readonly db: DatabaseSync;
  readonly priceOf: PriceOf;
  readonly budgets?: BudgetRules;
  /** Counts that outlive a change of the budgets. Default: new ones. */
  readonly rates?: KeyRates;
  readonly clock?: Clock;
  readonly log?: Log;
}

/**
 * Rates and money of keys, provider entries and everything together. A call is admitted only when what it may cost could
 * be reserved in every scope; the reservation becomes the real cost when the call ends. Rates live in memory; money is
 * taken from a journal first, so that not even `kill -9` hands it out twice.
 */
export function createLimits(options: LimitsOptions): LimitKeeper {
  const { clock = systemClock, log = silentLog, budgets = {} } = options;
  const learned = createLearned(options.db);
  const rates = options.rates ?? createKeyRates(clock);
  const money = createMoneyKeeper({ ...options, clock, learned, budgets });
  let trouble: { readonly reason: string; readonly atMs: number } | undefined;
  return {
    admit(request): Admission {
      const { caller } = request;
      const isRated = caller !== undefined && rates.limits(caller);
      const isCounted = money.limits(request);
      if (!isRated && !isCounted) return { type: 'free' };
      const inputTokens = request.inputTokens();
      const rate =
        request.rate ?? (isRated ? rates.reserve(caller, tokensOf(request, inputTokens, learned)) : undefined);
      if (rate !== undefined && 'status' in rate) return { type: 'refused', refusal: rate };
      let held: MoneyHold | Refusal | undefined;
      try {
        held = isCounted ? money.reserve(request, inputTokens) : undefined;
        if (isCounted) trouble = undefined;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        log('error', 'Budget journal could not be written; limited calls are refused', { reason });
        trouble = { reason, atMs: clock.now() };
        held = UNAVAILABLE;
      }
      if (held !== undefined && 'status' in held) {
        rate?.release();
        return { type: 'refused', refusal: held };
      }
      return { type: 'admitted', ticket: ticketOf(rate, held, inputTokens) };
    },
    tokens: (request) => tokensOf(request, request.inputTokens(), learned),
    get trouble() {
      // Old news says nothing: who asked for readiness may have kept the calls away that would have tried again.
      return trouble === undefined || clock.now() - trouble.atMs > TROUBLE_MS ? undefined : trouble.reason;
    },
    state: (keys) => ({ budgets: money.list(keys), unknownPrice: budgets.unknownPrice ?? 'allow' }),
    close: () => money.close(),
  };

  function ticketOf(rate: RateHold | undefined, held: MoneyHold | undefined, inputTokens: number): Ticket {
    let isSettled = false;
    return {
      without: held?.without ?? NONE,
      warnings: held?.warnings ?? [],
      settle(attempts, further = []) {
        if (isSettled) return;
        isSettled = true;
        for (const attempt of attempts) learned.saw(attempt, inputTokens);
        rate?.settle(tokensUsed(further.length === 0 ? attempts : [...attempts, ...further]));
        try {
          held?.settle(attempts);
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          log('error', 'Budget journal could not be written; the reservation stays spent', { reason });
        }
      },
    };
  }
}

const TROUBLE_MS = 10_000;
const NONE: ReadonlySet<number> = new Set();

const UNAVAILABLE: Refusal = {
  status: 503,
  code: 'budget_store_unavailable',
  message: 'The budgets cannot be checked right now, so no call that they limit is made.',
  retryAfterMs: 1_000,
  shouldRetry: true,
};

function tokensOf(
  { targets, maxTokens }: AdmissionRequest,
  inputTokens: number,
  learned: ReturnType<typeof createLearned>,
): number {
  const [first] = targets;
  if (first === undefined) return inputTokens;
  const { input, mostOutput } = learned.estimate(first.entry, first.model, inputTokens, maxTokens);
  return input + mostOutput;
}

/** `undefined` when an attempt that answered did not say: the reservation stands. */
function tokensUsed(attempts: readonly AttemptRecord[]): number | undefined {
  let sum = 0;
  for (const { usage, outcome, firstContentMs } of attempts) {
    if (usage !== undefined) sum += (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0);
    else if (outcome === 'ok' || firstContentMs !== undefined) return undefined;
  }
  return sum;
}
