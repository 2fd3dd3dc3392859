import type { Clock } from '../spec/clock.ts';
import type { ErrorDetails } from '../spec/errors.ts';
import type { Log } from '../spec/log.ts';
import type { CallMode } from '../wires/wire.ts';
import type { Health } from './health.ts';
import { DEFAULT_POLICY } from './policy.ts';
import { isRenewable } from './renew.ts';
import type { Key, Target } from './target.ts';

/** A 429 that names no wait cools its key this long. */
const DEFAULT_COOL_MS = 5_000;
/** No answer may freeze a key for longer than an hour, unless it named a used-up quota. */
const COOL_CAP_MS = 3_600_000;
const LOGIN_COOL_MS = 5_000;
const QUOTA_COOL_MS = 3_600_000;
const QUOTA_CAP_MS = 24 * 3_600_000;
/** A key that cools down again this soon is still the same story: no further line in the log. */
const SAME_STORY_MS = 60_000;
const MOST_REASON = 200;

/** Where the executor's experience goes: the shared health, and the log where that changed. */
export interface Reporting {
  readonly clock: Clock;
  readonly health: Health;
  readonly log: Log;
}

interface Pacing {
  readonly health: Health;
  readonly mode: CallMode;
}

interface Tried {
  readonly target: Target;
  readonly key: Key;
  /** It was the probe of a half-open breaker. */
  readonly probe: boolean;
}

/** Tells the shared health what one failure means for the key that was used. */
export function reportFailure(to: Reporting, tried: Tried, error: ErrorDetails, now: number): void {
  const { target, key, probe } = tried;
  const { health } = to;
  const why = error.vendorMessage ?? error.message;
  const row = DEFAULT_POLICY[error.kind];
  if (row.trips) tripBreaker(to, tried, `${error.kind}: ${why}`, now);
  else if (probe) health.released(target.entry, key.fingerprint, target.model);
  switch (row.coolKey) {
    case 'hint': {
      const ms = Math.min(error.retryAfterMs ?? DEFAULT_COOL_MS, COOL_CAP_MS);
      return cool(to, tried, ms, `rate-limit: ${why}`, now);
    }
    case 'long': {
      const ms = Math.min(Math.max(error.retryAfterMs ?? QUOTA_COOL_MS, DEFAULT_COOL_MS), QUOTA_CAP_MS);
      // An allowance may be one model's own, and asking the entry's next model costs one call at most.
      return cool(to, tried, ms, `quota: ${why}`, now);
    }
    case 'bad': {
      // Signing in again mends a login while the program runs: it is looked at again soon.
      if (isRenewable(target)) return cool(to, tried, LOGIN_COOL_MS, `${error.kind}: ${why}`, now);
      const model = error.kind === 'auth' ? '*' : target.model;
      const known = health.isBad(target.entry, key.fingerprint, model);
      health.markBad(target.entry, key.fingerprint, model, `${error.kind}: ${why}`);
      if (!known)
        to.log('warn', 'Key rejected', { ...named(tried), model, reason: shortened(`${error.kind}: ${why}`) });
      return;
    }
    case 'no':
  }
}

function tripBreaker(to: Reporting, tried: Tried, reason: string, now: number): void {
  const { target, key, probe } = tried;
  const wasShut = to.health.isShut(target.entry, key.fingerprint, target.model, now);
  to.health.failed(target.entry, key.fingerprint, target.model, now, reason, probe);
  if (probe) tellBreaker(to, tried, 'info', 'Breaker stays open: its probe failed', reason, now);
  else if (!wasShut) tellBreaker(to, tried, 'warn', 'Breaker opened', reason, now);
}

/** One request used its retries up on this target and went on to another. */
export function reportExhausted(to: Reporting, tried: Tried, error: ErrorDetails, now: number): void {
  const { entry, model } = tried.target;
  if (!DEFAULT_POLICY[error.kind].trips || to.health.isShut(entry, tried.key.fingerprint, model, now)) return;
  to.health.exhausted(entry, tried.key.fingerprint, model, now);
  const reason = `retries used up: ${error.kind}: ${error.vendorMessage ?? error.message}`;
  tellBreaker(to, tried, 'warn', 'Breaker opened', reason, now);
}

export function reportSuccess({ health, log }: Reporting, tried: Omit<Tried, 'probe'>): void {
  const was = health.succeeded(tried.target.entry, tried.key.fingerprint, tried.target.model);
  if (was === undefined) return;
  log('info', was === 'breaker' ? 'Breaker closed' : 'Key accepted again', named(tried));
}

/** Whoever said nothing until its hedge had answered is no healthier for having been hung up on. True: it was reported. */
export function reportSilence(
  to: Reporting,
  lane: Tried & { readonly startedAt: number; readonly limits: { readonly hedgeMs: number } },
): boolean {
  const { hedgeMs } = lane.limits;
  const now = to.clock.now();
  if (now - lane.startedAt < hedgeMs) return false;
  reportFailure(to, lane, { kind: 'timeout', message: `Nothing was heard within ${hedgeMs} ms.` }, now);
  return true;
}

/** A streamed call whose own first words are waited for; one that mends an answer has another measure. */
interface Paced {
  readonly target: Target;
  readonly startedAt: number;
  firstContentAt?: number;
  readonly mender?: unknown;
}

export function reportFirstContent({ health, mode }: Pacing, lane: Paced, now: number): void {
  lane.firstContentAt = now;
  if (mode === 'stream' && lane.mender === undefined)
    health.sawFirstContent(lane.target.entry, lane.target.model, now - lane.startedAt, true);
}

/** Nobody knows how long it would have taken; but so long it did. */
export function reportGivenUp({ health, mode }: Pacing, lane: Paced, error: ErrorDetails, now: number): void {
  if (mode !== 'stream' || lane.mender !== undefined || lane.firstContentAt !== undefined) return;
  const silent = error.kind === 'timeout' && (error.phase === 'headers' || error.phase === 'first-content');
  if (!silent && error.rule !== 'hedge-lost') return;
  health.sawFirstContent(lane.target.entry, lane.target.model, now - lane.startedAt, false);
}

function cool(to: Reporting, tried: Tried, ms: number, reason: string, now: number): void {
  const { target, key } = tried;
  const before = to.health.coolingUntil(target.entry, key.fingerprint, target.model);
  to.health.cool(target.entry, key.fingerprint, target.model, now + ms, reason);
  if (before + SAME_STORY_MS > now && before > 0) return;
  to.log('info', 'Key is cooling down', { ...named(tried), reason: shortened(reason), ...until(to, now + ms, now) });
}

function tellBreaker(
  to: Reporting,
  tried: Tried,
  level: 'warn' | 'info',
  message: string,
  reason: string,
  now: number,
): void {
  const { target, key } = tried;
  const at = to.health.shutUntil(target.entry, key.fingerprint, target.model);
  if (at > now) to.log(level, message, { ...named(tried), reason: shortened(reason), ...until(to, at, now) });
}

const named = ({ target, key }: Omit<Tried, 'probe'>) => ({
  provider: target.entry,
  model: target.model,
  key: key.fingerprint,
});

const until = ({ clock }: Reporting, at: number, now: number) => ({
  for_ms: Math.round(at - now),
  until: new Date(clock.wallMs() + (at - now)).toISOString(),
});

/** A vendor's message may be a page of HTML. */
function shortened(reason: string): string {
  const line = reason.replaceAll(/\s+/g, ' ');
  return line.length > MOST_REASON ? `${line.slice(0, MOST_REASON)}…` : line;
}
