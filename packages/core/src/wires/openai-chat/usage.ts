import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { Usage } from '../../spec/usage.ts';

/**
 * Usage as the many servers spell it, in inclusive totals. `excludesReasoning`: the vendor counts reasoning beside the
 * output (xAI); where the total tells which it is, the total decides.
 */
export function readUsage(raw: unknown, excludesReasoning: boolean): Usage | undefined {
  if (!isJsonObject(raw)) return undefined;
  const inputDetails = isJsonObject(raw['prompt_tokens_details']) ? raw['prompt_tokens_details'] : {};
  const outputDetails = isJsonObject(raw['completion_tokens_details']) ? raw['completion_tokens_details'] : {};
  const inputTokens = count(raw['prompt_tokens'], raw['input_tokens']);
  const completion = count(raw['completion_tokens'], raw['output_tokens']);
  const reasoningTokens = count(outputDetails['reasoning_tokens'], raw['reasoning_tokens']);
  const cached = count(
    inputDetails['cached_tokens'],
    raw['prompt_cache_hit_tokens'],
    raw['cached_tokens'],
    raw['cache_read_input_tokens'],
  );
  const written = count(
    inputDetails['cache_write_tokens'],
    inputDetails['cache_creation_input_tokens'],
    inputDetails['cache_creation_tokens'],
    raw['cache_creation_input_tokens'],
  );
  const usage: { -readonly [K in keyof Usage]: number } = {};
  if (inputTokens !== undefined) usage.inputTokens = inputTokens;
  const cacheReadTokens = atMost(cached, inputTokens);
  const cacheWriteTokens = atMost(written, inputTokens);
  if (cacheReadTokens !== undefined) usage.cacheReadTokens = cacheReadTokens;
  if (cacheWriteTokens !== undefined) usage.cacheWriteTokens = cacheWriteTokens;
  if (completion !== undefined) {
    const total = count(raw['total_tokens']);
    const beside = reasoningIsBeside(inputTokens, completion, reasoningTokens, total, excludesReasoning);
    usage.outputTokens = beside ? completion + (reasoningTokens ?? 0) : completion;
  }
  if (reasoningTokens !== undefined) usage.reasoningTokens = reasoningTokens;
  return Object.keys(usage).length === 0 ? undefined : usage;
}

function reasoningIsBeside(
  input: number | undefined,
  completion: number,
  reasoning: number | undefined,
  total: number | undefined,
  quirk: boolean,
): boolean {
  if (reasoning === undefined || reasoning === 0) return false;
  if (input !== undefined && total !== undefined) {
    if (total === input + completion + reasoning) return true;
    if (total === input + completion) return false;
  }
  return quirk;
}

/** The chat-completions usage object; only what is known beyond the three obligatory totals. */
export function writeUsage(usage: Usage): JsonObject {
  const prompt = usage.inputTokens ?? 0;
  const completion = usage.outputTokens ?? 0;
  const body: JsonObject = {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
  };
  const inputDetails: JsonObject = {};
  if (usage.cacheReadTokens !== undefined) inputDetails['cached_tokens'] = usage.cacheReadTokens;
  if (usage.cacheWriteTokens !== undefined) inputDetails['cache_write_tokens'] = usage.cacheWriteTokens;
  if (Object.keys(inputDetails).length > 0) body['prompt_tokens_details'] = inputDetails;
  if (usage.reasoningTokens !== undefined) {
    body['completion_tokens_details'] = { reasoning_tokens: usage.reasoningTokens };
  }
  return body;
}

function count(...candidates: unknown[]): number | undefined {
  for (const value of candidates) if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  return undefined;
}

/** Parts are never larger than their whole, whatever a vendor reports (xAI's cache count can be). */
function atMost(value: number | undefined, limit: number | undefined): number | undefined {
  return value === undefined || limit === undefined ? value : Math.min(value, limit);
}
