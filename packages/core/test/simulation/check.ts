import type { ErrorKind } from '../../src/spec/errors.ts';
import { validateStream } from '../../src/stream/validate.ts';
import type { Plan } from '../../src/route/target.ts';
import type { Seen } from './caller.ts';
import type { Schedule } from './schedule.ts';
import type { Upstream } from './world.ts';

/** Milliseconds of rounding that a limit may be exceeded by. */
const SLACK_MS = 5;

/** What is wrong with one request that is over, in words; nothing when all is well. */
export function checkRequest(
  schedule: Schedule,
  index: number,
  seen: Seen,
  upstreams: readonly Upstream[],
  plan: Plan,
): string | undefined {
  const mine = upstreams.filter((upstream) => upstream.request === index);
  const open = mine.filter((upstream) => !upstream.closed);
  if (open.length > 0) return `request ${index} is over (${seen.ended}), but ${open.length} upstream calls are open`;
  if (mine.length > plan.limits.maxAttempts)
    return `request ${index} made ${mine.length} calls, its budget was ${plan.limits.maxAttempts}`;
  const tookMs = (seen.endedAt ?? 0) - seen.startedAt;
  if (tookMs > schedule.deadlineMs + SLACK_MS)
    return `request ${index} took ${tookMs} ms, its deadline was ${schedule.deadlineMs}`;
  for (const upstream of mine) {
    if (upstream.startedAt - seen.startedAt > schedule.deadlineMs)
      return `request ${index} made a call after its deadline`;
  }
  return checkText(index, seen, mine) ?? checkEvents(index, seen) ?? checkHope(schedule, index, seen, mine, plan);
}

/** Delivered text is the beginning of one vendor's answer or of a verified splice; a success is the whole of it. */
function checkText(index: number, seen: Seen, mine: readonly Upstream[]): string | undefined {
  const wholes = mine.flatMap(({ meant }) => (meant === undefined ? [] : [meant.whole]));
  const shown = JSON.stringify(seen.text);
  if (seen.text !== '' && !wholes.some((whole) => whole.startsWith(seen.text))) {
    return `request ${index} delivered ${shown}, which no vendor was saying: ${JSON.stringify(wholes)}`;
  }
  if (seen.ended !== 'done') return undefined;
  if (
    !mine.some(({ meant, act }) => meant !== undefined && isComplete(act) && wholeOf(meant.whole, act) === seen.text)
  ) {
    return `request ${index} succeeded with ${shown}, which is no vendor's whole answer: ${JSON.stringify(wholes)}`;
  }
  return undefined;
}

/** Reasons for which an answer may have no content. */
const MAY_BE_EMPTY: ReadonlySet<string> = new Set(['length', 'content-filter', 'refusal', 'pause']);

function isComplete(act: Upstream['act']): boolean {
  if (act.do !== 'answer' || !['ok', 'hangs-open'].includes(act.shape.end)) return false;
  return act.shape.empty !== true || act.shape.tool || MAY_BE_EMPTY.has(act.shape.finish);
}

const wholeOf = (whole: string, act: Upstream['act']): string =>
  act.do === 'answer' && act.shape.empty === true ? '' : whole;

function checkEvents(index: number, seen: Seen): string | undefined {
  const finishes = seen.events.filter((event) => event.type === 'finish').length;
  if (seen.ended === 'done' && (finishes !== 1 || seen.events.at(-1)?.type !== 'finish')) {
    return `request ${index} succeeded with ${finishes} finish events, the last event is ${seen.events.at(-1)?.type}`;
  }
  if (seen.ended === 'error' && finishes > 0 && seen.error?.kind !== 'cancelled')
    return `request ${index} failed after a finish event`;
  if (seen.events.length === 0) return undefined;
  const problems = validateStream(seen.events).filter(
    (problem) => seen.ended === 'done' || problem !== 'the stream ended without finish',
  );
  return problems.length === 0
    ? undefined
    : `request ${index} got a stream that is not well formed: ${problems.join('; ')}`;
}

/** Failures that end a request by themselves. */
const FINAL: ReadonlySet<ErrorKind> = new Set([
  'content-policy',
  'unsupported',
  'invalid-request',
  'context-window',
  'cancelled',
  'deadline',
]);

/** A request that failed must have asked everyone it could have asked. Judged where nothing else was known beforehand. */
function checkHope(
  schedule: Schedule,
  index: number,
  seen: Seen,
  mine: readonly Upstream[],
  plan: Plan,
): string | undefined {
  if (seen.ended !== 'error' || seen.error?.kind === 'cancelled' || schedule.requests.length > 1) return undefined;
  const left = schedule.deadlineMs - ((seen.endedAt ?? 0) - seen.startedAt);
  if (left <= 200 || seen.attempts.length >= plan.limits.maxAttempts) return undefined;
  if (seen.attempts.some(({ outcome, rule }) => FINAL.has(outcome as ErrorKind) && rule !== 'hedge-lost'))
    return undefined;
  if (seen.text === '' && !seen.events.some((event) => event.type === 'tool-call-start')) {
    const never = schedule.targets.findIndex((_, target) => !mine.some((upstream) => upstream.target === target));
    if (never >= 0) return `request ${index} gave up without asking target ${never}: ${seen.error?.message}`;
    return undefined;
  }
  if (schedule.rescue === 'off' || /never spliced/.test(seen.error?.message ?? '')) return undefined;
  return checkRescue(schedule, index, seen, mine);
}

/** An answer that broke off is given up only after every later target was asked to mend it. */
function checkRescue(schedule: Schedule, index: number, seen: Seen, mine: readonly Upstream[]): string | undefined {
  const mended = seen.attempts.filter(({ rescue }) => rescue !== undefined);
  if (mended.length >= 4) return undefined;
  const broke = seen.attempts.find(
    ({ rescue, firstContentMs }) => rescue === undefined && firstContentMs !== undefined,
  );
  const from = schedule.targets.findIndex(({ model }) => model === broke?.model);
  for (let target = from + 1; target < schedule.targets.length; target++) {
    const { model, entry } = schedule.targets[target] ?? {};
    if (mended.some((attempt) => attempt.model === model)) continue;
    // A key that was refused or limited in this request is not tried again.
    const spoilt = seen.attempts.some((attempt) => attempt.provider === entry && attempt.outcome !== 'cancelled');
    if (!spoilt)
      return `request ${index} broke off and target ${target} was not asked to mend it: ${seen.error?.message} (${mine.length} calls)`;
  }
  return undefined;
}
