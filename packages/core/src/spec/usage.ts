/**
 * Tokens of one answer. Totals are inclusive: `inputTokens` contains both cache counts, `outputTokens` contains
 * `reasoningTokens`. What the vendor did not say is `undefined`, never 0.
 */
export interface Usage {
  readonly inputTokens?: number;
  readonly cacheReadTokens?: number;
  readonly cacheWriteTokens?: number;
  readonly outputTokens?: number;
  readonly reasoningTokens?: number;
}

/** Later numbers win field by field: vendors report cumulative values, so counts are never summed over chunks. */
export function mergeUsage(earlier: Usage | undefined, later: Usage): Usage {
  if (earlier === undefined) return later;
  return {
    inputTokens: later.inputTokens ?? earlier.inputTokens,
    cacheReadTokens: later.cacheReadTokens ?? earlier.cacheReadTokens,
    cacheWriteTokens: later.cacheWriteTokens ?? earlier.cacheWriteTokens,
    outputTokens: later.outputTokens ?? earlier.outputTokens,
    reasoningTokens: later.reasoningTokens ?? earlier.reasoningTokens,
  };
}
