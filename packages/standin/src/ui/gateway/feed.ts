import type { Active, Chain, Delta, Now, Row, Snapshot, Target } from '@standin/dashboard/api/types';

const MOST_ROWS = 2_000;

/** What the gateway told of itself, as it stands now. */
export interface Feed {
  readonly now: Now | undefined;
  readonly chains: readonly Chain[];
  readonly targets: readonly Target[];
  readonly active: readonly Active[];
  readonly activeTotal: number;
  readonly workers: number;
  /** Finished requests, newest first; those of the last events and those that were asked for. */
  readonly rows: readonly Row[];
  /** The gateway's clock minus this machine's. */
  readonly skewMs: number;
  take(name: string, data: unknown): void;
  /** Rows of a question; those known already stay one. */
  add(rows: readonly Row[]): void;
}

export function createFeed(): Feed {
  let now: Now | undefined;
  let chains: readonly Chain[] = [];
  let targets = new Map<string, Target>();
  let active: readonly Active[] = [];
  let activeTotal = 0;
  let workers = 1;
  let rows: readonly Row[] = [];
  let known = new Set<string>();
  let skewMs = 0;

  /** Oldest first, as they ended. */
  const addEnded = (more: readonly Row[]): void => {
    const fresh = more.filter((row) => !known.has(keyOf(row)));
    if (fresh.length === 0) return;
    for (const row of fresh) known.add(keyOf(row));
    rows = [...fresh.toReversed(), ...rows];
    if (rows.length <= MOST_ROWS) return;
    rows = rows.slice(0, MOST_ROWS);
    known = new Set(rows.map(keyOf));
  };
  return {
    get now() {
      return now;
    },
    get chains() {
      return chains;
    },
    get targets() {
      return [...targets.values()];
    },
    get active() {
      return active;
    },
    get activeTotal() {
      return activeTotal;
    },
    get workers() {
      return workers;
    },
    get rows() {
      return rows;
    },
    get skewMs() {
      return skewMs;
    },
    take(name, data) {
      if (name === 'snapshot') {
        const snapshot = data as Snapshot;
        skewMs = snapshot.at - Date.now();
        ({ now, chains, active, activeTotal, workers } = snapshot);
        targets = new Map(snapshot.targets.map((target) => [target.id, target]));
        addEnded(snapshot.requests.toReversed());
      } else if (name === 'delta') {
        const delta = data as Delta;
        now = delta.now;
        for (const target of delta.targets ?? []) targets.set(target.id, target);
        active = delta.active ?? active;
        activeTotal = delta.activeTotal ?? activeTotal;
        addEnded(delta.requests ?? []);
      }
    },
    add(more) {
      const fresh = more.filter((row) => !known.has(keyOf(row)));
      if (fresh.length === 0) return;
      for (const row of fresh) known.add(keyOf(row));
      rows = [...rows, ...fresh].toSorted((a, b) => b.startedAt - a.startedAt).slice(0, MOST_ROWS);
    },
  };
}

const keyOf = ({ id, startedAt }: Row): string => `${id}\n${startedAt}`;
