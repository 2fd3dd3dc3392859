import { PLAIN, type Schedule } from './schedule.ts';
import { simulate } from './simulate.ts';

/** Smaller schedules that might still fail, the boldest cuts first. */
function* smaller(schedule: Schedule): Generator<Schedule> {
  const { requests, targets } = schedule;
  for (let index = 0; index < requests.length && requests.length > 1; index++) {
    yield { ...schedule, requests: requests.filter((_, i) => i !== index) };
  }
  for (let index = 0; index < targets.length && targets.length > 1; index++) {
    yield { ...schedule, targets: targets.filter((_, i) => i !== index) };
  }
  for (const [index, target] of targets.entries()) {
    const put = (acts: typeof target.acts): Schedule => ({
      ...schedule,
      targets: targets.map((other, i) => (i === index ? { ...other, acts } : other)),
    });
    for (let length = 0; length < target.acts.length; length++) yield put(target.acts.slice(0, length));
    for (const [at, act] of target.acts.entries()) {
      if (act !== PLAIN) yield put(target.acts.map((other, i) => (i === at ? PLAIN : other)));
      if (act.do !== 'answer') continue;
      const { shape } = PLAIN as Extract<typeof act, { do: 'answer' }>;
      for (const field of Object.keys(act.shape) as (keyof typeof act.shape)[]) {
        if (act.shape[field] === shape[field]) continue;
        const simple = { ...act, shape: { ...act.shape, [field]: shape[field] } };
        yield put(target.acts.map((other, i) => (i === at ? simple : other)));
      }
    }
    if (target.keys > 1)
      yield { ...schedule, targets: targets.map((other, i) => (i === index ? { ...other, keys: 1 } : other)) };
  }
  for (const [index, request] of requests.entries()) {
    for (const field of ['leavesMs', 'leavesOn', 'pause'] as const) {
      if (request[field] === undefined) continue;
      yield {
        ...schedule,
        requests: requests.map((other, i) => (i === index ? { ...other, [field]: undefined } : other)),
      };
    }
    const words = request.text.split(' ');
    if (words.length > 1) {
      const text = words.slice(0, words.length >> 1).join(' ');
      yield { ...schedule, requests: requests.map((other, i) => (i === index ? { ...other, text } : other)) };
    }
  }
  if (schedule.maxAttempts !== undefined) yield { ...schedule, maxAttempts: undefined };
  if (schedule.deadlineMs < 600_000) yield { ...schedule, deadlineMs: 600_000 };
}

/** Numbers differ from try to try; the rule that was broken must not. */
const ruleOf = (problem: string): string => problem.replaceAll(/"(?:[^"\\]|\\.)*"|\d+|\[.*\]/g, '…').slice(0, 60);

/** The smallest schedule found that breaks the same rule. */
export async function shrink(
  schedule: Schedule,
  problem: string,
  tries = 600,
): Promise<{ schedule: Schedule; problem: string }> {
  let best = { schedule, problem };
  let left = tries;
  for (let found = true; found && left > 0;) {
    found = false;
    for (const candidate of smaller(best.schedule)) {
      if (left-- <= 0) break;
      const verdict = await simulate(candidate);
      if (verdict.problem === undefined || ruleOf(verdict.problem) !== ruleOf(problem)) continue;
      best = { schedule: candidate, problem: verdict.problem };
      found = true;
      break;
    }
  }
  return best;
}
