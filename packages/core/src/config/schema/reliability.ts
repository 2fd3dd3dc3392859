import { z } from 'zod';

import { DEFAULT_LIMITS } from '../../route/target.ts';
import { field, foreignKeys } from './meta.ts';
import { secretText } from './secret.ts';

const seconds = z.number().positive().max(86_400);
const secs = (ms: number) => String(ms / 1000);

/** `[reliability]`: every value has a default that suits most people. */
export const reliabilitySchema = z.strictObject({
  rescue: field(z.enum(['off', 'verified', 'continue']), {
    description: 'What may mend a stream that broke after delivery began.',
    defaultText: 'verified',
  }),
  provider_retries: field(z.int().min(0).max(100), {
    description: 'Retries of one target after its first attempt.',
    defaultText: String(DEFAULT_LIMITS.retriesPerTarget),
  }),
  provider_backoff_ms: field(z.int().min(0).max(600_000), {
    description: 'First wait between retries in milliseconds; doubles, with full jitter.',
    defaultText: String(DEFAULT_LIMITS.backoffMs),
  }),
  provider_backoff_cap_ms: field(z.int().min(0).max(600_000), {
    description: 'Longest wait between retries in milliseconds.',
    defaultText: String(DEFAULT_LIMITS.backoffCapMs),
  }),
  api_keys: field(z.array(secretText), {
    description: "Further keys of the default agent's entry, used in turn.",
    secret: true,
  }),
  max_attempts: field(z.int().min(1).max(1000), {
    description: 'Most attempts of one request. Unset: 6, or one for each key of each target if that is more.',
    defaultText: String(DEFAULT_LIMITS.maxAttempts),
  }),
  deadline_secs: field(seconds, {
    description: 'Most time for one request, waits included, in seconds.',
    defaultText: secs(DEFAULT_LIMITS.deadlineMs),
  }),
  connect_timeout_secs: field(seconds, {
    description: 'Most time to a usable connection, in seconds.',
    defaultText: secs(DEFAULT_LIMITS.connectMs),
  }),
  hedge_secs: field(seconds, {
    description: 'No content by then while another target is left: that one is asked too. Seconds.',
    defaultText: secs(DEFAULT_LIMITS.hedgeMs),
  }),
  first_content_secs: field(seconds, {
    description: 'No content by then while another target is left: go on to it. Seconds.',
    defaultText: secs(DEFAULT_LIMITS.firstContentMs),
  }),
  first_content_last_secs: field(seconds, {
    description: 'The same for the last target. Seconds.',
    defaultText: secs(DEFAULT_LIMITS.firstContentLastMs),
  }),
  whole_answer_secs: field(seconds, {
    description: 'Most time for an answer that is not streamed while another target is left. Seconds.',
    defaultText: secs(DEFAULT_LIMITS.wholeAnswerMs),
  }),
  whole_answer_last_secs: field(seconds, {
    description: 'The same for the last target. Seconds.',
    defaultText: secs(DEFAULT_LIMITS.wholeAnswerLastMs),
  }),
  idle_secs: field(seconds, {
    description: 'Longest silence between content after the first. Seconds.',
    defaultText: secs(DEFAULT_LIMITS.idleMs),
  }),
  adaptive_limits: field(z.boolean(), {
    description:
      'Once enough is seen of a model, hedge_secs and first_content_secs follow its own first-content times, within 3 to 11 s and 8 to 25 s. One that is stated here stays as stated.',
    defaultText: 'true',
  }),
  min_chars_per_sec: field(z.number().min(0).max(1_000_000), {
    description: 'A stream of fewer characters a second than this counts as stalled. 0: off.',
    defaultText: '0',
  }),
  throughput_window_secs: field(seconds, {
    description: 'The time over which min_chars_per_sec is measured. Seconds.',
    defaultText: secs(DEFAULT_LIMITS.throughputWindowMs ?? 10_000),
  }),
  retry_after_wait_secs: field(z.number().min(0).max(86_400), {
    description: 'A Retry-After up to this long is waited for on the same key. Seconds.',
    defaultText: secs(DEFAULT_LIMITS.retryAfterWaitMs),
  }),
  route_around_content_policy: field(z.boolean(), {
    description: 'A content-policy refusal moves on to the next target instead of ending in a clear error.',
    defaultText: 'false',
  }),
  fallback_providers: field(z.array(z.string().min(1)), {
    description: "Further fallbacks of the default agent's entry: `<type>.<alias>` or the name of a slot.",
  }),
  model_fallbacks: field(z.record(z.string().min(1), z.array(z.string().min(1))), {
    description: 'Model id → other models of the same vendor, tried in order.',
  }),
  ...foreignKeys(
    ['channel_initial_backoff_secs', 'channel_max_backoff_secs', 'scheduler_poll_secs', 'scheduler_retries'],
    'ZeroClaw',
  ),
});

export type ReliabilityFields = z.output<typeof reliabilitySchema>;
