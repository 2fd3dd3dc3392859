import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '@standin/core/spec/clock';
import type { AttemptRecord } from '@standin/core/spec/errors';
import type { Learned, TokenEstimate } from './learned.ts';
import type {
  AdmissionRequest,
  AdmissionTarget,
  BudgetAction,
  BudgetRules,
  BudgetState,
  MoneyLimits,
  Refusal,
} from './limit-types.ts';
import { costOf, costOfAttempt, isBilled, type PriceOf } from './money.ts';
import { createHolding, limitsOf, type Amount, type Cost, type Holding, type Limit, type Spent } from './holding.ts';
import { listBudgets } from './budget-list.ts';
import type { KeyRecord } from './keys.ts';
import { createGrants, createPurse, type Purse } from './purse.ts';

export interface MoneyHold {
  readonly without: ReadonlySet<number>;
  readonly warnings: readonly string[];
  settle(attempts: readonly AttemptRecord[]): void;
}

export interface MoneyKeeper {
  /** Whether any money limit concerns this call. */
  limits(request: AdmissionRequest): boolean;
  reserve(request: AdmissionRequest, inputTokens: number): MoneyHold | Refusal;
  list(keys: readonly KeyRecord[]): readonly BudgetState[];
  close(): void;
}

export interface MoneyOptions {
  readonly db: DatabaseSync;
  readonly priceOf: PriceOf;
  readonly budgets: BudgetRules;
  readonly clock: Clock;
  readonly learned: Learned;
}

export function createMoneyKeeper(options: MoneyOptions): MoneyKeeper {
  const { budgets, clock, priceOf, learned } = options;
  const grants = createGrants(options.db);
  const purses = new Map<string, Purse>();
  const { perProvider = {}, perAgent = {} } = budgets;
  const hasCommon = isLimited(budgets);

  const hasEntries = Object.keys(perProvider).length > 0;
  /** The same limits are asked for all day: by themselves they are found without joining names. */
  const purseOfLimit = new WeakMap<Limit, Purse>();

  const purseOf = (limit: Limit): Purse => {
    let purse = purseOfLimit.get(limit);
    if (purse !== undefined) return purse;
    purse = purseByName(limit);
    purseOfLimit.set(limit, purse);
    return purse;
  };

  const purseByName = (limit: Limit): Purse => {
    const id = `${limit.scope}\n${limit.unit}`;
    const full = `${id}\n${limit.period}`;
    let purse = purses.get(full);
    if (purse === undefined) {
      // Purses of a period that is over go as soon as nothing is reserved in them.
      for (const [name, old] of purses) {
        if (!name.startsWith(`${id}\n`) || old.reserved > 0) continue;
        old.close();
        purses.delete(name);
      }
      purse = createPurse(grants, limit.scope, limit.period);
      purses.set(full, purse);
    }
    return purse;
  };

  return {
    limits: ({ caller, agent, handedBy = [], targets }) =>
      hasCommon ||
      (agent !== undefined && isLimited(perAgent[agent])) ||
      handedBy.some((alias) => isLimited(perAgent[alias])) ||
      (caller !== undefined && isLimited(caller)) ||
      (hasEntries && targets.some(({ entry }) => isLimited(perProvider[entry]))),
    reserve(request, inputTokens) {
      const { targets, maxTokens } = request;
      const now = clock.wallMs();
      const estimates = targets.map(({ entry, model }) => learned.estimate(entry, model, inputTokens, maxTokens));
      const costs = targets.map((target, at) => costOfTarget(target, estimates[at], priceOf));
      const without = new Set<number>();
      if (budgets.unknownPrice === 'refuse') {
        for (const [at, { usd }] of costs.entries()) if (usd === undefined) without.add(at);
        if (without.size === costs.length) return noPrice(targets[0]);
      }
      const holding = createHolding(purseOf, now, (budgets.warnAtPercent ?? 80) / 100);
      try {
        const refusal =
          (hasEntries ? holdEntries(holding, targets, costs, without) : undefined) ??
          holdCommon(holding, request, costs, without);
        if (refusal !== undefined) {
          holding.release();
          return refusal;
        }
      } catch (error) {
        holding.release();
        throw error;
      }
      const spentOf = (attempt: AttemptRecord): Spent => spentBy(attempt, targets, estimates);
      return { without, warnings: holding.warnings, settle: (attempts) => holding.settle(attempts, spentOf) };
    },
    list: (keys) =>
      listBudgets(budgets, keys, clock.wallMs(), ({ scope, unit, period }) => {
        // What this process holds unspent is not used.
        const held = purses.get(`${scope}\n${unit}\n${period}`)?.held ?? 0;
        return grants.granted(scope, period) - held;
      }),
    close() {
      for (const purse of purses.values()) purse.close();
      purses.clear();
    },
  };

  function holdEntries(
    holding: Holding,
    targets: readonly AdmissionTarget[],
    costs: readonly Cost[],
    without: Set<number>,
  ): Refusal | undefined {
    for (const entry of new Set(targets.map((target) => target.entry))) {
      const rules = perProvider[entry];
      if (rules === undefined) continue;
      const own = [...targets.keys()].filter((at) => targets[at]?.entry === entry && !without.has(at));
      if (own.length === 0) continue;
      const action: BudgetAction = rules.action ?? budgets.action ?? 'reject';
      const limits = limitsOf(`entry:${entry}`, entry, rules, holding.now, action === 'warn');
      const refusal = holding.hold(limits, largest(costs, own, without), entry);
      if (refusal === undefined) continue;
      // A spare without money is left out; the first choice is only where the rule says so.
      if (action === 'reject' && own.includes(0)) return refusal;
      for (const at of own) without.add(at);
      if (without.size === costs.length) return refusal;
    }
    return undefined;
  }

  function holdCommon(
    holding: Holding,
    { caller, agent, handedBy = [] }: AdmissionRequest,
    costs: readonly Cost[],
    without: ReadonlySet<number>,
  ): Refusal | undefined {
    const cost = largest(costs, undefined, without);
    const { now } = holding;
    if (caller !== undefined && isLimited(caller)) {
      const own = limitsOf(`key:${caller.id}`, `the key "${caller.name}"`, caller, now, caller.soft === true);
      const refusal = holding.hold(own, cost);
      if (refusal !== undefined) return refusal;
    }
    for (const alias of agent === undefined ? handedBy : [agent, ...handedBy]) {
      const rules = perAgent[alias];
      if (rules === undefined) continue;
      const isSoft = (rules.action ?? budgets.action) === 'warn';
      const refusal = holding.hold(limitsOf(`agent:${alias}`, `the agent "${alias}"`, rules, now, isSoft), cost);
      if (refusal !== undefined) return refusal;
    }
    if (!hasCommon) return undefined;
    return holding.hold(limitsOf('all', 'everything together', budgets, now, budgets.action === 'warn'), cost);
  }

  /** What an attempt took, estimated where its vendor did not say: by what arrived of it. */
  function spentBy(
    attempt: AttemptRecord,
    targets: readonly AdmissionTarget[],
    estimates: readonly TokenEstimate[],
  ): Spent {
    const cost = costOfAttempt(attempt, priceOf);
    const { inputTokens, outputTokens } = attempt.usage ?? {};
    if (cost !== undefined && (cost === 0 || (inputTokens !== undefined && outputTokens !== undefined)))
      return { nanoUsd: cost, tokens: (inputTokens ?? 0) + (outputTokens ?? 0) };
    const at = targets.findIndex(({ entry, model }) => entry === attempt.provider && model === attempt.model);
    const estimate = estimates[at];
    if (estimate === undefined || !isBilled(attempt)) return { nanoUsd: cost ?? 0, tokens: 0 };
    const arrived = attempt.outcome === 'ok' ? estimate.mostOutput : Math.ceil((attempt.bytes ?? 0) / 4);
    const usage = {
      inputTokens: estimate.input,
      outputTokens: Math.min(estimate.mostOutput, arrived),
      ...known(attempt),
    };
    const tokens = usage.inputTokens + usage.outputTokens;
    return { nanoUsd: cost ?? costOf(usage, priceOf(attempt.provider, attempt.model)) ?? 0, tokens };
  }
}

