import type { Metric, Registry } from 'prom-client';
import type { Metrics, MetricSnapshot } from './metrics.ts';

/** The metrics of a process for Prometheus. Its client library is loaded when somebody asks for the first time. */
export interface Prometheus {
  /** Text format 0.0.4. */
  text(): Promise<string>;
  /** What another process adds to its own with `prometheusText`. */
  snapshot(): Promise<readonly MetricSnapshot[]>;
}

/** Milliseconds between two looks of the event loop's watch. */
const LOOP_WATCH_MS = 20;

/** `metrics`, and what the library tells of every Node process (`process_*`, `nodejs_*`). */
export function createPrometheus(metrics: Metrics): Prometheus {
  let registry: Promise<Registry> | undefined;
  const open = async (): Promise<Registry> => {
    const { Registry: Empty, collectDefaultMetrics } = await import('prom-client');
    const made = new Empty();
    collectDefaultMetrics({ register: made, eventLoopMonitoringPrecision: LOOP_WATCH_MS });
    // The counts stay plain numbers on the way of an answer; they take the library's form only when it asks.
    for (const [name, get] of metrics.all) made.registerMetric({ name, get: async () => get() } as unknown as Metric);
    return made;
  };
  return {
    text: async () => (await (registry ??= open())).metrics(),
    snapshot: async () =>
      (await (registry ??= open())).getMetricsAsJSON() as Promise<unknown> as Promise<MetricSnapshot[]>,
  };
}

/** The metrics of several processes as one text. */
export async function prometheusText(snapshots: readonly (readonly MetricSnapshot[])[]): Promise<string> {
  const { AggregatorRegistry } = await import('prom-client');
  return AggregatorRegistry.aggregate(snapshots.map((one) => [...one])).metrics();
}

/** Several snapshots as one. */
export async function mergeSnapshots(
  snapshots: readonly (readonly MetricSnapshot[])[],
): Promise<readonly MetricSnapshot[]> {
  const { AggregatorRegistry } = await import('prom-client');
  const merged = AggregatorRegistry.aggregate(snapshots.map((one) => [...one]));
  return merged.getMetricsAsJSON() as Promise<unknown> as Promise<MetricSnapshot[]>;
}

/**
 * The counts of processes that are gone, so that a sum never goes back when one of them dies. Gauges go with their
 * process.
 */
export function countsOf(snapshot: readonly MetricSnapshot[]): readonly MetricSnapshot[] {
  return snapshot.filter(({ type }) => type !== 'gauge');
}
