import type { Pace } from './pace.ts';
import { resultOf } from './result.ts';
import type { Asker, Signal, Tried } from './tried.ts';
import type { BatchItem, BatchResult } from './types.ts';

export interface AskOptions {
  readonly asker: Asker;
  readonly pace: Pace;
  readonly now: () => number;
  /** How often a line is asked again after its whole chain failed for a reason that passes. */
  readonly retries: number;
  readonly signal: AbortSignal;
  /** Lines that are not begun yet are let go. */
  readonly halt: AbortSignal;
  /** Nano-USD set aside for the line. */
  readonly held: () => number;
  /** Whoever asked is gone, the money may be spent. `false`: there is none to ask again. */
  readonly onLost: () => Promise<boolean>;
}

/** A rate limit is waited out by the pace, so it may take more tries than an outage. */
const TRIES_PER_RETRY_OF_A_LIMIT = 5;
/** A line that takes its worker down each time is not asked for ever. */
const MOST_LOSSES = 5;

export interface Answered {
  readonly result: BatchResult;
  readonly costNanoUsd: number | undefined;
}

/**
 * Asks one line, again where its whole chain failed for a reason that passes. Takes its turn from the pace for every
 * try. `undefined`: it was lost and there is no money to ask again. Rejects with an `AbortError` when the batch is stopped.
 */
export async function ask(item: BatchItem, options: AskOptions): Promise<Answered | undefined> {
  const { asker, pace, now, signal, halt, retries, onLost } = options;
  const tries: Tried[] = [];
  let losses = 0;
  for (let number = 1; ; number++) {
    await pace.begin(number === 1 ? halt : signal);
    const startedAt = now();
    let tried: Tried;
    try {
      tried = await asker.once(item, number, (told) => hear(told, startedAt, options), signal, options.held());
    } finally {
      pace.ended();
    }
    if (tried.lost === true) {
      losses += 1;
      const isLast = losses >= MOST_LOSSES;
      if (!isLast && (await onLost())) continue;
      if (!isLast) return undefined;
    }
    tries.push(tried);
    if (isWorthAnother(tried, tries.length, retries)) continue;
    const costNanoUsd = sumOf(tries);
    return { result: resultOf(item, tries, costNanoUsd), costNanoUsd };
  }
}

function hear(told: Signal, startedAt: number, { pace, now }: AskOptions): void {
  if (told.kind === 'accepted') pace.accepted();
  else if (told.kind === 'overloaded') pace.overloaded(startedAt);
  else pace.limited(Math.max(startedAt, now() - told.agoMs), told.retryAfterMs);
}

function isWorthAnother({ passing }: Tried, tries: number, retries: number): boolean {
  if (passing === undefined) return false;
  return tries <= (passing === 'rate-limit' ? retries * TRIES_PER_RETRY_OF_A_LIMIT : retries);
}

/** One unknown makes the sum unknown. */
function sumOf(tries: readonly Tried[]): number | undefined {
  let sum = 0;
  for (const { costNanoUsd } of tries) {
    if (costNanoUsd === undefined) return undefined;
    sum += costNanoUsd;
  }
  return sum;
}
