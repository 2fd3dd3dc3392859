import type { JsonObject } from '@standin/core/spec/index';
import type { Standin } from '@standin/core/library/standin-types';
import { pacedLimits } from '@standin/core/route/pace';
import type { Plan, Target } from '@standin/core/route/target';
import { sendJson, type Exchange, type GatewayContext } from './exchange.ts';

/** The process answers; says nothing of its vendors. */
export function sendLive(exchange: Exchange): void {
  sendJson(exchange, 200, { status: 'live' }, NO_STORE);
}

/** 200 while at least one configured target could be asked right now, else 503 with the reason. */
export function sendReady(exchange: Exchange): void {
  const reason = unreadyReason(exchange.context);
  const state = statePart(exchange.context);
  if (reason === undefined) sendJson(exchange, 200, { status: 'ready', ...state }, NO_STORE);
  else sendJson(exchange, 503, { status: 'not-ready', reason, ...state }, NO_STORE);
}

/** What is not as it should be although calls are answered: a refused config change, a ledger that cannot be written. */
function statePart(context: GatewayContext): { config?: JsonObject; ledger?: JsonObject } {
  const config = context.configState();
  const { ledger } = context.operations;
  const trouble = ledger?.trouble;
  return {
    ...(config === undefined ? {} : { config }),
    ...(ledger === undefined || trouble === undefined ? {} : { ledger: { trouble, waiting: ledger.waiting } }),
  };
}

/** Both in one, with each key that was rejected, cools down or keeps failing, by fingerprint. */
export function sendHealth(exchange: Exchange): void {
  const { context } = exchange;
  const reason = unreadyReason(context);
  const now = context.clock.now();
  const keys = context
    .getStandin()
    .health.list(now)
    .filter((row) => row.bad || row.coolingUntil > now || row.breaker !== 'closed')
    .map((row) => ({
      provider: row.entry,
      model: row.model,
      key: row.fingerprint,
      state: row.bad ? 'rejected' : row.coolingUntil > now ? 'cooling' : 'failing',
      breaker: row.breaker,
      reason: row.reason,
      ...(row.coolingUntil > now ? { free_in_ms: Math.ceil(row.coolingUntil - now) } : {}),
    }));
  const status = reason === undefined ? 'ready' : 'not-ready';
  const uptime = Math.max(0, Math.round((context.clock.wallMs() - context.startedAtMs) / 1000));
  const body = {
    status,
    ...(reason === undefined ? {} : { reason }),
    ...statePart(context),
    pid: process.pid,
    uptime_seconds: uptime,
    open_calls: context.underWay.size,
    keys,
    paces: pacesOf(context),
  };
  sendJson(exchange, reason === undefined ? 200 : 503, body, NO_STORE);
}

/** First-content times of each model, and the limits for silence that follow from them. */
function pacesOf(context: GatewayContext): JsonObject[] {
  const { health } = context.getStandin();
  const limits = planOrNone(context.getStandin(), undefined)?.limits;
  if (limits === undefined) return [];
  return health.paces().map(({ entry, model, samples, p95Ms }) => {
    const { hedgeMs, firstContentMs } = pacedLimits(limits, health.pace(entry, model));
    const observed = { provider: entry, model, samples, p95_ms: p95Ms };
    return { ...observed, hedge_ms: hedgeMs, first_content_ms: firstContentMs };
  });
}

const NO_STORE = ['cache-control', 'no-store'];

export function unreadyReason(context: GatewayContext): string | undefined {
  if (context.draining) return 'The gateway is shutting down.';
  const trouble = context.accounting?.limits?.trouble;
  if (trouble !== undefined) return `Budgets cannot be checked, so calls that they limit are refused: ${trouble}`;
  const standin = context.getStandin();
  const now = context.clock.now();
  let known = 0;
  for (const plan of plansOf(standin)) {
    for (const target of plan.targets) {
      known++;
      if (isUsable(standin, target, now)) return undefined;
    }
  }
  if (known === 0) return 'No usable target is configured.';
  return 'Every key of every target was rejected, is cooling down or keeps failing; /health lists them.';
}

/** The default walk first: it answers the question nearly always. */
function* plansOf(standin: Standin): Generator<Plan> {
  const first = planOrNone(standin, undefined);
  if (first !== undefined) yield first;
  for (const { id } of standin.router.models()) {
    const plan = planOrNone(standin, id);
    if (plan !== undefined) yield plan;
  }
}

function planOrNone(standin: Standin, model: string | undefined): Plan | undefined {
  try {
    return standin.plan(model);
  } catch {
    // A selector that yields no walk has no usable target, which is the answer sought here.
    return undefined;
  }
}

function isUsable(standin: Standin, target: Target, now: number): boolean {
  if ('provider' in target.via) return true;
  const { health } = standin;
  return target.keys.some(
    ({ fingerprint }) =>
      !health.isBad(target.entry, fingerprint, target.model) &&
      health.coolingUntil(target.entry, fingerprint, target.model) <= now &&
      !health.isShut(target.entry, fingerprint, target.model, now),
  );
}
