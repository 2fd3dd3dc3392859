import type { FinishReason } from '../../spec/event.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { Usage } from '../../spec/usage.ts';

export const WIRE = 'cohere-chat';

/** Id of the thinking that this protocol tells as `tool_plan`, beside the thinking blocks of its content. */
export const PLAN_ID = 'tool_plan';

/**
 * docs.cohere.com/reference/chat "finish_reason" and cohere-ai 8.1 (`ChatFinishReason`, `FinishReason`), read 2026-11.
 * `TIMEOUT` is a failure of its own, see `failureOf`.
 */
const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  COMPLETE: 'stop',
  STOP_SEQUENCE: 'stop',
  MAX_TOKENS: 'length',
  ERROR_LIMIT: 'length',
  TOOL_CALL: 'tool-calls',
  ERROR_TOXIC: 'content-filter',
  ERROR: 'error',
  TIMEOUT: 'error',
  USER_CANCEL: 'error',
};

export function readFinishReason(raw: string): FinishReason {
  return FINISH_REASONS[raw.toUpperCase()] ?? 'other';
}

/** The vendor's own word when it was one of this wire and means the same, else the usual one. */
export function writeFinishReason(reason: FinishReason, raw: string | undefined, stopSequence?: string): string {
  if (raw !== undefined && FINISH_REASONS[raw] === reason) return raw;
  switch (reason) {
    case 'length':
      return 'MAX_TOKENS';
    case 'tool-calls':
      return 'TOOL_CALL';
    case 'content-filter':
    case 'refusal':
      return 'ERROR_TOXIC';
    case 'error':
      return 'ERROR';
    case 'stop':
    case 'pause':
    case 'other':
      return stopSequence === undefined ? 'COMPLETE' : 'STOP_SEQUENCE';
    default:
      return reason satisfies never;
  }
}

/** Counts as the model saw them (`tokens`); an answer that tells only what is billed is counted by that. */
export function readUsage(raw: unknown): Usage | undefined {
  if (!isJsonObject(raw)) return undefined;
  const tokens = isJsonObject(raw['tokens']) ? raw['tokens'] : {};
  const billed = isJsonObject(raw['billed_units']) ? raw['billed_units'] : {};
  const input = count(tokens['input_tokens']) ?? count(billed['input_tokens']);
  const output = count(tokens['output_tokens']) ?? count(billed['output_tokens']);
  const cached = count(raw['cached_tokens']);
  const usage: { -readonly [K in keyof Usage]: number } = {};
  if (input !== undefined) usage.inputTokens = input;
  if (cached !== undefined) usage.cacheReadTokens = Math.min(cached, input ?? cached);
  if (output !== undefined) usage.outputTokens = output;
  return Object.keys(usage).length === 0 ? undefined : usage;
}

/** What is billed, where it says more than the counts themselves: search units, or other numbers than the tokens. */
export function billedUnits(raw: unknown): JsonObject | undefined {
  const billed = isJsonObject(raw) ? raw['billed_units'] : undefined;
  if (!isJsonObject(raw) || !isJsonObject(billed)) return undefined;
  const tokens = isJsonObject(raw['tokens']) ? raw['tokens'] : billed;
  const names = Object.keys(billed).filter((name) => billed[name] !== null);
  return names.some((name) => billed[name] !== tokens[name]) ? { billed_units: billed } : undefined;
}

export function writeUsage(usage: Usage | undefined, billed: JsonObject): JsonObject {
  if (usage === undefined) return billed;
  const tokens: JsonObject = {};
  if (usage.inputTokens !== undefined) tokens['input_tokens'] = usage.inputTokens;
  if (usage.outputTokens !== undefined) tokens['output_tokens'] = usage.outputTokens;
  const body: JsonObject = { billed_units: { ...tokens }, tokens };
  if (usage.cacheReadTokens !== undefined) body['cached_tokens'] = usage.cacheReadTokens;
  return { ...body, ...billed };
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/**
 * Whether a model thinks. It does so unless told otherwise, and models that cannot refuse the switch
 * (docs.cohere.com/docs/reasoning and the model pages, read 2026-11); a name we do not know counts as one of the newer.
 */
export function thinks(model: string): boolean {
  return !/^(c4ai-)?(command(-light|-nightly|-xlarge|-medium)?$|command-r|command-a-(03|vision|translate)|aya)/i.test(
    model.replace(/^.*\//, ''),
  );
}
