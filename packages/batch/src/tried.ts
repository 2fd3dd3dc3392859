import type { Standin } from '@standin/core/library/standin-types';
import type { AttemptRecord } from '@standin/core/spec/errors';
import { ProviderError, type ErrorKind } from '@standin/core/spec/index';
import type { ChatResponse } from '@standin/core/spec/response';
import { collect } from '@standin/core/stream/collect';
import { costOfAttempts, type PriceOf } from '@standin/store/money';
import { triedOf } from './result.ts';
import type { BatchItem, BatchResult } from './types.ts';

/** What one try at a line came to. Plain data: it may come from another machine. */
export interface Tried extends Pick<
  BatchResult,
  'response' | 'tool_calls' | 'error' | 'model' | 'provider' | 'usage' | 'attempts'
> {
  /** All attempts of the try; absent: not known. */
  readonly costNanoUsd?: number;
  readonly durationMs: number;
  /** It failed for a reason that passes. */
  readonly passing?: 'rate-limit' | 'trouble';
  /** Whoever asked is gone: nobody knows what came of it. */
  readonly lost?: true;
}

/** What a try tells while it goes on, for the pace. `agoMs`: how long ago the call began. */
export type Signal =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'limited'; readonly agoMs: number; readonly retryAfterMs?: number }
  | { readonly kind: 'overloaded'; readonly agoMs: number };

/** Asks lines, here or elsewhere. */
export interface Asker {
  /**
   * One try, numbered from 1, for which so much money is set aside. Rejects with an `AbortError` when `signal` aborts;
   * a failed call is a result.
   */
  once(
    item: BatchItem,
    number: number,
    tell: (signal: Signal) => void,
    signal: AbortSignal,
    heldNanoUsd: number,
  ): Promise<Tried>;
  /** The line's result is safe in the output. */
  written?(index: number): void;
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

export interface HereOptions {
  readonly standin: Standin;
  /** What a line without a model of its own is asked of; absent: the config's default. */
  readonly model?: string;
  readonly stream: boolean;
  readonly priceOf: PriceOf;
  readonly now: () => number;
}

/** Asks from this process, along the walk of the config. */
export function askerHere(options: HereOptions): Asker {
  return { once: (item, _number, tell, signal) => askHere(item, options, tell, signal) };
}

async function askHere(
  item: BatchItem,
  { standin, model, stream, priceOf, now }: HereOptions,
  tell: (signal: Signal) => void,
  signal: AbortSignal,
): Promise<Tried> {
  const attempts: AttemptRecord[] = [];
  const startedAt = now();
  let isLimited = false;
  const onAttempt = (attempt: AttemptRecord): void => {
    attempts.push(attempt);
    const agoMs = attempt.endedMs - attempt.startedMs;
    if (attempt.outcome === 'ok') tell({ kind: 'accepted' });
    else if (attempt.outcome === 'rate-limit') {
      isLimited = true;
      tell({ kind: 'limited', agoMs, retryAfterMs: attempt.retryAfterMs });
    } else if (OVERLOAD.has(attempt.outcome)) tell({ kind: 'overloaded', agoMs: now() - startedAt });
  };
  let outcome: ChatResponse | Error;
  try {
    const { request, routing } = item.decoded;
    const selector = request.model ?? model;
    const provider = standin.provider(
      selector === undefined && routing === undefined ? undefined : { model: selector, routing },
    );
    outcome = await collect(provider.chat(request, { stream, signal, onAttempt }));
  } catch (error) {
    if (signal.aborted) throw error;
    outcome = error instanceof Error ? error : new Error(String(error));
  }
  const passing = passingOf(outcome);
  // Every key was resting: nobody was asked, and nobody should be for a while.
  if (passing === 'rate-limit' && !isLimited && ProviderError.is(outcome))
    tell({ kind: 'limited', agoMs: now() - startedAt, retryAfterMs: outcome.retryAfterMs });
  const costNanoUsd = costOfAttempts(attempts, priceOf);
  return {
    ...triedOf(item, outcome, attempts),
    ...(costNanoUsd === undefined ? {} : { costNanoUsd }),
    durationMs: now() - startedAt,
    ...(passing === undefined ? {} : { passing }),
  };
}

function passingOf(outcome: ChatResponse | Error): Tried['passing'] {
  if (!(outcome instanceof Error) || !ProviderError.is(outcome) || !PASSING.has(outcome.kind)) return undefined;
  return outcome.kind === 'rate-limit' ? 'rate-limit' : 'trouble';
}
