import type { JsonObject } from '../../spec/json.ts';
import type { ReasoningEffort } from '../../spec/request.ts';
import type { Losses } from '../losses.ts';
import { planThinking, type ThinkingQuestion } from '../claude-thinking.ts';
import type { Quirks } from '../quirks.ts';
import type { Family } from './models.ts';

export interface ModelThinking {
  /** Goes into `additionalModelRequestFields`. */
  readonly fields: JsonObject;
  /** The model will think under Anthropic's rules: temperature is fixed and tools cannot be forced. */
  readonly on: boolean;
  /** Sampling and output limit may not be stated (Nova with high effort). */
  readonly noLimits?: boolean;
}

const NOTHING: ModelThinking = { fields: {}, on: false };

/** Thinking as the model's own API asks for it: each family has a field of its own. */
export function planModelThinking(
  question: ThinkingQuestion,
  family: Family,
  style: Quirks['reasoningStyle'],
  losses: Losses,
): ModelThinking {
  if (family.traits !== undefined) {
    const plan = planThinking(question, family.traits, losses);
    const fields: JsonObject = {};
    if (plan.thinking !== undefined) fields['thinking'] = plan.thinking;
    if (plan.effort !== undefined) fields['output_config'] = { effort: plan.effort };
    return { fields, on: plan.on };
  }
  const wish = wishOf(question);
  if (wish === undefined) return NOTHING;
  if (question.reasoning?.budgetTokens !== undefined) losses.add('reasoning budget: this model takes none');
  if (family.reasoningConfig) return novaThinking(wish);
  if (style === 'reasoning_effort') {
    const effort = wish === 'none' ? 'low' : levelOf(wish);
    if (effort !== wish) losses.add(`effort ${wish}: sent as ${effort}`);
    return { fields: { reasoning_effort: effort }, on: false };
  }
  losses.add('reasoning: this model has no known switch for thinking');
  return NOTHING;
}

function wishOf({ reasoning, think }: ThinkingQuestion): ReasoningEffort | undefined {
  if (reasoning?.enabled === false || reasoning?.effort === 'none') return 'none';
  if (reasoning?.effort !== undefined) return reasoning.effort;
  if (reasoning?.enabled === true || reasoning?.budgetTokens !== undefined) return 'medium';
  if (reasoning !== undefined || think === undefined) return undefined;
  return think ? 'medium' : 'none';
}

function levelOf(effort: ReasoningEffort): 'low' | 'medium' | 'high' {
  if (effort === 'minimal' || effort === 'low' || effort === 'none') return 'low';
  return effort === 'medium' ? 'medium' : 'high';
}

/** "When maxReasoningEffort is set to high, temperature, topP and maxTokens must be unset." */
function novaThinking(wish: ReasoningEffort): ModelThinking {
  if (wish === 'none') return { fields: { reasoningConfig: { type: 'disabled' } }, on: false };
  const level = levelOf(wish);
  const reasoningConfig = { type: 'enabled', maxReasoningEffort: level };
  return { fields: { reasoningConfig }, on: false, noLimits: level === 'high' };
}
