import { validateStream } from '@standin/core/stream/validate';
import type { AttemptRecord, ProviderError, StreamEvent } from '@standin/core/spec/index';
import type { Plan } from '@standin/core/route/target';
import type { FaultRow } from './faults.ts';

/** What a caller sees. `wait`: the same target answered after a wait; `broken`: something that must not happen. */
export type Outcome = 'answer' | 'retry' | 'wait' | 'next' | 'rescued' | 'error' | 'broken';

/** One call as its caller saw it. Times in milliseconds of the rehearsed, not the real clock. */
export interface Played {
  readonly events: readonly StreamEvent[];
  readonly text: string;
  readonly error?: ProviderError;
  readonly attempts: readonly AttemptRecord[];
  readonly tookMs: number;
  readonly ended: boolean;
}

export interface Judgement {
  readonly outcome: Outcome;
  /** What must not happen and did, or why there was no answer. */
  readonly note?: string;
}

/** Waits below this are backoff, not worth the word. */
const WAIT_MS = 1_000;

/** Compares what a caller saw with what the config promises for this fault at this target. */
export function judge(fault: FaultRow, position: number, plan: Plan, expected: string, played: Played): Judgement {
  const wrong = violation(plan, expected, played);
  if (wrong !== undefined) return { outcome: 'broken', note: wrong };
  const hoped = hopes(fault, position, plan);
  if (played.error !== undefined) {
    const note = firstLine(played.error);
    return hoped
      ? { outcome: 'broken', note: `no answer, though one was to be had: ${note}` }
      : { outcome: 'error', note };
  }
  if (!hoped && mustFail(fault)) return { outcome: 'broken', note: 'an answer where only an error is honest' };
  return { outcome: outcomeOf(played, position, plan) };
}

function violation(
  plan: Plan,
  expected: string,
  { events, text, error, attempts, tookMs, ended }: Played,
): string | undefined {
  if (!ended) return 'the call never ended';
  if (attempts.length > plan.limits.maxAttempts)
    return `${attempts.length} attempts, the budget is ${plan.limits.maxAttempts}`;
  if (tookMs > plan.limits.deadlineMs * 1.1 + 2_000) return 'the deadline was not kept';
  if (error !== undefined) {
    return events.some((event) => event.type === 'finish')
      ? 'an error after the answer was said to be complete'
      : undefined;
  }
  const problems = validateStream(events);
  if (problems.length > 0) return `the stream is not well formed: ${problems[0]}`;
  if (text !== expected)
    return `an answer of ${text.length} characters was called complete, ${expected.length} were due`;
  return undefined;
}

/** Whether the config lets a caller expect an answer. */
export function hopes(fault: FaultRow, position: number, plan: Plan): boolean {
  const later = plan.targets.slice(position + 1);
  const mends = (plan.rescue ?? 'verified') !== 'off';
  switch (fault.hope) {
    case 'same':
      return true;
    case 'next':
      return later.length > 0;
    case 'mended':
      return mends;
    case 'mended-next':
      return mends && later.length > 0;
    case 'larger': {
      const size = plan.targets[position]?.contextWindow;
      return (
        size !== undefined && later.some(({ contextWindow }) => contextWindow !== undefined && contextWindow > size)
      );
    }
    case 'policy':
      return plan.routeAroundContentPolicy === true && later.length > 0;
    case 'error':
      return false;
  }
}

/** An answer would be a false one: spliced from other words, or a refusal that was gone around. */
const mustFail = (fault: FaultRow): boolean => fault.hope === 'error' || fault.hope === 'policy';

function outcomeOf({ attempts }: Played, position: number, plan: Plan): Outcome {
  if (attempts.some((attempt) => attempt.rescue !== undefined)) return 'rescued';
  const target = plan.targets[position];
  const answered = attempts.find((attempt) => attempt.outcome === 'ok');
  if (answered?.provider !== target?.entry || answered?.model !== target?.model) return 'next';
  const own = attempts.filter(({ provider, model }) => provider === target?.entry && model === target?.model);
  if (own.some((attempt) => attempt.waitedMs >= WAIT_MS)) return 'wait';
  return own.length > 1 ? 'retry' : 'answer';
}

const firstLine = (error: ProviderError): string => error.message.split('\n')[0] ?? '';
