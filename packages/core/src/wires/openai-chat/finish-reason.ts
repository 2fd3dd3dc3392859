import type { FinishReason } from '../../spec/event.ts';

/** Every spelling seen on chat-completions servers (vendor docs and SDKs, read 2026-11). */
const REASONS: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  end_turn: 'stop',
  stop_sequence: 'stop',
  complete: 'stop',
  completed: 'stop',
  eos: 'stop',
  eos_token: 'stop',
  length: 'length',
  max_tokens: 'length',
  max_output_tokens: 'length',
  model_length: 'length',
  model_context_window_exceeded: 'length',
  tool_calls: 'tool-calls',
  tool_call: 'tool-calls',
  tool_use: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'content-filter',
  content_filtered: 'content-filter',
  safety: 'content-filter',
  recitation: 'content-filter',
  blocklist: 'content-filter',
  prohibited_content: 'content-filter',
  spii: 'content-filter',
  sensitive: 'content-filter',
  guardrail_intervened: 'content-filter',
  refusal: 'refusal',
  pause_turn: 'pause',
  error: 'error',
  network_error: 'error',
  insufficient_system_resource: 'error',
  unexpected_tool_call: 'error',
  error_toxic: 'content-filter',
};

export function readFinishReason(raw: string): FinishReason {
  const word = raw.toLowerCase();
  return REASONS[word] ?? (word === '' ? 'stop' : word.includes('malformed_') ? 'error' : 'other');
}

/** OpenAI's word for it: a refusal is told as `content_filter`, a pause as `stop`. */
export function writeFinishReason(reason: FinishReason): string {
  switch (reason) {
    case 'length':
      return 'length';
    case 'tool-calls':
      return 'tool_calls';
    case 'content-filter':
    case 'refusal':
      return 'content_filter';
    case 'error':
      return 'error';
    case 'stop':
    case 'pause':
    case 'other':
      return 'stop';
    default:
      return reason satisfies never;
  }
}
