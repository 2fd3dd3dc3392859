import type { AttemptRecord, ErrorDetails } from '../spec/errors.ts';
import type { StreamEvent } from '../spec/event.ts';
import { mergeUsage, type Usage } from '../spec/usage.ts';
import type { AttemptHandle } from './attempt.ts';
import type { AttemptLimits } from './limits.ts';
import type { Mender } from './mend.ts';
import type { Pace } from './pace.ts';
import type { Answering } from './run-types.ts';
import type { Key, Target } from './target.ts';
import type { AttemptDecision } from './walk-state.ts';

/** One attempt under way, with everything that belongs to it alone. Two while a hedge runs. */
export interface Lane {
  readonly decision: AttemptDecision;
  readonly target: Target;
  readonly key: Key;
  /** Clock milliseconds. */
  readonly startedAt: number;
  /** It is the one probe of a half-open breaker. */
  readonly probe: boolean;
  handle?: AttemptHandle;
  /** Ended or given up: its callbacks are ignored. */
  over: boolean;
  /** Events from before the commit point. */
  held: StreamEvent[];
  /** The vendor's bytes behind them, while every one of them may be relayed. */
  heldFrames: Uint8Array[] | undefined;
  firstContentAt?: number;
  readonly limits: AttemptLimits;
  /** What the limits follow; absent: they are the plan's own. */
  readonly pace?: Pace;
  usage?: Usage;
  /** It went on with the answer at this many characters of delivered text. */
  splicedAt?: number;
  /** Set when the lane mends a broken answer. */
  readonly mender?: Mender;
}

/** Vendors tell usage in parts, in any event. */
export function noteUsage(lane: Lane, events: readonly StreamEvent[]): void {
  for (const event of events) {
    if (event.type !== 'usage' && event.type !== 'finish') continue;
    if (event.usage !== undefined) lane.usage = mergeUsage(lane.usage, event.usage);
  }
}

/** The lane as it stands in the record. */
export function recordOf(lane: Lane, requestStartedAt: number, now: number, error?: ErrorDetails): AttemptRecord {
  const since = (at: number): number => Math.round(at - requestStartedAt);
  const { decision, target, handle } = lane;
  const facts = handle?.facts;
  return {
    attempt: decision.state.attempts,
    provider: target.entry,
    model: target.model,
    wire: 'endpoint' in target.via ? target.via.endpoint.wire.id : undefined,
    url: facts?.url === undefined ? undefined : shownUrl(facts.url),
    key: lane.key.fingerprint,
    outcome: error?.kind ?? 'ok',
    status: error?.status ?? facts?.status,
    code: error?.code,
    message: error === undefined ? undefined : (error.vendorMessage ?? error.message),
    requestId: error?.requestId ?? facts?.requestId,
    startedMs: since(lane.startedAt),
    firstContentMs: lane.firstContentAt === undefined ? undefined : since(lane.firstContentAt),
    endedMs: since(now),
    waitedMs: Math.round(decision.waitMs),
    retryAfterMs: error?.retryAfterMs,
    phase: error?.phase,
    reason: decision.reason,
    rule: error?.rule,
    rescue: decision.rescue,
    splicedAt: lane.splicedAt,
    paced: pacedOf(lane),
    usage: lane.usage,
    attempts: facts?.attempts,
    bytes: facts?.bytes,
    lost: facts !== undefined && facts.lost.length > 0 ? facts.lost : undefined,
  };
}

function pacedOf({ pace, limits }: Lane): AttemptRecord['paced'] {
  if (pace === undefined) return undefined;
  const { samples, p95Ms } = pace;
  return { hedgeMs: limits.hedgeMs, firstContentMs: limits.firstContentMs, samples, p95Ms };
}

/** A record is shown to people: what an address carries before `@` or in its query may be a key. */
function shownUrl(url: string): string {
  const known = shownUrls.get(url);
  if (known !== undefined) return known;
  const shown = shownOf(url);
  // A gateway asks few addresses; where the model is part of them it may be a caller's.
  if (shownUrls.size >= MOST_URLS) shownUrls.clear();
  shownUrls.set(url, shown);
  return shown;
}

const MOST_URLS = 1_000;
const shownUrls = new Map<string, string>();

function shownOf(url: string): string {
  return url.replace(/\/\/[^/?#]*@/, '//…@').replace(/([?&](?!alt=|api-version=)[^=&#]+=)[^&#]*/g, '$1…');
}

/** Who answers, for whoever passes the answer on. */
export function answering({ target, decision, handle }: Lane): Answering {
  const nested = (handle?.facts.attempts ?? 1) - 1;
  return { target, attempt: decision.state.attempts + nested, requestId: handle?.facts.requestId };
}
