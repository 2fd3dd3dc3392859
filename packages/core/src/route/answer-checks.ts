import type { AttemptRecord, ErrorDetails } from '../spec/errors.ts';
import type { StreamEvent } from '../spec/event.ts';
import type { Usage } from '../spec/usage.ts';
import type { OutputGuard } from '../tools/output/index.ts';
import type { Delivered } from './delivered.ts';
import type { Lane } from './lane.ts';
import type { Plan } from './target.ts';

/** A 200 without any content is a failed attempt, unless the vendor says why there is none. */
export function emptyAnswer(reason: string): ErrorDetails | undefined {
  if (reason === 'length' || reason === 'content-filter' || reason === 'refusal' || reason === 'pause')
    return undefined;
  if (reason === 'error') {
    const message = 'The vendor ended the answer with an error before any content.';
    return { kind: 'server', message, rule: 'finish:error' };
  }
  return { kind: 'empty', message: 'The answer has no content: no text and no tool call.', rule: 'empty' };
}

/** What a finish event says against the answer: the vendor's own failure, or a mended answer that is not in the format asked for. */
export function checkMended(
  finish: Extract<StreamEvent, { type: 'finish' }>,
  guard: OutputGuard | undefined,
  lane: Lane | undefined,
  delivered: Delivered,
  last: readonly StreamEvent[],
): ErrorDetails | undefined {
  if (finish.reason === 'error') {
    const said = finish.rawReason === undefined ? '' : ` (${finish.rawReason})`;
    return {
      kind: 'server',
      message: `The vendor ended the answer with an error${said}.`,
      phase: 'content',
      rule: 'finish:error',
    };
  }
  if (lane?.mender === undefined || finish.reason !== 'stop' || guard === undefined) return undefined;
  let text = delivered.text();
  for (const event of last) if (event.type === 'text-delta') text += event.text;
  const problems = guard.problemsIn(text.trim());
  if (problems.length === 0) return undefined;
  const message = `The mended answer does not fit what was asked for: ${problems.join('; ')}.`;
  return { kind: 'truncated', message, phase: 'content', rule: 'diverged' };
}

/** The line that operators watch for (ZeroClaw's own words). */
export const RECOVERED = 'Provider recovered (failover/retry)';

/** Its fields. */
export function recovered(plan: Plan, lane: Lane, attempts: readonly AttemptRecord[]): Record<string, unknown> {
  return {
    provider: lane.target.entry,
    model: lane.target.model,
    original_model: plan.targets[0]?.model,
    requested_model: plan.requestedModel,
    attempt: attempts.length,
    ...(lane.decision.rescue === undefined ? {} : { rescue: lane.decision.rescue }),
  };
}

/** A mended answer cost what all its parts cost; a count is known only if one part said it. */
export function sumUsage(attempts: readonly AttemptRecord[], last: Usage | undefined): Usage | undefined {
  const parts = attempts.flatMap((attempt) => (attempt.usage === undefined ? [] : [attempt.usage]));
  if (last !== undefined) parts.push(last);
  if (parts.length === 0) return undefined;
  const sum = (field: keyof Usage): number | undefined => {
    let total: number | undefined;
    for (const part of parts) if (part[field] !== undefined) total = (total ?? 0) + part[field];
    return total;
  };
  return {
    inputTokens: sum('inputTokens'),
    cacheReadTokens: sum('cacheReadTokens'),
    cacheWriteTokens: sum('cacheWriteTokens'),
    outputTokens: sum('outputTokens'),
    reasoningTokens: sum('reasoningTokens'),
  };
}
