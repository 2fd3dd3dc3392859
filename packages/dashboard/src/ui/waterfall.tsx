import type { WaterfallAttempt } from '../api/types.ts';
import { duration, usd } from '../lib/format.ts';
import { attemptLook } from '../lib/outcome.ts';
import { barsOf, ticksOf } from '../lib/waterfall.ts';
import { Badge, Tag } from './parts.tsx';

export interface WaterfallProps {
  readonly attempts: readonly WaterfallAttempt[];
  /** Milliseconds of the whole request; `null` while it runs. */
  readonly tookMs: number | null;
}

/** The attempts of one request on one time axis: what was waited, when the first token came, where it was cut or mended. */
export function WaterfallPicture({ attempts, tookMs }: WaterfallProps) {
  const end = Math.max(1, tookMs ?? 0, ...attempts.map((attempt) => attempt.endedMs));
  const ticks = ticksOf(end);
  return (
    <div class="waterfall">
      <div class="lanes">
        <div class="axis" aria-hidden="true">
          {ticks.map((at) => (
            <span key={at} style={{ left: `${(at / end) * 100}%` }}>
              {duration(at)}
            </span>
          ))}
        </div>
        <ol>
          {attempts.map((attempt) => (
            <Lane key={attempt.attempt} attempt={attempt} end={end} ticks={ticks} />
          ))}
        </ol>
      </div>
      <div class="legend row wrap small soft" aria-hidden="true">
        <span class="row">
          <i class="key wait" /> waited before
        </span>
        <span class="row">
          <i class="key silent" /> until the first token
        </span>
        <span class="row">
          <i class="key content" /> content
        </span>
        <span class="row">
          <i class="key lost" /> content of a failed attempt
        </span>
      </div>
    </div>
  );
}

function Lane({ attempt, end, ticks }: { attempt: WaterfallAttempt; end: number; ticks: readonly number[] }) {
  const bars = barsOf(attempt, end);
  return (
    <li class="lane">
      <div class="lane-name">
        <span class="row">
          <span class="soft">{attempt.attempt}</span>
          <span class="clip strong" title={attempt.target}>
            {attempt.target}
          </span>
        </span>
        <span class="row wrap">
          <Badge look={attemptLook(attempt.outcome)} />
          {attempt.hedge && <Tag tone="info">hedge</Tag>}
          {attempt.cut && <Tag tone="bad">cut in mid-answer</Tag>}
          {attempt.rescue !== null && <Tag tone="warn">mended by {attempt.rescue}</Tag>}
        </span>
        <span class="soft small">{wordsOf(attempt)}</span>
      </div>
      <div class="lane-bars">
        {ticks.map((at) => (
          <i key={at} class="tick" style={{ left: `${(at / end) * 100}%` }} />
        ))}
        {bars.map(({ kind, left, width }) => (
          <i key={kind} class={`bar ${kind}`} style={{ left: `${left}%`, width: `max(2px, ${width}%)` }} />
        ))}
        {attempt.cut && <i class="mark cut" style={{ left: `${(attempt.endedMs / end) * 100}%` }} />}
        {attempt.spliceAt !== null && (
          <i class="mark spliced" style={{ left: `${((attempt.firstContentMs ?? attempt.startedMs) / end) * 100}%` }} />
        )}
      </div>
    </li>
  );
}

/** The lane in words; the picture says nothing that is not here. */
function wordsOf(attempt: WaterfallAttempt): string {
  const { waitedMs, startedMs, firstContentMs, endedMs, spliceAt, costUsd } = attempt;
  const words: string[] = [];
  if (waitedMs > 0) words.push(`after a wait of ${duration(waitedMs)}`);
  words.push(`from ${duration(startedMs)} to ${duration(endedMs)}`);
  words.push(firstContentMs === null ? 'no token' : `first token after ${duration(firstContentMs - startedMs)}`);
  if (spliceAt !== null) words.push(`went on at character ${spliceAt.toLocaleString('en')}`);
  words.push(`cost ${usd(costUsd)}`);
  return words.join(', ');
}
