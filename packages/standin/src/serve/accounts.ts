import { join } from 'node:path';
import type { Config } from '@standin/core/config/model';
import type { Standin } from '@standin/core/library/standin-types';
import type { Accounting, GatewayLoad, Operations } from '@standin/gateway';
import type { BudgetRules, Keyring, Ledger, LimitKeeper, MetricSnapshot, RequestLog, ScopeRules } from '@standin/store';
import type * as StoreModule from '@standin/store';
import type { CommandContext } from '../cli/context.ts';
import { UsageError } from '../cli/exit.ts';
import { addGauges, addLoadGauges } from './gauges.ts';
import type { Tracing } from './tracing.ts';
import type { Supervised } from './workers/worker.ts';

/** Keys, limits, the ledger and metrics of a running gateway. */
export interface Accounts {
  readonly keys: Keyring;
  readonly accounting: Accounting;
  readonly operations: Operations;
  /** The metrics of this process, to be added to those of others. */
  snapshot(): Promise<readonly MetricSnapshot[]>;
  /** The gateway is there: its numbers belong to the metrics. */
  watch(load: () => GatewayLoad): void;
  /** Prices and budgets of a config that took effect. */
  follow(config: Config): void;
  /** Sends the spans that wait. */
  flushTraces(): Promise<void>;
  /** Writes what waits. */
  close(): void;
}

type Store = typeof StoreModule;
type ScopeFields = NonNullable<NonNullable<Config['document']['budgets']>['per_agent']>[string];

/** `supervisor`: rates and metrics are those of all workers. Throws `UsageError` when the keys, or a ledger that budgets need, cannot be used. */
export async function openAccounts(
  first: Config,
  context: CommandContext,
  current: () => Standin,
  supervisor?: Supervised,
): Promise<Accounts> {
  const [store, { standinHome }, { systemClock }] = await Promise.all([
    import('@standin/store'),
    import('@standin/core/config/files'),
    import('@standin/core/spec/clock'),
  ]);
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
  const rates = store.createKeyRates(systemClock);
  const limitsOf = (): LimitKeeper | undefined => {
    if (ledger === undefined) return undefined;
    const budgets = budgetsOf(config, store);
    return store.createLimits({ db: ledger.db, priceOf: (entry, model) => priceOf(entry, model), budgets, rates, log });
  };
  let limits = limitsOf();
  const metrics = store.createMetrics();
  const callMetrics = store.createCallMetrics(metrics, config.document.gateway?.metrics_names);
  const prometheus = store.createPrometheus(metrics);
  const stopMetrics = addGauges(metrics, current, ledger);
  const tracing = await tracingOf(config, context, (entry) => config.entries.get(entry)?.slot);
  const logs: RequestLog[] = [callMetrics];
  if (ledger !== undefined && fields.enabled !== false) logs.push(ledger);
  if (tracing !== undefined) logs.push(tracing);
  return {
    keys,
    accounting: {
      contentBytes: ledger === undefined || fields.content !== true ? undefined : (fields.content_max_kb ?? 64) * 1_024,
      logs,
      traces: tracing !== undefined,
      priceOf: (entry, model) => priceOf(entry, model),
      limits: {
        admit: (request) => limits?.admit(request) ?? { type: 'free' },
        state: (list) => limits?.state?.(list) ?? { budgets: [], unknownPrice: 'allow' },
        tokens: (request) => limits?.tokens(request) ?? 0,
        get trouble() {
          return limits?.trouble;
        },
        close: () => limits?.close(),
      },
      sharedRates: supervisor?.rates,
      agentOf: (name) => (config.agents.has(name) ? name : undefined),
    },
    operations: {
      ledger: fields.enabled === false ? undefined : ledger,
      metrics: supervisor === undefined ? () => prometheus.text() : () => supervisor.metrics(),
    },
    flushTraces: async () => tracing?.close(),
    snapshot: () => prometheus.snapshot(),
    watch: (load) => addLoadGauges(metrics, load),
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

/** Nothing of it is loaded unless it is switched on. */
async function tracingOf(
  { document }: Config,
  context: CommandContext,
  slotOf: (entry: string) => string | undefined,
): Promise<Tracing | undefined> {
  if (document.gateway?.tracing !== true) return undefined;
  const { openTracing } = await import('./tracing.ts');
  return openTracing({ slotOf, version: context.version, log: context.logger().log });
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
