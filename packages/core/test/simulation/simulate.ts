import { attemptBudget } from '../../src/route/budget.ts';
import { createHealth } from '../../src/route/health.ts';
import type { RequestRecord } from '../../src/route/record.ts';
import { replay } from '../../src/route/record-replay.ts';
import { createRecorder } from '../../src/route/recorder.ts';
import { startRun } from '../../src/route/run.ts';
import { DEFAULT_LIMITS, type Plan } from '../../src/route/target.ts';
import { createSink, newSeen, type Seen } from './caller.ts';
import { checkRequest } from './check.ts';
import { createSimClock, seeded } from './clock.ts';
import type { RequestSpec, Schedule } from './schedule.ts';
import { watchHealth } from './watched-health.ts';
import { createWorld } from './world.ts';

export interface Verdict {
  /** The first broken rule, in words; absent: all held. */
  readonly problem?: string;
  /** What came of the requests, for statistics. */
  readonly ends: readonly ('done' | 'error' | 'left')[];
  readonly rescued: number;
  readonly hedged: number;
}

/** More steps than any schedule needs: something goes round in circles. */
const MOST_STEPS = 200_000;

/** Plays one schedule to its end: the real executor, decisions and health under virtual time, everything else simulated. */
export async function simulate(schedule: Schedule): Promise<Verdict> {
  const chance = seeded(schedule.seed ^ 0x5e_ed);
  const clock = createSimClock(chance);
  const now = (): number => clock.product.now();
  const broken: { problem?: string } = {};
  const fail = (what: string): void => void (broken.problem ??= what);
  const seen: Seen[] = schedule.requests.map(newSeen);
  const world = createWorld({ schedule, clock, chance, delivered: (request) => seen[request]?.text ?? '', fail });
  const health = watchHealth(createHealth({ enoughSamples: 2 }), now, fail);
  const plan: Plan = {
    requestedModel: 'm0',
    targets: world.targets,
    limits: {
      ...DEFAULT_LIMITS,
      deadlineMs: schedule.deadlineMs,
      maxAttempts: attemptBudget(world.targets, { maxAttempts: schedule.maxAttempts }),
    },
    rescue: schedule.rescue,
    warnings: [],
  };

  // Records are asked for in one schedule of eight: taking every decision twice takes its time.
  const recorder = schedule.seed % 8 === 0 ? createRecorder({ clock: clock.product }) : undefined;

  const begin = (spec: RequestSpec, index: number): void => {
    const me = seen[index] as Seen;
    const controller = spec.leavesBy === 'signal' ? new AbortController() : undefined;
    me.startedAt = now();
    let patience: unknown;
    const onEnd = (): void => {
      clock.world.clear(patience);
      const wrong = checkRequest(schedule, index, me, world.upstreams, plan);
      if (wrong !== undefined) fail(wrong);
      if (seen.every((other) => other.ended !== undefined) && clock.pendingOfProduct > 0) {
        fail(`${clock.pendingOfProduct} timers are left after the last request`);
      }
    };
    const leave = (): void => {
      if (me.ended !== undefined) return;
      if (controller !== undefined) {
        // An aborted signal still ends in `onError`, of kind `cancelled`.
        controller.abort();
        if (me.ended === undefined) fail(`request ${index} was aborted and heard nothing`);
        else if (me.error?.kind !== 'cancelled') fail(`request ${index} was aborted and ended as ${me.error?.kind}`);
        return;
      }
      me.handle?.cancel();
      me.ended = 'left';
      me.endedAt = now();
      onEnd();
    };
    patience = clock.world.after(spec.leavesMs ?? 1e10, leave);
    const sink = createSink({ seen: me, now, fail, onEnd, leavesOn: spec.leavesOn, leave });
    me.handle = startRun(
      plan,
      { messages: [{ role: 'user', content: String(index) }], temperature: 1 },
      {
        mode: spec.mode,
        clock: clock.product,
        random: chance,
        transport: world.transport,
        health,
        log: () => {},
        signal: controller?.signal,
        recorder,
        requestId: `r${index}`,
      },
      sink,
    );
    if (spec.pause !== undefined) pauseBetween(spec.pause, index, me);
  };

  const pauseBetween = ({ fromMs, toMs }: { fromMs: number; toMs: number }, index: number, me: Seen): void => {
    clock.world.after(fromMs, () => {
      if (me.ended !== undefined) return;
      me.handle?.pause();
      if (
        world.upstreams.some(
          (upstream) =>
            upstream.request === index && !upstream.closed && !upstream.paused && isWire(schedule, upstream.target),
        )
      ) {
        fail(`request ${index} was paused, its upstream is still read`);
      }
    });
    clock.world.after(toMs, () => {
      if (me.ended === undefined) me.handle?.resume();
    });
  };

  schedule.requests.forEach((spec, index) => clock.world.after(spec.startMs, () => begin(spec, index)));
  const slow = schedule.targets.some((target) => target.provider === true);
  for (let steps = 0; broken.problem === undefined; steps++) {
    if (steps > MOST_STEPS) fail('the schedule does not end');
    await (slow ? new Promise((resolve) => setImmediate(resolve)) : undefined);
    if (seen.every((one) => one.ended !== undefined)) break;
    if (clock.step()) continue;
    seen.forEach((one, index) => {
      if (one.ended === undefined) fail(`request ${index} never ended`);
    });
  }
  for (const [index, one] of seen.entries())
    if (one.terminals > 1) fail(`request ${index} ended ${one.terminals} times`);
  for (const record of recorder?.list() ?? []) {
    const { differences } = replay(JSON.parse(JSON.stringify(record)) as RequestRecord);
    if (differences.length > 0) fail(`the record of ${record.id} does not replay: ${differences.join('; ')}`);
  }
  const attempts = seen.flatMap((one) => one.attempts);
  return {
    ...broken,
    ends: seen.map((one) => one.ended ?? 'error'),
    rescued: seen.filter((one) => one.ended === 'done' && one.attempts.some((attempt) => attempt.rescue !== undefined))
      .length,
    hedged: attempts.filter((attempt) => attempt.reason === 'silent: hedge').length,
  };
}

const isWire = (schedule: Schedule, target: number): boolean => schedule.targets[target]?.provider !== true;
