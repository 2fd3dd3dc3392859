import type { Signal, Tried } from '../tried.ts';

/** BullMQ's queue of tries. All batches share it, so that any worker serves any batch. */
export const QUEUE = 'batch';
/** Before all names in Redis. In braces, so that a cluster keeps them on one node. */
export const PREFIX = '{standin}';

/** Hash of the live workers: id → `WorkerBeat`. */
export const WORKERS = `${PREFIX}:batch-workers`;
/** Stream in which workers hand back what they have of a batch. */
export const answersOf = (batch: string): string => `${PREFIX}:batch-answers:${batch}`;
/** Hash of the money set aside: index → nano-USD. */
export const heldOf = (batch: string): string => `${PREFIX}:batch-held:${batch}`;

export const jobIdOf = (batch: string, index: number, number: number): string => `${batch}-${index}-${number}`;

/** How long answers that nobody collects are kept, seconds: `--resume` picks them up. */
export const KEPT_S = 7 * 24 * 3_600;

/** How often workers say that they live, and the collector looks, milliseconds. */
export const BEAT_MS = 2_000;
/** Without a beat for so many of them a worker is gone. */
export const BEATS_TO_LIVE = 4;
/** A worker that does not renew its job's lock for so long is gone, milliseconds. */
export const LOCK_MS = 10_000;

/** One try, as it waits in the queue. */
export interface TryJob {
  readonly batch: string;
  readonly index: number;
  readonly number: number;
  readonly id?: string;
  /** The record of the input, JSON. */
  readonly source: string;
  readonly model?: string;
  readonly stream: boolean;
}

export interface WorkerBeat {
  /** Redis's clock, milliseconds. */
  readonly at: number;
  /** Tries it takes at once. */
  readonly capacity: number;
  /** Ids of the jobs it is at. */
  readonly jobs: readonly string[];
  readonly host: string;
  readonly pid: number;
}

/** One entry of the answers: something for the pace, or what a try came to. */
export interface Told {
  readonly index: number;
  readonly number: number;
  readonly signal?: Signal;
  readonly tried?: Tried;
}

/** Redis's clock in milliseconds: the one that all machines share. */
export async function redisNow(redis: { time(): Promise<unknown> }): Promise<number> {
  const [seconds, micros] = (await redis.time()) as [number | string, number | string];
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
}

export function parseBeat(text: string): WorkerBeat | undefined {
  try {
    return JSON.parse(text) as WorkerBeat;
  } catch {
    return undefined;
  }
}
