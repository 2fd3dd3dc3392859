import type { RequestEntry, RequestLog } from './entry.ts';
import { NANO_PER_USD } from './money.ts';
import type { Metrics } from './metrics.ts';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

/** Names of other programs under which the same is counted too, so that dashboards made for them go on working. */
export type MetricNames = 'zeroclaw' | 'zeptoclaw';

/** Counts finished calls. Labels are providers, models and outcomes; never a key, an address or a caller's text. */
export function createCallMetrics(metrics: Metrics, names: readonly MetricNames[] = []): RequestLog {
  const own = createOwnMetrics(metrics);
  const others = names.map((name) => (name === 'zeroclaw' ? zeroClawMetrics(metrics) : zeptoClawMetrics(metrics)));
  if (others.length === 0) return own;
  return {
    ended(entry) {
      own.ended(entry);
      for (const other of others) other.ended(entry);
    },
  };
}

/** ZeroClaw's names for what a provider layer knows (its third generation, read 2026-09). */
function zeroClawMetrics(metrics: Metrics): RequestLog {
  const target = ['model_provider', 'model'];
  const requests = metrics.counter('zeroclaw_llm_requests_total', 'Calls to vendors.', [...target, 'success']);
  const input = metrics.counter('zeroclaw_tokens_input_total', 'Input tokens.', target);
  const output = metrics.counter('zeroclaw_tokens_output_total', 'Output tokens.', target);
  const errors = metrics.counter('zeroclaw_errors_total', 'Failed calls.', ['component']);
  const latency = metrics.histogram('zeroclaw_request_latency_seconds', 'Whole calls.', [], SECONDS);
  let last = 0;
  metrics.gauge('zeroclaw_tokens_used_last', 'Tokens of the last call.', [], () => [[last]], 'max');
  return {
    ended({ attempts, outcome, tookMs }) {
      latency.observe(tookMs / 1_000);
      if (outcome === 'failed') errors.add(1, 'provider');
      for (const { provider, model, usage, outcome: how } of attempts) {
        requests.add(1, provider, model, String(how === 'ok'));
        if (usage === undefined) continue;
        input.add(usage.inputTokens ?? 0, provider, model);
        output.add(usage.outputTokens ?? 0, provider, model);
        last = (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0);
      }
    },
  };
}

/** ZeptoClaw's (read 2026-09). */
function zeptoClawMetrics(metrics: Metrics): RequestLog {
  const input = metrics.counter('zeptoclaw_tokens_input_total', 'Input tokens.');
  const output = metrics.counter('zeptoclaw_tokens_output_total', 'Output tokens.');
  return {
    ended({ attempts }) {
      for (const { usage } of attempts) {
        input.add(usage?.inputTokens ?? 0);
        output.add(usage?.outputTokens ?? 0);
      }
    },
  };
}

function createOwnMetrics(metrics: Metrics): RequestLog {
  const target = ['provider', 'model'];
  const requests = metrics.counter('standin_requests_total', 'Calls of callers that ended.', [
    'protocol',
    'mode',
    'outcome',
    'error',
  ]);
  const attempts = metrics.counter('standin_attempts_total', 'Calls to vendors by how they ended.', [
    ...target,
    'outcome',
  ]);
  const recovered = metrics.counter('standin_recovered_total', 'Calls answered after an attempt had failed.', target);
  const rescues = metrics.counter('standin_rescues_total', 'Answers that broke off and were mended.', [
    ...target,
    'method',
  ]);
  const tokens = metrics.counter('standin_tokens_total', 'Tokens as vendors reported them.', [...target, 'direction']);
  const unknown = metrics.counter('standin_cost_unknown_total', 'Calls whose cost is not known.', target);
  const cost = metrics.counter('standin_cost_usd_total', 'Known cost in USD.', target);
  const total = metrics.histogram('standin_request_duration_seconds', 'Whole calls.', ['protocol', 'mode'], SECONDS);
  const first = metrics.histogram('standin_first_content_seconds', 'Until the first content.', target, SECONDS);
  return {
    ended(entry: RequestEntry) {
      const { protocol, mode, outcome, provider = '', model = '' } = entry;
      requests.add(1, protocol, mode, outcome, entry.errorKind ?? '');
      total.observe(entry.tookMs / 1_000, protocol, mode);
      if (entry.firstContentMs !== undefined) first.observe(entry.firstContentMs / 1_000, provider, model);
      for (const attempt of entry.attempts) {
        attempts.add(1, attempt.provider, attempt.model, attempt.outcome);
        const { usage, rescue } = attempt;
        if (rescue !== undefined && attempt.outcome === 'ok') rescues.add(1, attempt.provider, attempt.model, rescue);
        if (usage?.inputTokens !== undefined) tokens.add(usage.inputTokens, attempt.provider, attempt.model, 'input');
        if (usage?.outputTokens !== undefined)
          tokens.add(usage.outputTokens, attempt.provider, attempt.model, 'output');
      }
      if (outcome === 'ok' && entry.attempts.length > (entry.steps ?? 1)) recovered.add(1, provider, model);
      if (entry.attempts.length === 0) return;
      if (entry.costNanoUsd === undefined) unknown.add(1, provider, model);
      else cost.add(entry.costNanoUsd / NANO_PER_USD, provider, model);
    },
  };
}
