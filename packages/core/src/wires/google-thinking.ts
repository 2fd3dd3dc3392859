import type { JsonObject } from '../spec/json.ts';
import type { ReasoningEffort, ReasoningOptions } from '../spec/request.ts';
import type { Losses } from './losses.ts';

/** How a model of this wire thinks. Read 2026-11 from ai.google.dev/gemini-api/docs/thinking and @google/genai 2.32. */
export interface ThinkingTraits {
  readonly style: 'none' | 'budget' | 'level';
  /** Smallest and largest budget in tokens. */
  readonly budget: readonly [least: number, most: number];
  readonly canSwitchOff: boolean;
  /** Values of `thinkingLevel`, weakest first. */
  readonly levels: readonly string[];
  /** The first function call of a step must carry its thought signature. */
  readonly needsSignatures: boolean;
}

const FLASH: ThinkingTraits = {
  style: 'budget',
  budget: [0, 24_576],
  canSwitchOff: true,
  levels: [],
  needsSignatures: false,
};
const THIRD: ThinkingTraits = {
  style: 'level',
  budget: [0, 32_768],
  canSwitchOff: false,
  levels: ['minimal', 'low', 'medium', 'high'],
  needsSignatures: true,
};
const NONE: ThinkingTraits = { ...FLASH, style: 'none', canSwitchOff: false };

export function thinkingTraits(model: string): ThinkingTraits {
  const id = model.toLowerCase();
  const version = /gemini-(\d+)(?:[.-](\d)(?!\d))?/.exec(id);
  // Names such as `gemini-flash-latest`: budgets are understood by every thinking model.
  if (version === null) return id.includes('gemini') ? FLASH : NONE;
  const major = Number(version[1]);
  const minor = Number(version[2] ?? 0);
  const isPro = id.includes('pro');
  if (major >= 3) {
    if (!isPro) return THIRD;
    return { ...THIRD, levels: major === 3 && minor === 0 ? ['low', 'high'] : ['low', 'medium', 'high'] };
  }
  if (major < 2 || minor < 5) return NONE;
  if (isPro) return { ...FLASH, budget: [128, 32_768], canSwitchOff: false };
  return id.includes('lite') ? { ...FLASH, budget: [512, 24_576] } : FLASH;
}

/** Google's own table for `reasoning_effort` (ai.google.dev/gemini-api/docs/openai, read 2026-11). */
const BUDGET_OF_EFFORT: Readonly<Record<Exclude<ReasoningEffort, 'none'>, number>> = {
  minimal: 1_024,
  low: 1_024,
  medium: 8_192,
  high: 24_576,
  xhigh: 32_768,
  max: 32_768,
};

const ORDER: readonly string[] = ['minimal', 'low', 'medium', 'high', 'xhigh', 'max'];

export interface ThinkingQuestion {
  readonly reasoning: ReasoningOptions | undefined;
  /** The target's default. */
  readonly think: boolean | undefined;
  /** A caller of this wire asks for thoughts in so many words; callers of others expect them. */
  readonly sameWire: boolean;
}

/** `thinkingConfig`, or nothing to leave it to the model. */
export function encodeThinking(
  question: ThinkingQuestion,
  traits: ThinkingTraits,
  losses: Losses,
): JsonObject | undefined {
  const { reasoning, think, sameWire } = question;
  const { effort, budgetTokens, summary } = reasoning ?? {};
  const implied = effort === 'none' ? false : effort !== undefined || budgetTokens !== undefined ? true : undefined;
  const enabled = reasoning?.enabled ?? implied ?? (reasoning === undefined ? think : undefined);
  if (enabled === undefined && summary === undefined) return undefined;
  if (traits.style === 'none') {
    if (enabled !== false) losses.add('reasoning: this model does not think');
    return undefined;
  }
  const config: JsonObject = {};
  if (enabled === false) switchOff(config, traits, losses);
  else if (traits.style === 'level') setLevel(config, reasoning, traits, losses);
  else setBudget(config, reasoning, traits, losses);
  if (summary !== undefined) config['includeThoughts'] = summary !== 'none';
  else if (enabled === true && !sameWire) config['includeThoughts'] = true;
  return Object.keys(config).length === 0 ? undefined : config;
}

function switchOff(config: JsonObject, traits: ThinkingTraits, losses: Losses): void {
  if (traits.style === 'budget' && traits.canSwitchOff) {
    config['thinkingBudget'] = 0;
    return;
  }
  losses.add('reasoning off: this model always thinks, the least is asked for');
  if (traits.style === 'level') config['thinkingLevel'] = traits.levels[0] ?? 'low';
  else config['thinkingBudget'] = traits.budget[0];
}

function setLevel(
  config: JsonObject,
  reasoning: ReasoningOptions | undefined,
  traits: ThinkingTraits,
  losses: Losses,
): void {
  const { effort, budgetTokens } = reasoning ?? {};
  if (budgetTokens !== undefined) losses.add('reasoning budget in tokens: this model takes a level');
  let wish = effort === 'none' ? undefined : effort;
  if (wish === undefined && budgetTokens !== undefined) {
    wish = budgetTokens <= 512 ? 'minimal' : budgetTokens <= 4_096 ? 'low' : budgetTokens <= 16_384 ? 'medium' : 'high';
  }
  if (wish === undefined) return;
  if (traits.levels.includes(wish)) {
    config['thinkingLevel'] = wish;
    return;
  }
  const below = traits.levels.findLast((level) => ORDER.indexOf(level) < ORDER.indexOf(wish));
  const nearest = below ?? traits.levels[0] ?? 'low';
  config['thinkingLevel'] = nearest;
  if (effort !== undefined) losses.add(`effort ${wish}: sent as ${nearest}`);
}

function setBudget(
  config: JsonObject,
  reasoning: ReasoningOptions | undefined,
  traits: ThinkingTraits,
  losses: Losses,
): void {
  const { effort, budgetTokens, enabled } = reasoning ?? {};
  const wish = budgetTokens ?? (effort === undefined || effort === 'none' ? undefined : BUDGET_OF_EFFORT[effort]);
  if (wish === undefined) {
    // The model decides how much.
    if (enabled === true || reasoning === undefined) config['thinkingBudget'] = -1;
    return;
  }
  const [least, most] = traits.budget;
  const fitted = wish === 0 && traits.canSwitchOff ? 0 : Math.min(most, Math.max(least, Math.floor(wish)));
  if (budgetTokens !== undefined && fitted !== budgetTokens) losses.add(`reasoning budget ${wish}: sent as ${fitted}`);
  config['thinkingBudget'] = fitted;
}
