/**
 * What is known about keys and targets across requests. `decide()` reads it as a snapshot; the executor reports into
 * it. Cooldowns are per key and model at one entry, and are never shortened by a later answer.
 */
export interface Health {
  /** Time (clock milliseconds) until which this key must not be used for this model; 0 when it is free. */
  coolingUntil(entry: string, fingerprint: string, model: string): number;
  /** Cool a key for one model, or for all models of the entry when `model` is `*`. `until` only ever grows. */
  cool(entry: string, fingerprint: string, model: string, until: number, reason: string): void;
  /** A key that was rejected (401/403): skipped while any other exists, visible in `list`. */
  markBad(entry: string, fingerprint: string, reason: string): void;
  isBad(entry: string, fingerprint: string): boolean;
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
}

/** Health in memory, one per process. */
export function createHealth(): Health {
  const rows = new Map<string, Row>();
  const bad = new Map<string, string>();
  const rowKey = (entry: string, fingerprint: string, model: string) => `${entry}\n${fingerprint}\n${model}`;
  const badKey = (entry: string, fingerprint: string) => `${entry}\n${fingerprint}`;
  return {
    coolingUntil(entry, fingerprint, model) {
      if (rows.size === 0) return 0;
      const own = rows.get(rowKey(entry, fingerprint, model))?.until ?? 0;
      const all = rows.get(rowKey(entry, fingerprint, '*'))?.until ?? 0;
      return Math.max(own, all);
    },
    cool(entry, fingerprint, model, until, reason) {
      const key = rowKey(entry, fingerprint, model);
      const row = rows.get(key);
      if (row !== undefined && row.until >= until) return;
      rows.set(key, { entry, fingerprint, model, until, reason });
    },
    markBad(entry, fingerprint, reason) {
      bad.set(badKey(entry, fingerprint), reason);
    },
    isBad: (entry, fingerprint) => bad.size > 0 && bad.has(badKey(entry, fingerprint)),
    succeeded(entry, fingerprint) {
      if (bad.size > 0) bad.delete(badKey(entry, fingerprint));
    },
    list() {
      const list: HealthRow[] = [...rows.values()].map((row) => ({
        entry: row.entry,
        fingerprint: row.fingerprint,
        model: row.model,
        coolingUntil: row.until,
        reason: row.reason,
        bad: bad.has(badKey(row.entry, row.fingerprint)),
      }));
      for (const [key, reason] of bad) {
        const [entry = '', fingerprint = ''] = key.split('\n');
        if (list.some((row) => row.entry === entry && row.fingerprint === fingerprint)) continue;
        list.push({ entry, fingerprint, model: '*', coolingUntil: 0, reason, bad: true });
      }
      return list;
    },
  };
}
