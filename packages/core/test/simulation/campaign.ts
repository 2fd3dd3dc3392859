import { scheduleOf } from './schedule.ts';
import { shrink } from './shrink.ts';
import { simulate } from './simulate.ts';

export interface Failure {
  readonly seed: number;
  readonly problem: string;
  /** The shrunken schedule and what it breaks, ready to be printed. */
  readonly report: string;
}

export interface Campaign {
  readonly schedules: number;
  readonly requests: number;
  readonly done: number;
  readonly failed: number;
  readonly left: number;
  readonly rescued: number;
  readonly hedged: number;
  readonly failures: readonly Failure[];
}

export interface CampaignOptions {
  readonly schedules: number;
  /** The first schedule's seed; the next ones follow it. Default 1. */
  readonly seed?: number;
  /** Stop after so many failures. Default 1. */
  readonly most?: number;
  readonly shrinks?: boolean;
  readonly onProgress?: (schedules: number) => void;
}

/** Plays many schedules. Every failure names its seed, so that `--seed N --schedules 1` plays it again. */
export async function campaign(options: CampaignOptions): Promise<Campaign> {
  const { schedules, seed = 1, most = 1, shrinks = true } = options;
  const sums = { requests: 0, done: 0, failed: 0, left: 0, rescued: 0, hedged: 0 };
  const failures: Failure[] = [];
  let played = 0;
  const { stackTraceLimit } = Error;
  // Thousands of errors are made and none is looked at.
  Error.stackTraceLimit = 0;
  for (; played < schedules && failures.length < most; played++) {
    const schedule = scheduleOf(seed + played);
    const verdict = await simulate(schedule);
    sums.requests += verdict.ends.length;
    sums.done += verdict.ends.filter((end) => end === 'done').length;
    sums.failed += verdict.ends.filter((end) => end === 'error').length;
    sums.left += verdict.ends.filter((end) => end === 'left').length;
    sums.rescued += verdict.rescued;
    sums.hedged += verdict.hedged;
    if (verdict.problem !== undefined) {
      const least = shrinks ? await shrink(schedule, verdict.problem) : { schedule, problem: verdict.problem };
      const report = `seed ${seed + played}: ${verdict.problem}\nshrunken: ${least.problem}\n${JSON.stringify(least.schedule, null, 1)}`;
      failures.push({ seed: seed + played, problem: verdict.problem, report });
    }
    if (played % 10_000 === 9_999) options.onProgress?.(played + 1);
  }
  Error.stackTraceLimit = stackTraceLimit;
  return { schedules: played, ...sums, failures };
}
