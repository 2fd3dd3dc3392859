import type { JsonObject } from '../spec/json.ts';
import type { ReasoningEffort, ReasoningOptions } from '../spec/request.ts';
import type { Losses } from './losses.ts';
import type { ModelTraits } from './claude-models.ts';

/** What goes into the body for thinking, and what follows from it for the rest of the body. */
export interface ThinkingPlan {
  readonly thinking?: JsonObject;
  readonly effort?: string;
  /** The model will think: temperature is fixed and tools cannot be forced. */
  readonly on: boolean;
  /** Tokens of thinking inside `max_tokens`. */
  readonly budgetTokens: number;
}

export interface ThinkingQuestion {
  readonly reasoning: ReasoningOptions | undefined;
  /** The target's default: `false` switches thinking off, `true` on. */
  readonly think: boolean | undefined;
  readonly maxTokens: number | undefined;
  readonly sameWire: boolean;
  /** Why this conversation cannot go on with budget thinking. */
  readonly forbidden: string | undefined;
}

/** Lowest budget the API takes ("budget_tokens must be ≥ 1024 and less than max_tokens"). */
const MIN_BUDGET = 1_024;
const BUDGETS: Readonly<Record<Exclude<ReasoningEffort, 'none'>, number>> = {
  minimal: 1_024,
  low: 2_048,
  medium: 8_192,
  high: 16_384,
  xhigh: 24_576,
  max: 32_000,
};
const OFF: ThinkingPlan = { on: false, budgetTokens: 0 };

export function planThinking(question: ThinkingQuestion, traits: ModelTraits, losses: Losses): ThinkingPlan {
  const { reasoning, think } = question;
  const effort = effortOf(reasoning, traits, losses);
  const wish = reasoning?.enabled ?? (reasoning?.effort === 'none' ? false : undefined);
  // A caller of this wire states effort and thinking apart; elsewhere an effort asks for thinking.
  const implied = !question.sameWire && (reasoning?.effort !== undefined || reasoning?.budgetTokens !== undefined);
  const enabled = wish ?? (implied || undefined) ?? (reasoning === undefined ? think : undefined);
  if (enabled === undefined) {
    if (effort === undefined && reasoning?.effort !== undefined) losses.add('reasoning effort: this model takes none');
    return { ...OFF, effort };
  }
  if (!enabled) return { ...switchedOff(traits, losses), effort };
  if (!traits.adaptiveThinking && !traits.budgetThinking) {
    losses.add('reasoning: this model does not think');
    return OFF;
  }
  if (question.forbidden !== undefined && !usesAdaptive(reasoning, traits)) {
    losses.add(`reasoning: ${question.forbidden}`);
    return { ...OFF, effort };
  }
  if (usesAdaptive(reasoning, traits))
    return { ...adaptive(reasoning, losses), effort: effort ?? fromBudget(reasoning, traits) };
  return { ...budget(question, losses), effort };
}

function switchedOff(traits: ModelTraits, losses: Losses): ThinkingPlan {
  if (!traits.budgetThinking && !traits.adaptiveThinking) return OFF;
  if (traits.disableThinking) return { ...OFF, thinking: { type: 'disabled' } };
  losses.add('reasoning off: this model always thinks');
  return { on: true, budgetTokens: 0 };
}

function usesAdaptive(reasoning: ReasoningOptions | undefined, traits: ModelTraits): boolean {
  if (!traits.adaptiveThinking) return false;
  return !(traits.budgetThinking && reasoning?.budgetTokens !== undefined);
}

function adaptive(reasoning: ReasoningOptions | undefined, losses: Losses): ThinkingPlan {
  if (reasoning?.budgetTokens !== undefined) losses.add('reasoning budget: this model takes an effort only');
  return { on: true, budgetTokens: 24_000, thinking: { type: 'adaptive', ...displayOf(reasoning) } };
}

function budget(question: ThinkingQuestion, losses: Losses): ThinkingPlan {
  const { reasoning, maxTokens } = question;
  const level = reasoning?.effort === undefined || reasoning.effort === 'none' ? 'medium' : reasoning.effort;
  const asked = Math.max(MIN_BUDGET, Math.floor(reasoning?.budgetTokens ?? BUDGETS[level]));
  if (maxTokens === undefined || asked < maxTokens) return budgetPlan(asked, reasoning);
  if (maxTokens <= MIN_BUDGET) {
    losses.add(`reasoning: max_tokens ${maxTokens} leaves no room to think`);
    return OFF;
  }
  const fitted = Math.max(MIN_BUDGET, Math.floor(maxTokens * 0.8));
  if (reasoning?.budgetTokens !== undefined)
    losses.add(`reasoning budget ${asked}: lowered to ${fitted} to fit max_tokens`);
  return budgetPlan(fitted, reasoning);
}

function budgetPlan(tokens: number, reasoning: ReasoningOptions | undefined): ThinkingPlan {
  const thinking = { type: 'enabled', budget_tokens: tokens, ...displayOf(reasoning) };
  return { on: true, budgetTokens: tokens, thinking };
}

/** Newer models leave their thinking out unless a summary is asked for. */
function displayOf(reasoning: ReasoningOptions | undefined): JsonObject {
  if (reasoning?.summary === undefined) return {};
  return { display: reasoning.summary === 'none' ? 'omitted' : 'summarized' };
}

/** The nearest effort this model knows, not above the wish. */
function effortOf(reasoning: ReasoningOptions | undefined, traits: ModelTraits, losses: Losses): string | undefined {
  const wish = reasoning?.effort;
  if (wish === undefined || wish === 'none' || traits.efforts.length === 0) return undefined;
  if (traits.efforts.includes(wish)) return wish;
  const order: readonly string[] = ['minimal', 'low', 'medium', 'high', 'xhigh', 'max'];
  const below = traits.efforts.findLast((effort) => order.indexOf(effort) < order.indexOf(wish));
  const nearest = below ?? traits.efforts[0];
  if (nearest !== undefined) losses.add(`effort ${wish}: sent as ${nearest}`);
  return nearest;
}

function fromBudget(reasoning: ReasoningOptions | undefined, traits: ModelTraits): string | undefined {
  const tokens = reasoning?.budgetTokens;
  if (tokens === undefined || traits.efforts.length === 0) return undefined;
  if (tokens <= BUDGETS.low) return 'low';
  return tokens <= BUDGETS.medium ? 'medium' : 'high';
}
