import type { FinishReason } from '../../spec/event.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { Usage } from '../../spec/usage.ts';

export const WIRE = 'gemini';

/** ai.google.dev/api/generate-content, "FinishReason", and Vertex AI's list, read 2026-11. */
const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'content-filter',
  RECITATION: 'content-filter',
  BLOCKLIST: 'content-filter',
  PROHIBITED_CONTENT: 'content-filter',
  SPII: 'content-filter',
  MODEL_ARMOR: 'content-filter',
  IMAGE_SAFETY: 'content-filter',
  IMAGE_PROHIBITED_CONTENT: 'content-filter',
  IMAGE_RECITATION: 'content-filter',
  MALFORMED_FUNCTION_CALL: 'error',
  MALFORMED_RESPONSE: 'error',
  UNEXPECTED_TOOL_CALL: 'error',
  TOO_MANY_TOOL_CALLS: 'error',
  MISSING_THOUGHT_SIGNATURE: 'error',
};

export function readFinishReason(raw: string): FinishReason {
  return FINISH_REASONS[raw] ?? 'other';
}

/** The vendor's own word when it was one of this wire and means the same, else the usual one. */
export function writeFinishReason(reason: FinishReason, raw: string | undefined): string {
  if (raw !== undefined && FINISH_REASONS[raw] === reason) return raw;
  switch (reason) {
    case 'stop':
    case 'tool-calls':
    case 'pause':
      return 'STOP';
    case 'length':
      return 'MAX_TOKENS';
    case 'content-filter':
    case 'refusal':
      return 'SAFETY';
    case 'error':
    case 'other':
      return 'OTHER';
    default:
      return reason satisfies never;
  }
}

/** Counts of an answer so far; `candidatesTokenCount` leaves thinking out, tool-use prompts are counted apart. */
export function readUsage(raw: unknown): Usage | undefined {
  if (!isJsonObject(raw)) return undefined;
  const prompt = count(raw['promptTokenCount']);
  const toolPrompt = count(raw['toolUsePromptTokenCount']);
  const candidates = count(raw['candidatesTokenCount']) ?? count(raw['responseTokenCount']);
  const thoughts = count(raw['thoughtsTokenCount']);
  const cached = count(raw['cachedContentTokenCount']);
  const usage: { -readonly [K in keyof Usage]: number } = {};
  if (prompt !== undefined) usage.inputTokens = prompt + (toolPrompt ?? 0);
  if (cached !== undefined) usage.cacheReadTokens = Math.min(cached, usage.inputTokens ?? cached);
  if (candidates !== undefined || thoughts !== undefined) usage.outputTokens = (candidates ?? 0) + (thoughts ?? 0);
  if (thoughts !== undefined) usage.reasoningTokens = thoughts;
  return Object.keys(usage).length === 0 ? undefined : usage;
}

export function writeUsage(usage: Usage): JsonObject {
  const { inputTokens, outputTokens, reasoningTokens, cacheReadTokens } = usage;
  const body: JsonObject = {};
  if (inputTokens !== undefined) body['promptTokenCount'] = inputTokens;
  if (outputTokens !== undefined) body['candidatesTokenCount'] = Math.max(0, outputTokens - (reasoningTokens ?? 0));
  if (reasoningTokens !== undefined) body['thoughtsTokenCount'] = reasoningTokens;
  if (cacheReadTokens !== undefined) body['cachedContentTokenCount'] = cacheReadTokens;
  body['totalTokenCount'] = (inputTokens ?? 0) + (outputTokens ?? 0);
  return body;
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** Facts of a candidate or answer that have no place in the vocabulary; they leave just before the end. */
export const CANDIDATE_EXTRAS = [
  'groundingMetadata',
  'citationMetadata',
  'safetyRatings',
  'urlContextMetadata',
  'avgLogprobs',
  'logprobsResult',
] as const;
