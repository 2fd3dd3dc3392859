import type { Standin } from '@standin/core/library/standin-types';
import type { Clock } from '@standin/core/spec/clock';
import type { JsonObject } from '@standin/core/spec/json';
import type { RequestEntry, RequestLog } from '@standin/store/entry';
import type { Ledger } from '@standin/store/ledger';
import { usdText } from '@standin/store/money';
import { attemptsOfRows, attemptsSince, listRequests, totalsSince } from '@standin/store/query';
import type { UnderWay } from '../../exchange.ts';
import { rowOfEntry, rowOfLedger, rowOfRecord, type Row } from '../rows.ts';
import { activeOf, type Active } from './active.ts';
import { chainsOf, shownTargets, type Chains, type ShownTarget } from './chain.ts';
import { countedEntry, countedRow } from './counted.ts';
import { createLiveWindow, sumOfEdges, WINDOW_MS, type CountedEdge, type LiveWindow } from './window.ts';

/** Events at most so often. */
export const INTERVAL_MS = 250;
const MOST_ROWS = 250;
const RECENT = 100;
const MOST_SEEDED = 5_000;
const DAY_MS = 86_400_000;
/** What other processes spent is looked up this often. */
const TODAY_EVERY_MS = 10_000;

export interface LiveSource {
  readonly clock: Clock;
  readonly getStandin: () => Standin;
  readonly underWay: Iterable<UnderWay> & { readonly size: number };
  readonly ledger: Ledger | undefined;
  readonly workers: number;
}

interface Today {
  day: number;
  requests: number;
  nanoUsd: number;
  unknown: number;
  readAt: number;
}

/** What is going on, gathered while somebody looks; else `ended` returns at once. */
export interface LivePicture extends RequestLog {
  start(): void;
  stop(): void;
  snapshot(): JsonObject;
  /** What changed since the last look; `undefined`: nothing. `isNew`: another config, so that a snapshot is due. */
  delta(): { readonly data: JsonObject; readonly isNew: boolean } | undefined;
}

