import { signal } from '@preact/signals';
import { Flows } from '../lib/flow.ts';
import { Series } from '../lib/series.ts';
import { ask, session } from './client.ts';
import type { Active, Chain, Delta, Now, Row, SeriesPoint, Snapshot, Target } from './types.ts';

export type Connection = 'connecting' | 'live' | 'lost';

/** What the gateway tells while the dashboard is open. One connection for all pages; it comes back by itself. */
export const connection = signal<Connection>('connecting');
export const now = signal<Now | undefined>(undefined);
export const chains = signal<readonly Chain[]>([]);
export const targets = signal<ReadonlyMap<string, Target>>(new Map());
export const active = signal<readonly Active[]>([]);
export const activeTotal = signal(0);
export const workers = signal(1);
/** Goes up with each event; what is drawn from `flows` and `series` reads it. */
export const pulse = signal(0);
/** The gateway's clock; moves on once a second also when nothing happens. */
export const clock = signal(Date.now());
/** Goes up when the gateway sent everything anew: after a reconnect, or when the config changed. */
export const snapshots = signal(0);

export const flows = new Flows();
export const series = new Series();

type Arrival = (rows: readonly Row[], omitted: number) => void;
const arrivals = new Set<Arrival>();

/** Called with finished requests, oldest first. Returns how to stop. */
export function onRequests(arrival: Arrival): () => void {
  arrivals.add(arrival);
  return () => void arrivals.delete(arrival);
}

let source: EventSource | undefined;
let retry: ReturnType<typeof setTimeout> | undefined;
let failures = 0;
/** The gateway's time minus this machine's: another machine's clock may be wrong. */
let skewMs = 0;
let isBackfilled = false;

export function connect(): void {
  if (source !== undefined) return;
  clearTimeout(retry);
  const opened = new EventSource('/api/live');
  source = opened;
  opened.addEventListener('snapshot', (event) => takeSnapshot(parsed(event) as Snapshot));
  opened.addEventListener('delta', (event) => takeDelta(parsed(event) as Delta));
  opened.addEventListener('error', () => {
    opened.close();
    if (source === opened) void reconnect();
  });
}

export function disconnect(): void {
  source?.close();
  source = undefined;
  clearTimeout(retry);
}

/** A refused session says so at the next question; else the gateway is asked again, less and less often. */
async function reconnect(): Promise<void> {
  source = undefined;
  connection.value = 'lost';
  failures += 1;
  const waitMs = Math.min(10_000, 250 * 2 ** Math.min(6, failures)) * (0.75 + Math.random() / 2);
  clearTimeout(retry);
  retry = setTimeout(() => {
    ask('/api/session').then(connect, () => {
      if (session.value !== 'none') void reconnect();
    });
  }, waitMs);
}

const parsed = (event: Event): unknown => JSON.parse((event as MessageEvent<string>).data);

function takeSnapshot(snapshot: Snapshot): void {
  failures = 0;
  skewMs = snapshot.at - Date.now();
  connection.value = 'live';
  workers.value = snapshot.workers;
  now.value = snapshot.now;
  chains.value = snapshot.chains;
  targets.value = new Map(snapshot.targets.map((target) => [target.id, target]));
  active.value = snapshot.active;
  activeTotal.value = snapshot.activeTotal;
  flows.reset(snapshot.edges, snapshot.now.windowMs, snapshot.at);
  clock.value = snapshot.at;
  if (isBackfilled) for (const row of snapshot.requests) note(row);
  else void backfill(snapshot);
  snapshots.value += 1;
  pulse.value += 1;
  tell(snapshot.requests.toReversed(), 0);
}

function takeDelta(delta: Delta): void {
  connection.value = 'live';
  now.value = delta.now;
  clock.value = delta.at;
  if (delta.targets !== undefined) {
    const next = new Map(targets.value);
    for (const target of delta.targets) next.set(target.id, target);
    targets.value = next;
  }
  if (delta.active !== undefined) active.value = delta.active;
  if (delta.activeTotal !== undefined) activeTotal.value = delta.activeTotal;
  if (delta.edges !== undefined) flows.add(delta.edges, delta.at);
  const rows = delta.requests ?? [];
  // Rows that were left out to keep the event short look like those that were not.
  const times = rows.length === 0 ? 1 : (rows.length + (delta.omitted ?? 0)) / rows.length;
  for (const row of rows) note(row, times);
  pulse.value += 1;
  if (rows.length > 0) tell(rows, delta.omitted ?? 0);
}

const counted = new Set<string>();

/** A snapshot repeats what deltas told before. */
function note(row: Row, times = 1): void {
  const key = `${row.id}\n${row.startedAt}`;
  if (counted.has(key)) return;
  counted.add(key);
  if (counted.size > 20_000) for (const old of [...counted].slice(0, 10_000)) counted.delete(old);
  series.add(row, times);
}

function tell(rows: readonly Row[], omitted: number): void {
  for (const arrival of arrivals) arrival(rows, omitted);
}

const MINUTE_MS = 60_000;

/** The charts begin with what the gateway knows of the last hour by the minute, and of this minute by the request. */
async function backfill({ at, requests }: Snapshot): Promise<void> {
  isBackfilled = true;
  const liveFrom = Math.floor(at / MINUTE_MS) * MINUTE_MS;
  try {
    const { data } = await ask<{ data: readonly SeriesPoint[] }>('/api/series?minutes=60');
    series.beginWith(data, liveFrom);
    for (const row of requests) note(row);
    const latest = await ask<{ data: readonly Row[] }>(`/api/requests?since=${liveFrom}&limit=3000`);
    for (const row of latest.data) note(row);
  } catch {
    // The charts begin now.
    for (const row of requests) note(row);
  }
  pulse.value += 1;
}

setInterval(() => {
  clock.value = Date.now() + skewMs;
}, 1_000);
