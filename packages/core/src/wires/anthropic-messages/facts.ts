import type { FinishReason } from '../../spec/event.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { Usage } from '../../spec/usage.ts';

export const WIRE = 'anthropic-messages' as const;

/** From this version on the API takes `{role: "system"}` inside `messages` (@anthropic-ai/sdk 1.11, read 2026-11). */
export const SYSTEM_TURN_VERSION = '2026-10-21';

/**
 * Fields of a block that the vocabulary has no place for (citations of a text, the caller of a tool call) travel as an
 * opaque part right behind that block's part; on this wire they are put back into the block before it.
 */
export const BLOCK_FIELDS = 'block_fields';

/** `block` is the type of the block that the fields belong to. */
export function blockFields(block: string, fields: JsonObject): JsonObject {
  return { type: BLOCK_FIELDS, block, fields };
}

/** Reads such a part; `undefined` for any other opaque value. */
export function fieldsIn(value: unknown): { readonly block: string; readonly fields: JsonObject } | undefined {
  if (!isJsonObject(value) || value['type'] !== BLOCK_FIELDS) return undefined;
  const { block, fields } = value;
  return typeof block === 'string' && isJsonObject(fields) ? { block, fields } : undefined;
}

/** `stop_reason` values (Anthropic API reference, "Handling stop reasons", read 2026-11). */
const FINISH_BY_STOP_REASON: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  stop: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool-calls',
  pause_turn: 'pause',
  compaction: 'pause',
  refusal: 'refusal',
  content_filter: 'content-filter',
  content_filtered: 'content-filter',
  sensitive: 'content-filter',
  error: 'error',
};

/** A turn with tool calls that says it merely ended (compatible servers do) still waits for their results. */
export function finishReasonOf(stopReason: string | undefined, hasToolCalls: boolean): FinishReason {
  const known = stopReason === undefined ? 'stop' : FINISH_BY_STOP_REASON[stopReason];
  if (known === undefined) return 'other';
  return known === 'stop' && hasToolCalls && stopReason !== 'stop_sequence' ? 'tool-calls' : known;
}

export function stopReasonOf(answer: {
  readonly reason: FinishReason;
  readonly rawReason?: string;
  readonly stopSequence?: string;
  readonly hasToolCalls: boolean;
}): string {
  switch (answer.reason) {
    case 'length':
      return answer.rawReason === 'model_context_window_exceeded' ? answer.rawReason : 'max_tokens';
    case 'tool-calls':
      return 'tool_use';
    case 'content-filter':
    case 'refusal':
      return 'refusal';
    case 'pause':
      return answer.rawReason === 'compaction' ? answer.rawReason : 'pause_turn';
    case 'stop':
      if (answer.stopSequence !== undefined) return 'stop_sequence';
      return answer.hasToolCalls ? 'tool_use' : 'end_turn';
    default:
      return 'end_turn';
  }
}

/** Counts as this wire reports them; `null` and absent mean "no news". */
export interface UsageCounts {
  input?: number;
  cacheWrite?: number;
  cacheRead?: number;
  output?: number;
  reasoning?: number;
}

/** Takes over what `reported` says: the numbers are cumulative, so a later one replaces an earlier one. */
export function addUsage(counts: UsageCounts, reported: unknown): void {
  if (!isJsonObject(reported)) return;
  const input = count(reported['input_tokens']);
  const write = count(reported['cache_creation_input_tokens']) ?? cacheCreation(reported['cache_creation']);
  const read = count(reported['cache_read_input_tokens']);
  // Gateways that know the input only at the start close with zeros; a total never really falls to nothing.
  const wipes = (input ?? 0) + (write ?? 0) + (read ?? 0) === 0 && inputTotal(counts) !== undefined;
  if (!wipes) {
    counts.input = input ?? counts.input;
    counts.cacheWrite = write ?? counts.cacheWrite;
    counts.cacheRead = read ?? counts.cacheRead;
  }
  counts.output = count(reported['output_tokens']) ?? counts.output;
  const details = reported['output_tokens_details'];
  if (isJsonObject(details)) counts.reasoning = count(details['thinking_tokens']) ?? counts.reasoning;
}

/** `input_tokens` of this wire leaves both cache counts out; ours contains them. */
export function usageOf(counts: UsageCounts): Usage | undefined {
  const usage: { -readonly [Key in keyof Usage]: Usage[Key] } = {};
  const total = inputTotal(counts);
  if (total !== undefined) usage.inputTokens = total;
  if (counts.cacheRead !== undefined) usage.cacheReadTokens = counts.cacheRead;
  if (counts.cacheWrite !== undefined) usage.cacheWriteTokens = counts.cacheWrite;
  if (counts.output !== undefined) usage.outputTokens = counts.output;
  if (counts.reasoning !== undefined) usage.reasoningTokens = counts.reasoning;
  return Object.keys(usage).length === 0 ? undefined : usage;
}

/**
 * Usage for a caller of this wire. Claude Code fails without `input_tokens` and `output_tokens`
 * (anthropics/claude-code #46932), so those two are 0 when unknown; the rest is said only when known.
 */
export function usageForCaller(usage: Usage | undefined): JsonObject {
  return { input_tokens: 0, output_tokens: 0, ...knownUsage(usage) };
}

/** The same for the end of a stream, where an unknown input must not replace what the start said. */
export function closingUsage(usage: Usage | undefined): JsonObject {
  return { output_tokens: 0, ...knownUsage(usage) };
}

function knownUsage(usage: Usage | undefined): JsonObject {
  const known: JsonObject = {};
  const { inputTokens, cacheReadTokens: read, cacheWriteTokens: write, outputTokens, reasoningTokens } = usage ?? {};
  if (inputTokens !== undefined) known['input_tokens'] = Math.max(0, inputTokens - (read ?? 0) - (write ?? 0));
  if (write !== undefined) known['cache_creation_input_tokens'] = write;
  if (read !== undefined) known['cache_read_input_tokens'] = read;
  if (outputTokens !== undefined) known['output_tokens'] = outputTokens;
  if (reasoningTokens !== undefined) known['output_tokens_details'] = { thinking_tokens: reasoningTokens };
  return known;
}

function inputTotal(counts: UsageCounts): number | undefined {
  if (counts.input === undefined && counts.cacheRead === undefined && counts.cacheWrite === undefined) return undefined;
  return (counts.input ?? 0) + (counts.cacheRead ?? 0) + (counts.cacheWrite ?? 0);
}

function cacheCreation(value: unknown): number | undefined {
  if (!isJsonObject(value)) return undefined;
  const short = count(value['ephemeral_5m_input_tokens']);
  const long = count(value['ephemeral_1h_input_tokens']);
  return short === undefined && long === undefined ? undefined : (short ?? 0) + (long ?? 0);
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
