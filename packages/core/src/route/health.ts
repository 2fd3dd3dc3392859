/**
 * What is known about keys and targets across requests. `decide()` reads it as a snapshot; the executor reports into
 * it. Cooldowns are per key and model at one entry, and are never shortened by a later answer.
 */
export interface Health {
  /** Time (clock milliseconds) until which this key must not be used for this model; 0 when it is free. */
  coolingUntil(entry: string, fingerprint: string, model: string): number;
  /** Cool a key for one model, or for all models of the entry when `model` is `*`. `until` only ever grows. */
  cool(entry: string, fingerprint: string, model: string, until: number, reason: string): void;
  /** A key that was rejected: for all models (`*`, 401) or one (403). Skipped while any other exists, visible in `list`. */
  markBad(entry: string, fingerprint: string, model: string, reason: string): void;
  isBad(entry: string, fingerprint: string, model: string): boolean;
  /** A success clears the bad mark of the key. */
  succeeded(entry: string, fingerprint: string, model: string): void;
  list(): readonly HealthRow[];
}

export interface HealthRow {
  readonly entry: string;
  readonly fingerprint: string;
  readonly model: string;
  readonly coolingUntil: number;
  readonly reason: string;
  readonly bad: boolean;
}

interface Row {
  entry: string;
  fingerprint: string;
  model: string;
  until: number;
  reason: string;
  bad: boolean;
}

/** Health in memory, one per process. */
export function createHealth(): Health {
  const cooling = new Map<string, Row>();
  const bad = new Map<string, Row>();
  const idOf = (entry: string, fingerprint: string, model: string) => `${entry}\n${fingerprint}\n${model}`;
  return {
    coolingUntil(entry, fingerprint, model) {
      if (cooling.size === 0) return 0;
      const own = cooling.get(idOf(entry, fingerprint, model))?.until ?? 0;
      const all = cooling.get(idOf(entry, fingerprint, '*'))?.until ?? 0;
      return Math.max(own, all);
    },
    cool(entry, fingerprint, model, until, reason) {
      const id = idOf(entry, fingerprint, model);
      const row = cooling.get(id);
      if (row !== undefined && row.until >= until) return;
      cooling.set(id, { entry, fingerprint, model, until, reason, bad: false });
    },
    markBad(entry, fingerprint, model, reason) {
      bad.set(idOf(entry, fingerprint, model), { entry, fingerprint, model, until: 0, reason, bad: true });
    },
    isBad: (entry, fingerprint, model) =>
      bad.size > 0 && (bad.has(idOf(entry, fingerprint, model)) || bad.has(idOf(entry, fingerprint, '*'))),
    succeeded(entry, fingerprint, model) {
      if (bad.size === 0) return;
      bad.delete(idOf(entry, fingerprint, model));
      bad.delete(idOf(entry, fingerprint, '*'));
    },
    list: () => [...bad.values(), ...cooling.values()].map(({ until, ...row }) => ({ ...row, coolingUntil: until })),
  };
}
