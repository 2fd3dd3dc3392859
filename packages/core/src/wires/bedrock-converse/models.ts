import { modelTraits, type ModelTraits } from '../claude-models.ts';
import type { WireTarget } from '../wire.ts';

/**
 * What a model behind this wire takes beyond the common fields. The families differ in `additionalModelRequestFields`
 * and in prompt caching (Bedrock user guide, "Inference using Converse", "Prompt caching", "Amazon Nova 2: extended
 * thinking"; ids as in @ai-sdk/amazon-bedrock; read 2026-11).
 */
export interface Family {
  readonly name: 'claude' | 'nova' | 'other';
  /** Anthropic's rules, for its models only. */
  readonly traits?: ModelTraits;
  readonly cachePoints: boolean;
  /** A cache point may name how long it lives, and may stand behind tools. */
  readonly richCachePoints: boolean;
  /** Where `top_k` goes. */
  readonly topK: 'top_k' | 'inferenceConfig.topK' | 'none';
  /** Takes `reasoningConfig`. */
  readonly reasoningConfig: boolean;
  /** Tool schemas with nothing but `type`, `properties` and `required` at the root. */
  readonly plainToolSchemas: boolean;
  readonly outputSchema: boolean;
  readonly forcedTools: boolean;
}

/** The model may stand behind a region (`us.anthropic.…`) or inside an ARN. */
export function familyOf({ model, quirks }: Pick<WireTarget, 'model' | 'quirks'>): Family {
  const id = model.toLowerCase();
  const forcedTools = quirks.toolChoiceRequired !== 'unsupported';
  const topK = quirks.topK ? 'top_k' : 'none';
  if (id.includes('claude')) {
    const traits = modelTraits(id);
    return {
      name: 'claude',
      traits,
      cachePoints: true,
      richCachePoints: true,
      topK: traits.sampling ? 'top_k' : 'none',
      reasoningConfig: false,
      plainToolSchemas: false,
      outputSchema: traits.structuredOutput && quirks.structuredOutput === 'json_schema',
      forcedTools: forcedTools && traits.forcedTools,
    };
  }
  const nova = /\bamazon\.nova/.test(id);
  return {
    name: nova ? 'nova' : 'other',
    cachePoints: nova || quirks.cacheControl,
    richCachePoints: !nova && quirks.cacheControl,
    topK: nova ? 'inferenceConfig.topK' : topK,
    reasoningConfig: nova && !/\bamazon\.nova-(micro|lite|pro|premier)-v1/.test(id),
    plainToolSchemas: nova,
    outputSchema: !nova && quirks.structuredOutput === 'json_schema',
    forcedTools,
  };
}
