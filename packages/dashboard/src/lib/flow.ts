import type { Edge } from '../api/types.ts';

/** Seconds over which a rate forgets. */
const MEMORY_S = 5;

interface Flowing {
  rate: number;
  failedRate: number;
  at: number;
}

export interface Flow {
  /** Per second. */
  readonly rate: number;
  readonly failedRate: number;
}

const STILL: Flow = { rate: 0, failedRate: 0 };

/** Traffic along the edges of the chain as rates that fade: what a delta counted is spread over the next seconds. */
export class Flows {
  readonly #edges = new Map<string, Flowing>();

  /** Edges of a snapshot: what passed within `windowMs`. */
  reset(edges: readonly Edge[], windowMs: number, now: number): void {
    this.#edges.clear();
    const seconds = Math.max(1, windowMs / 1_000);
    for (const { from, to, count, failed } of edges)
      this.#edges.set(keyOf(from, to), { rate: count / seconds, failedRate: failed / seconds, at: now });
  }

  add(edges: readonly Edge[], now: number): void {
    for (const { from, to, count, failed } of edges) {
      const key = keyOf(from, to);
      const flowing = this.#edges.get(key) ?? { rate: 0, failedRate: 0, at: now };
      const left = fading(flowing.at, now);
      this.#edges.set(key, {
        rate: flowing.rate * left + count / MEMORY_S,
        failedRate: flowing.failedRate * left + failed / MEMORY_S,
        at: now,
      });
    }
  }

  of(from: string, to: string, now: number): Flow {
    const flowing = this.#edges.get(keyOf(from, to));
    if (flowing === undefined) return STILL;
    const left = fading(flowing.at, now);
    return { rate: clean(flowing.rate * left), failedRate: clean(flowing.failedRate * left) };
  }

  /** Everything that arrives at a target, wherever it comes from. */
  into(to: string, now: number): Flow {
    let rate = 0;
    let failedRate = 0;
    for (const key of this.#edges.keys()) {
      const [from = '', target] = key.split('\n');
      if (target !== to) continue;
      const flow = this.of(from, to, now);
      rate += flow.rate;
      failedRate += flow.failedRate;
    }
    return { rate, failedRate };
  }
}

const keyOf = (from: string, to: string): string => `${from}\n${to}`;
const fading = (since: number, now: number): number => Math.exp(-Math.max(0, now - since) / 1_000 / MEMORY_S);
/** Below one call in a minute an edge counts as still. */
const clean = (rate: number): number => (rate < 1 / 60 ? 0 : rate);
