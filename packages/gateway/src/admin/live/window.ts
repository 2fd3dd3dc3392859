import { bucketOf, createTimes, quantilesOf, type Times } from './times.ts';

const SECONDS = 60;
const RATE_SECONDS = 10;
export const WINDOW_MS = SECONDS * 1_000;
const MOST_EDGES = 200;

/** What is counted of a finished call. */
export interface Counted {
  readonly isFailed: boolean;
  /** Answered after an attempt had failed. */
  readonly isRecovered: boolean;
  /** The answer broke off and was mended. */
  readonly isRescued: boolean;
  readonly firstContentMs?: number;
  readonly tookMs: number;
  readonly edges: readonly CountedEdge[];
}

export interface CountedEdge {
  readonly from: string;
  readonly to: string;
  readonly isFailed: boolean;
}

export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly count: number;
  readonly failed: number;
}

interface Slot {
  second: number;
  requests: number;
  failed: number;
  recovered: number;
  rescued: number;
  first: number[];
  total: number[];
  edges: CountedEdge[];
}

/** The last minute, second by second. Times in Unix milliseconds. */
export interface LiveWindow {
  add(call: Counted, at: number): void;
  summary(now: number): WindowSummary;
  edges(now: number): readonly Edge[];
}

export interface WindowSummary {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly failed: number;
  readonly recovered: number;
  readonly rescued: number;
  readonly firstContentMs: ReturnType<typeof quantilesOf>;
  readonly totalMs: ReturnType<typeof quantilesOf>;
}

export function createLiveWindow(): LiveWindow {
  const slots: (Slot | undefined)[] = Array.from({ length: SECONDS }, () => undefined);
  const first = createTimes();
  const total = createTimes();
  const drop = (slot: Slot): void => {
    for (const bucket of slot.first) less(first, bucket);
    for (const bucket of slot.total) less(total, bucket);
  };
  const current = (now: number): Slot[] => {
    const oldest = Math.floor(now / 1_000) - SECONDS;
    return slots.filter((slot, index): slot is Slot => {
      if (slot === undefined || slot.second > oldest) return slot !== undefined;
      drop(slot);
      slots[index] = undefined;
      return false;
    });
  };
  return {
    add(call, at) {
      const second = Math.floor(at / 1_000);
      const index = second % SECONDS;
      let slot = slots[index];
      // What belongs to a minute that is over already is late news.
      if (slot !== undefined && slot.second > second) return;
      if (slot?.second !== second) {
        if (slot !== undefined) drop(slot);
        slot = { second, requests: 0, failed: 0, recovered: 0, rescued: 0, first: [], total: [], edges: [] };
        slots[index] = slot;
      }
      slot.requests++;
      if (call.isFailed) slot.failed++;
      if (call.isRecovered) slot.recovered++;
      if (call.isRescued) slot.rescued++;
      if (call.firstContentMs !== undefined) more(first, slot.first, call.firstContentMs);
      more(total, slot.total, call.tookMs);
      slot.edges.push(...call.edges);
    },
    summary(now) {
      const list = current(now);
      const sum = (what: (slot: Slot) => number): number => list.reduce((all, slot) => all + what(slot), 0);
      const since = Math.floor(now / 1_000) - RATE_SECONDS;
      const lately = sum((slot) => (slot.second > since ? slot.requests : 0));
      return {
        requests: sum((slot) => slot.requests),
        requestsPerSecond: lately / RATE_SECONDS,
        failed: sum((slot) => slot.failed),
        recovered: sum((slot) => slot.recovered),
        rescued: sum((slot) => slot.rescued),
        firstContentMs: quantilesOf(first),
        totalMs: quantilesOf(total),
      };
    },
    edges: (now) => sumOfEdges(current(now).flatMap((slot) => slot.edges)),
  };
}

function more(times: Times, own: number[], ms: number): void {
  const bucket = bucketOf(ms);
  times[bucket] = (times[bucket] ?? 0) + 1;
  own.push(bucket);
}

function less(times: Times, bucket: number): void {
  times[bucket] = Math.max(0, (times[bucket] ?? 0) - 1);
}

/** Edges of the same ends as one. Names may come from callers: what is too many is left out. */
export function sumOfEdges(list: Iterable<CountedEdge>): readonly Edge[] {
  const sums = new Map<string, { from: string; to: string; count: number; failed: number }>();
  for (const { from, to, isFailed } of list) {
    const id = `${from}\n${to}`;
    let edge = sums.get(id);
    if (edge === undefined) {
      if (sums.size >= MOST_EDGES) continue;
      edge = { from, to, count: 0, failed: 0 };
      sums.set(id, edge);
    }
    edge.count++;
    if (isFailed) edge.failed++;
  }
  return [...sums.values()];
}
