import type { Standin } from '@standin/core/library/standin-types';
import type { AttemptRecord } from '@standin/core/spec/errors';
import { ProviderError, type ErrorKind } from '@standin/core/spec/index';
import type { ChatResponse } from '@standin/core/spec/response';
import { collect } from '@standin/core/stream/collect';
import { costOfAttempts, type PriceOf } from '@standin/store/money';
import type { Pace } from './pace.ts';
import { resultOf } from './result.ts';
import type { BatchItem, BatchResult } from './types.ts';

export interface AskOptions {
  readonly standin: Standin;
  /** What a line without a model of its own is asked of; absent: the config's default. */
  readonly model?: string;
  readonly stream: boolean;
  readonly priceOf: PriceOf;
  readonly pace: Pace;
  readonly now: () => number;
  /** How often a line is asked again after its whole chain failed for a reason that passes. */
  readonly retries: number;
  readonly signal: AbortSignal;
}

/** The chain may work later: not the line's fault. */
const PASSING: ReadonlySet<ErrorKind> = new Set([
  'network',
  'timeout',
  'rate-limit',
  'overloaded',
  'server',
  'protocol',
  'empty',
  'truncated',
]);
const OVERLOAD: ReadonlySet<ErrorKind> = new Set(['overloaded', 'timeout']);

/** A rate limit is waited out by the pace, so it may take more tries than an outage. */
const TRIES_PER_RETRY_OF_A_LIMIT = 5;

export interface Answered {
  readonly result: BatchResult;
  readonly costNanoUsd: number | undefined;
}

/**
 * Asks one line, again where its whole chain failed for a reason that passes. Takes its turn from the pace for every
 * try. Rejects with an `AbortError` only when the batch is stopped.
 */
export async function ask(item: BatchItem, options: AskOptions): Promise<Answered> {
  const { pace, now, signal, retries, priceOf } = options;
  const attempts: AttemptRecord[] = [];
  let took = 0;
  for (let tries = 1; ; tries++) {
    await pace.begin(signal);
    const startedAt = now();
    let outcome: ChatResponse | Error;
    try {
      outcome = await askOnce(item, attempts, startedAt, options);
    } catch (error) {
      if (signal.aborted) throw error;
      outcome = error instanceof Error ? error : new Error(String(error));
    } finally {
      took += now() - startedAt;
      pace.ended();
    }
    if (outcome instanceof Error && isWorthAnother(outcome, tries, retries)) continue;
    const costNanoUsd = costOfAttempts(attempts, priceOf);
    return { result: resultOf(item, outcome, attempts, costNanoUsd, took), costNanoUsd };
  }
}

function isWorthAnother(error: Error, tries: number, retries: number): boolean {
  if (!ProviderError.is(error) || !PASSING.has(error.kind)) return false;
  return tries <= (error.kind === 'rate-limit' ? retries * TRIES_PER_RETRY_OF_A_LIMIT : retries);
}

async function askOnce(
  { decoded }: BatchItem,
  attempts: AttemptRecord[],
  startedAt: number,
  { standin, model, stream, pace, signal, now }: AskOptions,
): Promise<ChatResponse> {
  const { request, routing } = decoded;
  const selector = request.model ?? model;
  const provider = standin.provider(
    selector === undefined && routing === undefined ? undefined : { model: selector, routing },
  );
  let isLimited = false;
  const onAttempt = (attempt: AttemptRecord): void => {
    attempts.push(attempt);
    if (attempt.outcome === 'ok') return pace.accepted();
    if (attempt.outcome === 'rate-limit') {
      isLimited = true;
      pace.limited(Math.max(startedAt, now() - (attempt.endedMs - attempt.startedMs)), attempt.retryAfterMs);
    } else if (OVERLOAD.has(attempt.outcome)) pace.overloaded(startedAt);
  };
  try {
    return await collect(provider.chat(request, { stream, signal, onAttempt }));
  } catch (error) {
    // Every key was resting: nobody was asked, and nobody should be for a while.
    if (ProviderError.is(error) && error.kind === 'rate-limit' && !isLimited)
      pace.limited(startedAt, error.retryAfterMs);
    throw error;
  }
}
