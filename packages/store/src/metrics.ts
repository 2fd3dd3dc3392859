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

/** Metrics in memory, written in the text format of Prometheus 0.0.4. */
export interface Metrics {
  counter(name: string, help: string, labels?: readonly string[]): Counter;
  histogram(name: string, help: string, labels: readonly string[], bounds: readonly number[]): Histogram;
  gauge(name: string, help: string, labels: readonly string[], rows: GaugeRows): void;
  text(): string;
}

interface Buckets {
  readonly counts: Float64Array;
  sum: number;
  count: number;
}

export function createMetrics(): Metrics {
  const writers: (() => string)[] = [];
  return {
    counter(name, help, labels = []) {
      const series = createSeries(labels.length, () => ({ value: 0 }));
      writers.push(() => {
        let text = head(name, help, 'counter');
        for (const [values, { value }] of series.all()) text += `${name}${braces(labels, values)} ${value}\n`;
        return text;
      });
      return { add: (amount, ...values) => void (series.of(values).value += amount) };
    },
    histogram(name, help, labels, bounds) {
      const empty = (): Buckets => ({ counts: new Float64Array(bounds.length), sum: 0, count: 0 });
      const series = createSeries(labels.length, empty);
      writers.push(() => {
        let text = head(name, help, 'histogram');
        for (const [values, one] of series.all()) text += histogramText(name, labels, values, bounds, one);
        return text;
      });
      return {
        observe(seconds, ...values) {
          const one = series.of(values);
          const at = bounds.findIndex((bound) => seconds <= bound);
          if (at >= 0) one.counts[at] = (one.counts[at] ?? 0) + 1;
          one.sum += seconds;
          one.count++;
        },
      };
    },
    gauge(name, help, labels, rows) {
      writers.push(() => {
        let text = head(name, help, 'gauge');
        for (const [value, ...values] of rows()) text += `${name}${braces(labels, values)} ${value}\n`;
        return text;
      });
    },
    text: () => writers.map((write) => write()).join(''),
  };
}

function createSeries<T>(width: number, make: () => T) {
  const series = new Map<string, readonly [readonly string[], T]>();
  const other = Array.from({ length: width }, () => 'other');
  return {
    all: () => series.values(),
    of(values: readonly string[]): T {
      const id = values.length === 1 ? (values[0] ?? '') : values.join('\n');
      const found = series.get(id);
      if (found !== undefined) return found[1];
      if (series.size >= MOST_SERIES) {
        const rest = other.join('\n');
        const known = series.get(rest);
        if (known !== undefined) return known[1];
        const made = make();
        series.set(rest, [other, made]);
        return made;
      }
      const made = make();
      series.set(id, [[...values], made]);
      return made;
    },
  };
}

function histogramText(
  name: string,
  labels: readonly string[],
  values: readonly string[],
  bounds: readonly number[],
  one: Buckets,
): string {
  let text = '';
  let below = 0;
  for (const [at, bound] of bounds.entries()) {
    below += one.counts[at] ?? 0;
    text += `${name}_bucket${braces([...labels, 'le'], [...values, String(bound)])} ${below}\n`;
  }
  text += `${name}_bucket${braces([...labels, 'le'], [...values, '+Inf'])} ${one.count}\n`;
  text += `${name}_sum${braces(labels, values)} ${one.sum}\n`;
  return `${text}${name}_count${braces(labels, values)} ${one.count}\n`;
}

function head(name: string, help: string, type: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function braces(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return '';
  return `{${names.map((name, at) => `${name}="${escaped(values[at] ?? '')}"`).join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
