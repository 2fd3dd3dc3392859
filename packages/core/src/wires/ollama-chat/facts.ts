import type { FinishReason } from '../../spec/event.ts';
import type { JsonObject } from '../../spec/json.ts';
import type { Usage } from '../../spec/usage.ts';

export const WIRE = 'ollama-chat';

/** `done_reason` (github.com/ollama/ollama llm/server.go and docs/api.md, read 2026-11); absent in old versions. */
export function readDoneReason(raw: string | undefined): FinishReason {
  switch (raw) {
    case undefined:
    case 'stop':
    // An empty prompt that only loads or unloads the model.
    case 'load':
    case 'unload':
      return 'stop';
    case 'length':
      return 'length';
    case 'content_filter':
      return 'content-filter';
    default:
      return 'other';
  }
}

/** The server itself knows `stop` and `length`; a filtered answer must not look like a finished one. */
export function writeDoneReason(reason: FinishReason): string {
  switch (reason) {
    case 'length':
      return 'length';
    case 'content-filter':
    case 'refusal':
      return 'content_filter';
    case 'error':
      return 'error';
    case 'stop':
    case 'tool-calls':
    case 'pause':
    case 'other':
      return 'stop';
    default:
      return reason satisfies never;
  }
}

/** `prompt_eval_count` is left out when the whole prompt was in the cache. */
export function readUsage(chunk: JsonObject): Usage | undefined {
  const usage: { -readonly [K in keyof Usage]: number } = {};
  const { prompt_eval_count: input, eval_count: output } = chunk;
  if (typeof input === 'number') usage.inputTokens = input;
  if (typeof output === 'number') usage.outputTokens = output;
  return Object.keys(usage).length === 0 ? undefined : usage;
}

export function writeUsage(usage: Usage | undefined): JsonObject {
  const body: JsonObject = {};
  if (usage?.inputTokens !== undefined) body['prompt_eval_count'] = usage.inputTokens;
  if (usage?.outputTokens !== undefined) body['eval_count'] = usage.outputTokens;
  return body;
}

/** Fields of `options` that have a place in the vocabulary. */
export const COMMON_OPTIONS = {
  num_predict: 'maxTokens',
  temperature: 'temperature',
  top_p: 'topP',
  top_k: 'topK',
  seed: 'seed',
  presence_penalty: 'presencePenalty',
  frequency_penalty: 'frequencyPenalty',
} as const;

/** Names that belong into `options` even when someone writes them beside it (docs/modelfile.md, read 2026-11). */
const OPTION_NAMES = new Set([
  ...Object.keys(COMMON_OPTIONS),
  'stop',
  'num_ctx',
  'num_batch',
  'num_gpu',
  'main_gpu',
  'num_thread',
  'num_keep',
  'use_mmap',
  'min_p',
  'typical_p',
  'tfs_z',
  'repeat_last_n',
  'repeat_penalty',
  'mirostat',
  'mirostat_eta',
  'mirostat_tau',
  'penalize_newline',
  'numa',
]);

export function isOptionName(name: string): boolean {
  return OPTION_NAMES.has(name);
}