function known({ usage }: AttemptRecord): { readonly inputTokens?: number; readonly outputTokens?: number } {
  return {
    ...(usage?.inputTokens === undefined ? {} : { inputTokens: usage.inputTokens }),
    ...(usage?.outputTokens === undefined ? {} : { outputTokens: usage.outputTokens }),
  };
}

function isLimited(limits: MoneyLimits | undefined): boolean {
  if (limits === undefined) return false;
  const { dayNanoUsd, monthNanoUsd, dayTokens, monthTokens } = limits;
  return (dayNanoUsd ?? monthNanoUsd ?? dayTokens ?? monthTokens) !== undefined;
}

function costOfTarget({ entry, model }: AdmissionTarget, estimate: TokenEstimate | undefined, priceOf: PriceOf): Cost {
  const price = priceOf(entry, model);
  const { input = 0, mostOutput = 0, usualOutput = 0 } = estimate ?? {};
  const worst = costOf({ inputTokens: input, outputTokens: mostOutput }, price);
  const expected = costOf({ inputTokens: input, outputTokens: usualOutput }, price);
  const tokens = { worst: input + mostOutput, expected: input + usualOutput };
  return worst === undefined || expected === undefined ? { tokens } : { usd: { worst, expected }, tokens };
}

/** The dearest of the targets that may be asked. What has no price counts nothing: its policy was applied before. */
function largest(costs: readonly Cost[], positions: readonly number[] | undefined, without: ReadonlySet<number>): Cost {
  const usd = { worst: 0, expected: 0 };
  const tokens = { worst: 0, expected: 0 };
  for (let at = 0; at < costs.length; at++) {
    const cost = costs[at];
    if (cost === undefined || without.has(at) || positions?.includes(at) === false) continue;
    raise(usd, cost.usd);
    raise(tokens, cost.tokens);
  }
  return { usd, tokens };
}

function raise(to: { worst: number; expected: number }, by: Amount | undefined): void {
  if (by === undefined) return;
  if (by.worst > to.worst) to.worst = by.worst;
  if (by.expected > to.expected) to.expected = by.expected;
}

function noPrice(target: AdmissionTarget | undefined): Refusal {
  const which = target === undefined ? 'the model' : `${target.model} at ${target.entry}`;
  const message = `The price of ${which} is not known, and the budgets refuse what they cannot count; give it a price under "pricing".`;
  return { status: 429, code: 'budget_exceeded', message, retryAfterMs: 0, shouldRetry: false };
}
