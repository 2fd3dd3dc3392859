import type { ModelFacts } from './catalog-link.ts';

const MAKERS: readonly (readonly [RegExp, string])[] = [
  [/^claude-/i, 'anthropic'],
  [/^(gpt-|o[134](-|$)|chatgpt-)/i, 'openai'],
  [/^gemini-/i, 'gemini'],
];

export function modelFacts(): ModelFacts {
  return {
    attributeModel: (model) => MAKERS.find(([pattern]) => pattern.test(model))?.[1],
    contextWindowFor: () => undefined,
  };
}
