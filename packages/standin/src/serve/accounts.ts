import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Config } from '@standin/core/config/model';
import type { Standin } from '@standin/core/library/standin-types';
import type { Accounting, Operations } from '@standin/gateway';
import type { BudgetRules, Keyring, Ledger, LimitKeeper, Metrics, ScopeRules } from '@standin/store';
import type * as StoreModule from '@standin/store';
import type { CommandContext } from '../cli/context.ts';
import { UsageError } from '../cli/exit.ts';

/** Keys, limits, the ledger and metrics of a running gateway. */
export interface Accounts {
  readonly keys: Keyring;
  readonly accounting: Accounting;
  readonly operations: Operations;
  /** Prices and budgets of a config that took effect. */
  follow(config: Config): void;
  /** Writes what waits. */
  close(): void;
}

type Store = typeof StoreModule;
type ScopeFields = NonNullable<NonNullable<Config['document']['budgets']>['per_agent']>[string];

/** Throws `UsageError` when the keys, or a ledger that budgets need, cannot be used. */
export async function openAccounts(first: Config, context: CommandContext, current: () => Standin): Promise<Accounts> {
  const [store, { standinHome }] = await Promise.all([import('@standin/store'), import('@standin/core/config/files')]);
  const { log } = context.logger();
  const home = standinHome(context.env);
  let config = first;
  let priceOf = store.pricesOf(config.entries.values());
  const keys = openKeys(store, { path: join(home, 'keys.json'), required: config.document.gateway?.require_keys, log });
  const fields = config.document.ledger ?? {};
  const ledger = openLedger(store, config.document.budgets !== undefined || keys.required, {
    path: join(home, 'ledger.db'),
    priceOf: (entry, model) => priceOf(entry, model),
    log,
    keepDays: fields.keep_days,
    keepRows: fields.keep_rows,
    vendorMessages: fields.vendor_messages,
  });
  const limitsOf = (): LimitKeeper | undefined => {
    if (ledger === undefined) return undefined;
    const budgets = budgetsOf(config, store);
    return store.createLimits({ db: ledger.db, priceOf: (entry, model) => priceOf(entry, model), budgets, log });
  };
  let limits = limitsOf();
  const metrics = store.createMetrics();
  const callMetrics = store.createCallMetrics(metrics);
  const stopMetrics = addGauges(metrics, current, ledger);
  return {
    keys,
    accounting: {
      logs: ledger === undefined || fields.enabled === false ? [callMetrics] : [callMetrics, ledger],
      priceOf: (entry, model) => priceOf(entry, model),
      limits: { admit: (request) => limits?.admit(request) ?? { type: 'free' }, close: () => limits?.close() },
      agentOf: (name) => (config.agents.has(name) ? name : undefined),
    },
    operations: { ledger: fields.enabled === false ? undefined : ledger, metrics: () => metrics.text() },
    follow(next) {
      const isSame = JSON.stringify(next.document.budgets) === JSON.stringify(config.document.budgets);
      config = next;
      priceOf = store.pricesOf(next.entries.values());
      if (isSame) return;
      limits?.close();
      limits = limitsOf();
    },
    close() {
      stopMetrics();
      limits?.close();
      ledger?.close();
    },
  };
}

function openKeys(store: Store, options: Parameters<Store['createKeyring']>[0]): Keyring {
  try {
    return store.createKeyring(options);
  } catch (error) {
    if (error instanceof store.StoreError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/** A ledger that cannot be opened costs the record, not the service, unless limits rest on its journal. */
function openLedger(
  store: Store,
  isNeeded: boolean,
  options: Parameters<Store['createLedger']>[0],
): Ledger | undefined {
  try {
    return store.createLedger(options);
  } catch (error) {
    if (!(error instanceof store.StoreError)) throw error;
    if (isNeeded) throw new UsageError(error.message, { cause: error });
    options.log?.('error', 'No request is recorded: the ledger cannot be opened', { reason: error.message });
    return undefined;
  }
}

function budgetsOf({ document }: Config, { nanoOfUsd }: Store): BudgetRules {
  const { budgets = {} } = document;
  const nano = (usd: number | undefined): number | undefined => (usd === undefined ? undefined : nanoOfUsd(usd));
  const money = (one: ScopeFields): ScopeRules => ({
    dayNanoUsd: nano(one.daily_usd),
    monthNanoUsd: nano(one.monthly_usd),
    dayTokens: one.daily_tokens,
    monthTokens: one.monthly_tokens,
    action: one.action,
  });
  const scopes = (given: Readonly<Record<string, ScopeFields>> = {}): Record<string, ScopeRules> =>
    Object.fromEntries(Object.entries(given).map(([name, one]) => [name, money(one)]));
  return {
    ...money(budgets),
    warnAtPercent: budgets.warn_at_percent,
    unknownPrice: budgets.unknown_price,
    perProvider: scopes(budgets.per_provider),
    perAgent: scopes(budgets.per_agent),
  };
}

const NANO_PER_SECOND = 1e9;

function addGauges(metrics: Metrics, current: () => Standin, ledger: Ledger | undefined): () => void {
  const target = ['provider', 'model', 'key'];
  const rows = () => current().health.list(performance.now());
  metrics.gauge('standin_breaker_open', 'Breakers: 0 closed, 0.5 probing, 1 open.', target, () =>
    rows().map((row) => [
      row.breaker === 'closed' ? 0 : row.breaker === 'open' ? 1 : 0.5,
      row.entry,
      row.model,
      row.fingerprint,
    ]),
  );
  metrics.gauge('standin_cooldown_seconds', 'Seconds until a key may be used again.', target, () => {
    const now = performance.now();
    return rows().map((row) => [Math.max(0, row.coolingUntil - now) / 1_000, row.entry, row.model, row.fingerprint]);
  });
  metrics.gauge('standin_key_rejected', '1: the vendor rejected this key.', target, () =>
    rows().map((row) => [row.bad ? 1 : 0, row.entry, row.model, row.fingerprint]),
  );
  if (ledger !== undefined) {
    metrics.gauge('standin_ledger_waiting', 'Requests that wait to be written.', [], () => [[ledger.waiting]]);
    metrics.gauge('standin_ledger_dropped', 'What the full queue gave up.', ['what'], () => [
      [ledger.dropped.requests, 'requests'],
      [ledger.dropped.attempts, 'attempts'],
    ]);
  }
  metrics.gauge('process_resident_memory_bytes', 'Resident memory.', [], () => [[process.memoryUsage.rss()]]);
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  metrics.gauge('standin_event_loop_delay_seconds', 'Since the last look.', ['quantile'], () => {
    const values = [
      [delay.percentile(50) / NANO_PER_SECOND, '0.5'],
      [delay.percentile(99) / NANO_PER_SECOND, '0.99'],
      [delay.max / NANO_PER_SECOND, '1'],
    ] as const;
    delay.reset();
    return values;
  });
  return () => void delay.disable();
}
