import type { FinishReason } from '../../spec/event.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import type { Usage } from '../../spec/usage.ts';

export const WIRE = 'gemini-interactions';

/**
 * `status` of an interaction (@google/genai 2.32 `InteractionStatus`, read 2026-11). `in_progress` and `queued` are no
 * ends; `failed` and `cancelled` are failures.
 */
const STATUSES: Readonly<Record<string, FinishReason>> = {
  completed: 'stop',
  requires_action: 'tool-calls',
  incomplete: 'length',
  budget_exceeded: 'length',
  requires_continuation: 'pause',
  failed: 'error',
  cancelled: 'error',
};

/** A status that is known to be an end. */
export function isEnd(status: string): boolean {
  return Object.hasOwn(STATUSES, status);
}

/** Said of work that goes on. */
export function isPending(status: string): boolean {
  return status === 'in_progress' || status === 'queued' || status === '';
}

export function readStatus(status: string): FinishReason {
  return isEnd(status) ? (STATUSES[status] ?? 'other') : 'other';
}

/** The vendor's own word when it was one of this wire and means the same, else the usual one. */
export function writeStatus(reason: FinishReason, raw: string | undefined): string {
  if (raw !== undefined && STATUSES[raw] === reason) return raw;
  switch (reason) {
    case 'tool-calls':
      return 'requires_action';
    case 'length':
    case 'content-filter':
    case 'refusal':
      return 'incomplete';
    case 'pause':
      return 'requires_continuation';
    case 'error':
      return 'failed';
    case 'stop':
    case 'other':
      return 'completed';
    default:
      return reason satisfies never;
  }
}

/** In the `error` of an output step: the answer was withheld for what it says. */
const BLOCKED = /safety|blocked|blocklist|prohibited|recitation|spii|content.?policy/i;

/** The error that an output step carries, in words. */
export function stepError(step: JsonObject): string | undefined {
  const { error } = step;
  if (!isJsonObject(error)) return undefined;
  return typeof error['message'] === 'string' ? error['message'] : JSON.stringify(error);
}

export function saysBlocked(message: string): boolean {
  return BLOCKED.test(message);
}

/** The error of an output step that was withheld; google.rpc.Code 3 is INVALID_ARGUMENT, as Google has it for blocks. */
export const BLOCKED_ERROR: JsonObject = { code: 3, message: 'The response was blocked by a safety filter.' };

const TOTALS = new Set([
  'total_tokens',
  'total_input_tokens',
  'total_cached_tokens',
  'total_output_tokens',
  'total_thought_tokens',
  'total_tool_use_tokens',
]);

/** Output leaves thinking out; what tools put into the prompt is counted apart. */
export function readUsage(raw: unknown): Usage | undefined {
  if (!isJsonObject(raw)) return undefined;
  const input = count(raw['total_input_tokens']);
  const tools = count(raw['total_tool_use_tokens']);
  const output = count(raw['total_output_tokens']);
  const thoughts = count(raw['total_thought_tokens']);
  const cached = count(raw['total_cached_tokens']);
  const usage: { -readonly [K in keyof Usage]: number } = {};
  if (input !== undefined) usage.inputTokens = input + (tools ?? 0);
  if (cached !== undefined) usage.cacheReadTokens = Math.min(cached, usage.inputTokens ?? cached);
  if (output !== undefined || thoughts !== undefined) usage.outputTokens = (output ?? 0) + (thoughts ?? 0);
  if (thoughts !== undefined) usage.reasoningTokens = thoughts;
  return Object.keys(usage).length === 0 ? undefined : usage;
}

/** What a count says beyond its totals: tokens by modality, calls of search. */
export function usageDetails(raw: unknown): JsonObject | undefined {
  if (!isJsonObject(raw)) return undefined;
  const rest = Object.entries(raw).filter(([name, value]) => !TOTALS.has(name) && value !== null);
  const tools = count(raw['total_tool_use_tokens']);
  if (tools !== undefined && tools > 0) rest.push(['total_tool_use_tokens', tools]);
  return rest.length === 0 ? undefined : Object.fromEntries(rest);
}

export function writeUsage(usage: Usage, details: JsonObject): JsonObject {
  const { inputTokens, outputTokens, reasoningTokens, cacheReadTokens } = usage;
  const tools = count(details['total_tool_use_tokens']) ?? 0;
  const body: JsonObject = {
    total_tokens: (inputTokens ?? 0) + (outputTokens ?? 0),
    total_tool_use_tokens: tools,
  };
  if (inputTokens !== undefined) body['total_input_tokens'] = Math.max(0, inputTokens - tools);
  if (cacheReadTokens !== undefined) body['total_cached_tokens'] = cacheReadTokens;
  if (outputTokens !== undefined) body['total_output_tokens'] = Math.max(0, outputTokens - (reasoningTokens ?? 0));
  if (reasoningTokens !== undefined) body['total_thought_tokens'] = reasoningTokens;
  return { ...body, ...details };
}

/** Facts of an interaction that have no place in the vocabulary; a caller of this wire may need them for its next turn. */
const INTERACTION_EXTRAS = [
  'service_tier',
  'continuation_token',
  'continuation_ids',
  'environment_id',
  'previous_interaction_id',
  'labels',
] as const;

export function interactionExtras(interaction: JsonObject): JsonObject {
  const extras: JsonObject = {};
  for (const name of INTERACTION_EXTRAS) {
    const value: JsonValue | undefined = interaction[name];
    if (value !== undefined && value !== null && value !== '') extras[name] = value;
  }
  return extras;
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
