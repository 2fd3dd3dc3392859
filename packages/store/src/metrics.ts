/** Series of one metric beyond this many are counted under `other`: model names may come from callers. */
const MOST_SERIES = 500;

export interface Counter {
  add(amount: number, ...labels: string[]): void;
}

export interface Histogram {
  /** Seconds. */
  observe(seconds: number, ...labels: string[]): void;
}

/** A value that is asked for when somebody looks: its rows of labels and number. */
export type GaugeRows = () => Iterable<readonly [value: number, ...labels: string[]]>;

/** How values of several processes become one. */
export type Aggregator = 'sum' | 'max' | 'min' | 'average';

/** One metric in the form in which Prometheus clients pass metrics between processes. */
export interface MetricSnapshot {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly aggregator: Aggregator;
  readonly values: readonly MetricValue[];
}

interface MetricValue {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly metricName?: string;
}

/** Plain counts in memory: what happens on the way of an answer. `prometheus.ts` makes its text of them. */
export interface Metrics {
  counter(name: string, help: string, labels?: readonly string[]): Counter;
  histogram(name: string, help: string, labels: readonly string[], bounds: readonly number[]): Histogram;
  /** `aggregator`: default `sum`. */
  gauge(name: string, help: string, labels: readonly string[], rows: GaugeRows, aggregator?: Aggregator): void;
  /** A count that somebody else keeps. */
  counted(name: string, help: string, labels: readonly string[], rows: GaugeRows): void;
  /** Each metric as it stands when it is asked. */
  readonly all: ReadonlyMap<string, () => MetricSnapshot>;
}

interface Buckets {
  readonly counts: Float64Array;
  sum: number;
  count: number;
}

export function createMetrics(): Metrics {
  const all = new Map<string, () => MetricSnapshot>();
  const asked = (
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    labels: readonly string[],
    rows: GaugeRows,
    aggregator: Aggregator,
  ): void => {
    const values = (): MetricValue[] =>
      Array.from(rows(), ([value, ...given]) => ({ value, labels: labelled(labels, given) }));
    all.set(name, () => ({ name, help, type, aggregator, values: values() }));
  };
  return {
    all,
    counter(name, help, labels = []) {
      const series = createSeries(labels.length, () => ({ value: 0 }));
      const values = (): MetricValue[] =>
        Array.from(series.all(), ([given, { value }]) => ({ value, labels: labelled(labels, given) }));
      all.set(name, () => ({ name, help, type: 'counter', aggregator: 'sum', values: values() }));
      return { add: (amount, ...given) => void (series.of(given).value += amount) };
    },
    histogram(name, help, labels, bounds) {
      const empty = (): Buckets => ({ counts: new Float64Array(bounds.length), sum: 0, count: 0 });
      const series = createSeries(labels.length, empty);
      const values = (): MetricValue[] =>
        Array.from(series.all(), ([given, one]) => bucketValues(name, labelled(labels, given), bounds, one)).flat();
      all.set(name, () => ({ name, help, type: 'histogram', aggregator: 'sum', values: values() }));
      return {
        observe(seconds, ...given) {
          const one = series.of(given);
          let at = 0;
          while (at < bounds.length && seconds > (bounds[at] ?? 0)) at++;
          if (at < bounds.length) one.counts[at] = (one.counts[at] ?? 0) + 1;
          one.sum += seconds;
          one.count++;
        },
      };
    },
    gauge: (name, help, labels, rows, aggregator = 'sum') => asked('gauge', name, help, labels, rows, aggregator),
    counted: (name, help, labels, rows) => asked('counter', name, help, labels, rows, 'sum'),
  };
}

/** One label's values, each with those of the next label. */
type Branch<T> = Map<string, Branch<T> | T>;

/** A look-up for each label: joining them would cost more than all of these. */
function createSeries<T extends object>(width: number, make: () => T) {
  const list: (readonly [readonly string[], T])[] = [];
  const root: Branch<T> = new Map();
  const other = Array.from({ length: width }, () => 'other');
  const of = (values: readonly string[]): T => {
    let branch = root;
    for (let at = 0; at < width - 1; at++) {
      const next = branch.get(values[at] ?? '');
      if (next === undefined) return added(values);
      branch = next as Branch<T>;
    }
    return (branch.get(values[width - 1] ?? '') as T | undefined) ?? added(values);
  };
  const added = (values: readonly string[]): T => {
    const isFull = list.length >= MOST_SERIES;
    if (isFull && values !== other) return of(other);
    let branch = root;
    for (let at = 0; at < width - 1; at++) {
      const value = values[at] ?? '';
      const next = (branch.get(value) as Branch<T> | undefined) ?? new Map<string, Branch<T> | T>();
      branch.set(value, next);
      branch = next;
    }
    const made = make();
    branch.set(values[width - 1] ?? '', made);
    list.push([Array.from({ length: width }, (_, at) => values[at] ?? ''), made]);
    return made;
  };
  return { all: (): Iterable<readonly [readonly string[], T]> => list, of };
}

function bucketValues(
  name: string,
  labels: MetricValue['labels'],
  bounds: readonly number[],
  one: Buckets,
): MetricValue[] {
  let below = 0;
  const buckets = bounds.map((bound, at) => {
    below += one.counts[at] ?? 0;
    return { value: below, labels: { ...labels, le: bound }, metricName: `${name}_bucket` };
  });
  return [
    ...buckets,
    { value: one.count, labels: { ...labels, le: '+Inf' }, metricName: `${name}_bucket` },
    { value: one.sum, labels, metricName: `${name}_sum` },
    { value: one.count, labels, metricName: `${name}_count` },
  ];
}

function labelled(names: readonly string[], values: readonly string[]): MetricValue['labels'] {
  return Object.fromEntries(names.map((name, at) => [name, values[at] ?? '']));
}
