import type { VendorRow } from '../row.ts';

type Optional = 'wires' | 'auth' | 'keyRequired' | 'aliases' | 'keyVariables' | 'endpoints';

/** A row with what most vendors share: chat completions, a Bearer key that is required. */
export function vendor(row: Omit<VendorRow, Optional> & Partial<Pick<VendorRow, Optional>>): VendorRow {
  return {
    aliases: {},
    keyVariables: [],
    endpoints: {},
    wires: ['openai-chat'],
    auth: 'bearer',
    keyRequired: true,
    ...row,
  };
}

/** Models that think inside their text wherever the server does not take it apart (DeepSeek R1 and QwQ model cards, 2026-11). */
export const INLINE_THINKERS: NonNullable<VendorRow['modelRules']> = [
  { match: '*deepseek-r1*', quirks: { inlineReasoning: 'think-tags' } },
  { match: '*qwq*', quirks: { inlineReasoning: 'think-tags' } },
  { match: '*qwen3*thinking*', quirks: { inlineReasoning: 'think-tags' } },
  { match: '*minimax-m2*', quirks: { inlineReasoning: 'think-tags' } },
];
