import { attemptBudget } from '../route/budget.ts';
import { DEFAULT_LIMITS, type Limits, type Target } from '../route/target.ts';
import type { RoutingOptions } from './routing-options.ts';
import type { ReliabilityFields } from './schema/reliability.ts';

/** Limits of one request: the caller's options over `[reliability]` over the defaults. */
export function limitsFor(
  targets: readonly Target[],
  reliability: ReliabilityFields | undefined,
  routing: RoutingOptions,
): Limits {
  const stated = reliability ?? {};
  const ms = (seconds: number | undefined, otherwise: number) => (seconds === undefined ? otherwise : seconds * 1000);
  const retries = routing.retries ?? stated.provider_retries;
  const deadlineMs = ms(stated.deadline_secs, DEFAULT_LIMITS.deadlineMs);
  return {
    deadlineMs: routing.timeoutMs === undefined ? deadlineMs : Math.min(routing.timeoutMs, deadlineMs),
    maxAttempts: attemptBudget(targets, {
      ...(stated.max_attempts === undefined ? {} : { maxAttempts: stated.max_attempts }),
      ...(retries === undefined ? {} : { retriesPerTarget: retries }),
    }),
    retriesPerTarget: retries ?? DEFAULT_LIMITS.retriesPerTarget,
    backoffMs: stated.provider_backoff_ms ?? DEFAULT_LIMITS.backoffMs,
    backoffCapMs: stated.provider_backoff_cap_ms ?? DEFAULT_LIMITS.backoffCapMs,
    retryAfterWaitMs: ms(stated.retry_after_wait_secs, DEFAULT_LIMITS.retryAfterWaitMs),
    connectMs: ms(stated.connect_timeout_secs, DEFAULT_LIMITS.connectMs),
    hedgeMs: ms(stated.hedge_secs, DEFAULT_LIMITS.hedgeMs),
    firstContentMs: ms(stated.first_content_secs, DEFAULT_LIMITS.firstContentMs),
    firstContentLastMs: ms(stated.first_content_last_secs, DEFAULT_LIMITS.firstContentLastMs),
    wholeAnswerMs: ms(stated.whole_answer_secs, DEFAULT_LIMITS.wholeAnswerMs),
    wholeAnswerLastMs: ms(stated.whole_answer_last_secs, DEFAULT_LIMITS.wholeAnswerLastMs),
    idleMs: ms(stated.idle_secs, DEFAULT_LIMITS.idleMs),
    ...(stated.adaptive_limits === false
      ? {}
      : {
          // What was stated is meant: it does not move.
          hedgeRangeMs: stated.hedge_secs === undefined ? DEFAULT_LIMITS.hedgeRangeMs : undefined,
          firstContentRangeMs: stated.first_content_secs === undefined ? DEFAULT_LIMITS.firstContentRangeMs : undefined,
        }),
    minCharsPerSecond: stated.min_chars_per_sec ?? 0,
    throughputWindowMs: ms(stated.throughput_window_secs, 10_000),
  };
}
