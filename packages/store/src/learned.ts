import type { AttemptRecord } from '@standin/core/spec/errors';

/** Output tokens that are reserved for an answer whose length nobody limited and whose model never answered here yet. */
const UNKNOWN_OUTPUT_TOKENS = 4_096;
/** The largest seen fades, so that one long answer does not hold the budget for ever. */
const FADE = 0.98;
const MOST_MODELS = 2_000;

export interface TokenEstimate {
  readonly input: number;
  /** What the answer may take at most, as far as anybody can tell. */
  readonly mostOutput: number;
  /** What answers took so far; 0: none was seen. */
  readonly usualOutput: number;
}

/** What models used so far, so that reservations come close to what is spent. */
export interface Learned {
  estimate(entry: string, model: string, inputTokens: number, maxTokens: number | undefined): TokenEstimate;
  /** An attempt ended whose input was counted as `inputTokens` by length. */
  saw(attempt: AttemptRecord, inputTokens: number): void;
}

export function createLearned(): Learned {
  const models = new Map<string, { ratio: number; output: number }>();
  return {
    estimate(entry, model, inputTokens, maxTokens) {
      const known = models.get(`${entry}\n${model}`);
      const usual = known === undefined ? 0 : Math.ceil(known.output);
      const most = maxTokens ?? (known === undefined ? UNKNOWN_OUTPUT_TOKENS : usual);
      const input = Math.ceil(inputTokens * (known?.ratio ?? 1));
      return { input, mostOutput: most, usualOutput: Math.min(usual, most) };
    },
    saw(attempt, inputTokens) {
      const { usage } = attempt;
      if (usage?.outputTokens === undefined || attempt.outcome !== 'ok') return;
      const id = `${attempt.provider}\n${attempt.model}`;
      const known = models.get(id);
      if (known === undefined && models.size >= MOST_MODELS) models.clear();
      const ratio = (usage.inputTokens ?? inputTokens) / Math.max(1, inputTokens);
      models.set(id, {
        ratio: Math.max(ratio, (known?.ratio ?? 0) * FADE),
        output: Math.max(usage.outputTokens, (known?.output ?? 0) * FADE),
      });
    },
  };
}
