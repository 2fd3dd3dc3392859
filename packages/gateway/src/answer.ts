import type { Answering, RunSink } from '@standin/core/route/run-types';
import type { AttemptRecord, ProviderError } from '@standin/core/spec/errors';
import type { CallerFailure } from './caller-errors.ts';
import { headerValue } from './exchange.ts';

/**
 * The caller's side of one run. Bytes of a vendor that speaks the caller's own protocol will be relayed by a third
 * kind of answer, beside the streamed and the whole one, behind this same interface.
 */
export interface Answer extends RunSink {
  /** Bytes went out already: end with the protocol's own error, and nothing that looks like a finish. */
  failInBand(failure: CallerFailure): void;
  /** Who answers; absent: nobody yet, or it is told at the end only. */
  readonly answering?: Answering;
  /** The call is over; timers and lists let go of the answer. */
  release(): void;
}

/** Who answered, for headers and trailers: name, value, name, value … */
export function answerHeaders(provider: string, model: string, attempts: number): string[] {
  return [
    'x-standin-provider',
    headerValue(provider),
    'x-standin-model',
    headerValue(model),
    'x-standin-attempts',
    attempts === 1 ? '1' : `${attempts}`,
  ];
}

/** Attempts at vendors, those that a Standin behind a target made included. */
export function vendorAttempts(attempts: readonly AttemptRecord[]): number {
  let count = 0;
  for (const attempt of attempts) count += attempt.attempts ?? 1;
  return count;
}

/** The same of a failed run: the target that was asked last. */
export function failedHeaders(error: ProviderError, attempts: readonly AttemptRecord[]): string[] {
  const last = attempts.at(-1);
  const headers = ['x-standin-attempts', `${vendorAttempts(attempts)}`];
  const provider = last?.provider ?? error.provider;
  const model = last?.model ?? error.model;
  if (provider !== undefined) headers.push('x-standin-provider', headerValue(provider));
  if (model !== undefined) headers.push('x-standin-model', headerValue(model));
  return headers;
}
