import type { DatabaseSync } from 'node:sqlite';
import type { AttemptRecord } from '@standin/core/spec/errors';
import { PairMap } from './pair-map.ts';

/** Output tokens that are reserved for an answer whose length nobody limited and whose model never answered here yet. */
const UNKNOWN_OUTPUT_TOKENS = 4_096;
/** The largest seen fades, so that one long answer does not hold the budget for ever. */
const FADE = 0.98;
const MOST_MODELS = 2_000;

function longestAnswers(db: DatabaseSync): readonly Record<string, unknown>[] {
  try {
    return db
      .prepare(
        `SELECT provider, model, max(output_tokens) AS output FROM attempts
          WHERE request > (SELECT coalesce(max(seq), 0) FROM requests) - ${LOOKED_AT}
            AND outcome = 'ok' AND output_tokens IS NOT NULL
          GROUP BY provider, model LIMIT ${MOST_MODELS}`,
      )
      .all();
  } catch {
    // What is not known is learned anew.
    return [];
  }
}

export interface TokenEstimate {
  readonly input: number;
  /** What the answer may take at most, as far as anybody can tell. */
  readonly mostOutput: number;
  /** What answers took so far, 0: none was seen; with a stated limit that limit. */
  readonly usualOutput: number;
}

/** What models used so far, so that reservations come close to what is spent. */
export interface Learned {
  estimate(entry: string, model: string, inputTokens: number, maxTokens: number | undefined): TokenEstimate;
  /** An attempt ended whose input was counted as `inputTokens` by length. */
  saw(attempt: AttemptRecord, inputTokens: number): void;
}

/** The last requests whose answers tell a new process how long answers are. */
const LOOKED_AT = 5_000;

/** `db`: the ledger, so that a restart does not forget what a call usually takes. */
export function createLearned(db: DatabaseSync): Learned {
  const models = new PairMap<{ ratio: number; output: number }>(MOST_MODELS);
  for (const { provider, model, output } of longestAnswers(db))
    models.set(String(provider), String(model), { ratio: 1, output: Number(output) });
  return {
    estimate(entry, model, inputTokens, maxTokens) {
      const known = models.get(entry, model);
      const usual = known === undefined ? 0 : Math.ceil(known.output);
      const most = maxTokens ?? (known === undefined ? UNKNOWN_OUTPUT_TOKENS : usual);
      const input = Math.ceil(inputTokens * (known?.ratio ?? 1));
      // Who states how much an answer may take is held to it: the rest of a budget is not lent on a guess.
      return { input, mostOutput: most, usualOutput: maxTokens ?? usual };
    },
    saw(attempt, inputTokens) {
      const { usage } = attempt;
      if (usage?.outputTokens === undefined || attempt.outcome !== 'ok') return;
      const { provider, model } = attempt;
      const known = models.get(provider, model);
      const ratio = (usage.inputTokens ?? inputTokens) / Math.max(1, inputTokens);
      if (known === undefined) return models.set(provider, model, { ratio, output: usage.outputTokens });
      known.ratio = Math.max(ratio, known.ratio * FADE);
      known.output = Math.max(usage.outputTokens, known.output * FADE);
    },
  };
}
