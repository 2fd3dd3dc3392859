import type { BatchInput, BatchLive } from '@standin/batch';
import { bar, createProgressLine, durationText, type ProgressLine } from '../cli/progress.ts';
import type { Output } from '../cli/output.ts';

const NANO_PER_USD = 1e9;
/** The rate shown is that of this last while. */
const RATE_WINDOW_MS = 10_000;

export interface BatchDisplay extends Pick<ProgressLine, 'clear' | 'close'> {
  watch(live: BatchLive): void;
  finished(failed: boolean): void;
}

/** Progress by the bytes of the input that were read: its lines need not be counted first. */
export function createDisplay(output: Output, input: BatchInput, earlier: number): BatchDisplay {
  const startedAt = performance.now();
  const ends: number[] = [];
  let live: BatchLive | undefined;
  let done = 0;
  let failed = 0;
  let startShare: number | undefined;
  const compose = (columns: number): string => {
    const now = performance.now();
    while ((ends[0] ?? now) < now - RATE_WINDOW_MS) ends.shift();
    const { bytes, totalBytes } = input.progress();
    const share = totalBytes === undefined || totalBytes === 0 ? undefined : bytes / totalBytes;
    if (share !== undefined && done > 0) startShare ??= earlier === 0 ? 0 : share;
    const perSecond = ends.length / (Math.min(RATE_WINDOW_MS, Math.max(1, now - startedAt)) / 1_000);
    const parts = [`${(done + earlier).toLocaleString('en')} done`];
    if (failed > 0) parts.push(`${failed.toLocaleString('en')} failed`);
    parts.push(`${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond)}/s`);
    if (live !== undefined) {
      parts.push(costText(live.spentNanoUsd, live.unknownCosts));
      if (live.perSecond !== undefined) parts.push(`vendor limit about ${live.perSecond.toFixed(1)}/s`);
    }
    const left = timeLeft(share, startShare, now - startedAt);
    if (left !== undefined) parts.push(`${durationText(left)} left`);
    const text = parts.join(' · ');
    if (share === undefined) return text.slice(0, columns);
    const percent = `${Math.floor(share * 100)} %`.padStart(5);
    const width = Math.min(30, columns - text.length - percent.length - 3);
    return (width < 5 ? `${percent} ${text}` : `${bar(share, width)}${percent}  ${text}`).slice(0, columns);
  };
  const line = createProgressLine(output, compose);
  return {
    watch: (given) => {
      live = given;
      line.touch();
    },
    finished: (isFailed) => {
      done += 1;
      if (isFailed) failed += 1;
      ends.push(performance.now());
      line.touch();
    },
    clear: () => line.clear(),
    close: () => line.close(),
  };
}

function timeLeft(share: number | undefined, startShare: number | undefined, tookMs: number): number | undefined {
  if (share === undefined || startShare === undefined || share <= startShare) return undefined;
  return (tookMs / (share - startShare)) * (1 - share);
}

/** What a batch cost; never a sum that leaves the unknown out without saying so. */
export function costText(nanoUsd: number, unknown: number): string {
  if (unknown > 0 && nanoUsd === 0) return 'cost unknown';
  const known = `$${(nanoUsd / NANO_PER_USD).toFixed(4)}`;
  return unknown > 0 ? `${known} and ${unknown.toLocaleString('en')} of unknown cost` : known;
}
