import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Standin } from '@standin/core/library/standin-types';
import type { GatewayLoad } from '@standin/gateway';
import type { Ledger, Metrics } from '@standin/store';

const NANO_PER_SECOND = 1e9;
/** Milliseconds between two looks of the watch. */
const RESOLUTION_MS = 20;

/** What is asked for at a scrape: breakers, cooldowns, the ledger's queue, the event loop. Returns what ends the watch. */
export function addGauges(metrics: Metrics, current: () => Standin, ledger: Ledger | undefined): () => void {
  const target = ['provider', 'model', 'key'];
  const rows = () => current().health.list(performance.now());
  metrics.gauge(
    'standin_breaker_open',
    'Breakers: 0 closed, 0.5 probing, 1 open.',
    target,
    () =>
      rows().map((row) => [
        row.breaker === 'closed' ? 0 : row.breaker === 'open' ? 1 : 0.5,
        row.entry,
        row.model,
        row.fingerprint,
      ]),
    'max',
  );
  const cooldowns = (): [number, ...string[]][] => {
    const now = performance.now();
    return rows().map((row) => [Math.max(0, row.coolingUntil - now) / 1_000, row.entry, row.model, row.fingerprint]);
  };
  metrics.gauge('standin_cooldown_seconds', 'Seconds until a key may be used again.', target, cooldowns, 'max');
  metrics.gauge(
    'standin_key_rejected',
    '1: the vendor rejected this key.',
    target,
    () => rows().map((row) => [row.bad ? 1 : 0, row.entry, row.model, row.fingerprint]),
    'max',
  );
  if (ledger !== undefined) {
    metrics.gauge('standin_ledger_waiting', 'Requests that wait to be written.', [], () => [[ledger.waiting]]);
    metrics.gauge('standin_ledger_dropped', 'What the full queue gave up.', ['what'], () => [
      [ledger.dropped.requests, 'requests'],
      [ledger.dropped.attempts, 'attempts'],
    ]);
  }
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const quantiles = (): [number, string][] => {
    const values: [number, string][] = [
      [delay.percentile(50) / NANO_PER_SECOND, '0.5'],
      [delay.percentile(99) / NANO_PER_SECOND, '0.99'],
      [delay.max / NANO_PER_SECOND, '1'],
    ];
    delay.reset();
    return values;
  };
  metrics.gauge('standin_event_loop_delay_seconds', 'Since the last look.', ['quantile'], quantiles, 'max');
  return () => void delay.disable();
}

/** Numbers of the gateway itself. */
export function addLoadGauges(metrics: Metrics, load: () => GatewayLoad): void {
  metrics.gauge('standin_open_calls', 'Calls under way.', [], () => [[load().openCalls]]);
  metrics.gauge('standin_open_streams', 'Streamed answers that are open.', [], () => [[load().openStreams]]);
  metrics.gauge('standin_open_connections', 'Sockets of callers, idle ones too.', [], () => [[load().connections]]);
  metrics.gauge('standin_call_limit', 'Calls that may be under way now.', [], () => [[load().limit]]);
  metrics.counted('standin_overload_refused_total', 'Calls turned away because too many were under way.', [], () => [
    [load().refused],
  ]);
}