export function createLivePicture(source: LiveSource): LivePicture {
  const { clock, getStandin, underWay, ledger, workers } = source;
  let isOn = false;
  let window: LiveWindow = createLiveWindow();
  let recent: Row[] = [];
  let fresh: RequestEntry[] = [];
  let omitted = 0;
  let edges: CountedEdge[] = [];
  let today: Today = { day: 0, requests: 0, nanoUsd: 0, unknown: 0, readAt: Number.NEGATIVE_INFINITY };
  let standin = getStandin();
  let chains: Chains = { chains: [], targets: [] };
  let lastTargets = new Map<string, string>();
  let lastActive = '';
  let lastNow = '';

  const readToday = (): void => {
    const now = clock.wallMs();
    const day = Math.floor(now / DAY_MS);
    const isDue = today.day !== day || (workers > 1 && clock.now() - today.readAt > TODAY_EVERY_MS);
    if (!isDue) return;
    const sums = ledger === undefined ? NOTHING : totalsSince(ledger.db, day * DAY_MS);
    today = { day, ...sums, readAt: clock.now() };
  };
  const nowOf = (): JsonObject => {
    const { requests, requestsPerSecond, failed, recovered, rescued, firstContentMs, totalMs } = window.summary(
      clock.wallMs(),
    );
    const share = (part: number): number => (requests === 0 ? 0 : Math.round((part / requests) * 10_000) / 10_000);
    readToday();
    return {
      windowMs: WINDOW_MS,
      requests,
      requestsPerSecond,
      failed,
      recovered,
      rescued,
      recoveredShare: share(recovered),
      rescuedShare: share(rescued),
      firstContentMs: firstContentMs === null ? null : { ...firstContentMs },
      totalMs: totalMs === null ? null : { ...totalMs },
      today: { requests: today.requests, costUsd: usdText(today.nanoUsd), unknownCost: today.unknown },
      open: underWay.size,
    };
  };
  const targetsOf = (active: readonly Active[]): readonly ShownTarget[] => {
    const open = new Map<string, number>();
    for (const { target } of active) if (target !== null) open.set(target, (open.get(target) ?? 0) + 1);
    return shownTargets(standin, chains.targets, clock, (id) => open.get(id) ?? 0);
  };
  const plain = (value: unknown): JsonObject[] => value as JsonObject[];

  return {
    ended(entry) {
      if (today.day !== 0) count(today, entry, clock.wallMs());
      if (!isOn) return;
      const counted = countedEntry(entry);
      window.add(counted, clock.wallMs());
      if (edges.length < MOST_SEEDED) edges.push(...counted.edges);
      if (fresh.length < MOST_ROWS) fresh.push(entry);
      else omitted++;
    },
    start() {
      if (isOn) return;
      isOn = true;
      standin = getStandin();
      chains = chainsOf(standin);
      window = createLiveWindow();
      recent = seed(window, source);
      [fresh, edges, omitted] = [[], [], 0];
      [lastTargets, lastActive, lastNow] = [new Map(), '', ''];
    },
    stop() {
      isOn = false;
      [fresh, edges, recent] = [[], [], []];
      window = createLiveWindow();
    },
    snapshot() {
      const { active, total } = activeOf(underWay, standin);
      return {
        at: clock.wallMs(),
        intervalMs: INTERVAL_MS,
        workers,
        now: nowOf(),
        chains: plain(chains.chains),
        targets: plain(targetsOf(active)),
        edges: plain(window.edges(clock.wallMs())),
        active: plain(active),
        activeTotal: total,
        requests: [...recent],
      };
    },
    delta() {
      const current = getStandin();
      const isNew = current !== standin;
      if (isNew) {
        standin = current;
        chains = chainsOf(standin);
        lastTargets = new Map();
      }
      const now = nowOf();
      const { active, total } = activeOf(underWay, standin);
      const targets = targetsOf(active).filter((target) => isChanged(lastTargets, target));
      const shownActive = JSON.stringify(active);
      const rows = fresh.map(rowOfEntry);
      recent = [...rows.toReversed(), ...recent].slice(0, RECENT);
      const shownNow = JSON.stringify(now);
      const isQuiet = rows.length === 0 && targets.length === 0 && shownActive === lastActive && shownNow === lastNow;
      const data: JsonObject = {
        at: clock.wallMs(),
        now,
        ...(targets.length === 0 ? {} : { targets: plain(targets) }),
        ...(edges.length === 0 ? {} : { edges: plain(sumOfEdges(edges)) }),
        ...(shownActive === lastActive ? {} : { active: plain(active) }),
        activeTotal: total,
        ...(rows.length === 0 ? {} : { requests: rows }),
        omitted,
      };
      [fresh, edges, omitted] = [[], [], 0];
      [lastActive, lastNow] = [shownActive, shownNow];
      return isQuiet && !isNew ? undefined : { data, isNew };
    },
  };
}

const NOTHING = { requests: 0, nanoUsd: 0, unknown: 0 };

function isChanged(last: Map<string, string>, target: ShownTarget): boolean {
  const shown = JSON.stringify(target);
  if (last.get(target.id) === shown) return false;
  last.set(target.id, shown);
  return true;
}

function count(today: Today, { costNanoUsd, attempts }: RequestEntry, now: number): void {
  if (today.day !== Math.floor(now / DAY_MS)) return;
  today.requests++;
  today.nanoUsd += costNanoUsd ?? 0;
  if (costNanoUsd === undefined && attempts.length > 0) today.unknown++;
}

/** The minute before anybody looked, and the last requests, newest first. */
function seed(window: LiveWindow, { ledger, clock, getStandin }: LiveSource): Row[] {
  if (ledger === undefined) {
    const records = getStandin().records.list(RECENT);
    return records.filter(({ outcome }) => outcome !== 'pending').map(rowOfRecord);
  }
  try {
    ledger.flush();
  } catch {
    // What waits is missing in the first picture only.
  }
  const since = clock.wallMs() - WINDOW_MS;
  const attempts = attemptsSince(ledger.db, since, MOST_SEEDED);
  const rows = listRequests(ledger.db, { since }, { limit: MOST_SEEDED });
  for (const row of rows.toReversed())
    window.add(countedRow(row, attempts.get(row.seq) ?? []), row.started_at + row.took_ms);
  const recent = listRequests(ledger.db, {}, { limit: RECENT });
  const steps = attemptsOfRows(ledger.db, recent);
  return recent.map((row) => rowOfLedger(row, steps.get(row.seq)));
}
