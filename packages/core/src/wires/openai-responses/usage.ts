import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { Usage } from '../../spec/usage.ts';

/** Usage in inclusive totals; details may be null or missing, and what is not said stays unknown. */
export function readUsage(raw: unknown, excludesReasoning: boolean): Usage | undefined {
  if (!isJsonObject(raw)) return undefined;
  const inputDetails = isJsonObject(raw['input_tokens_details']) ? raw['input_tokens_details'] : {};
  const outputDetails = isJsonObject(raw['output_tokens_details']) ? raw['output_tokens_details'] : {};
  const usage: { -readonly [K in keyof Usage]: number } = {};
  const input = count(raw['input_tokens']);
  const output = count(raw['output_tokens']);
  const reasoning = count(outputDetails['reasoning_tokens']);
  const cached = count(inputDetails['cached_tokens']);
  const written = count(inputDetails['cache_write_tokens']);
  if (input !== undefined) usage.inputTokens = input;
  // Parts are never larger than their whole, whatever a vendor reports.
  if (cached !== undefined) usage.cacheReadTokens = Math.min(cached, input ?? cached);
  if (written !== undefined) usage.cacheWriteTokens = Math.min(written, input ?? written);
  if (output !== undefined) {
    const total = count(raw['total_tokens']);
    const beside = total === undefined || input === undefined ? excludesReasoning : total > input + output;
    usage.outputTokens = beside && reasoning !== undefined ? output + reasoning : output;
  }
  if (reasoning !== undefined) usage.reasoningTokens = reasoning;
  return Object.keys(usage).length === 0 ? undefined : usage;
}

/** Official clients read the detail objects without looking whether they are there, so they always are. */
export function writeUsage(usage: Usage): JsonObject {
  const input = usage.inputTokens ?? 0;
  const output = usage.outputTokens ?? 0;
  const inputDetails: JsonObject = { cached_tokens: usage.cacheReadTokens ?? 0 };
  if (usage.cacheWriteTokens !== undefined) inputDetails['cache_write_tokens'] = usage.cacheWriteTokens;
  return {
    input_tokens: input,
    input_tokens_details: inputDetails,
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: input + output,
  };
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
