import type { WaterfallAttempt } from '../api/types.ts';

export interface Bar {
  readonly kind: 'wait' | 'silent' | 'content' | 'lost';
  /** Percent of the whole. */
  readonly left: number;
  readonly width: number;
}

type Timed = Pick<WaterfallAttempt, 'waitedMs' | 'startedMs' | 'firstContentMs' | 'endedMs' | 'outcome'>;

/** The parts of one attempt's lane: what was waited before it, its silence, its content. */
export function barsOf({ waitedMs, startedMs, firstContentMs, endedMs, outcome }: Timed, end: number): Bar[] {
  const bars: Bar[] = [];
  const add = (kind: Bar['kind'], from: number, to: number): void => {
    if (to > from) bars.push({ kind, left: (from / end) * 100, width: ((to - from) / end) * 100 });
  };
  add('wait', Math.max(0, startedMs - waitedMs), startedMs);
  add('silent', startedMs, firstContentMs ?? endedMs);
  if (firstContentMs !== null)
    add(outcome === 'ok' ? 'content' : 'lost', firstContentMs, Math.max(endedMs, firstContentMs + 1));
  return bars;
}

const STEPS = [1, 2, 5];

/** Round times for the axis, four to seven of them. */
export function ticksOf(end: number): number[] {
  let step = 1;
  for (let power = 1; ; power *= 10) {
    const found = STEPS.find((one) => end / (one * power) <= 6);
    if (found !== undefined) {
      step = found * power;
      break;
    }
  }
  const ticks: number[] = [];
  // The last one would run over the edge.
  for (let at = 0; at <= end * 0.96; at += step) ticks.push(at);
  return ticks;
}
