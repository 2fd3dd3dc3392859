import type { ErrorDetails } from '../spec/errors.ts';
import type { ChatRequest } from '../spec/request.ts';
import type { Quirks } from '../wires/quirks.ts';

interface Repaired {
  readonly request: ChatRequest;
  readonly quirks: Partial<Quirks>;
}

const OUTPUT_TOOL = 'output_tool';

/**
 * A refusal that speaks of tools, in answer to a tool that the request itself did not have: it is met by asking for
 * the output format in words, not by taking tools away from the model.
 */
export function withoutOutputTool(error: ErrorDetails): ErrorDetails {
  const refused = error.kind === 'unsupported' || error.kind === 'invalid-request';
  const aboutTools =
    error.parameter === 'tools' || /\b(?:tools?|function)[ _-]?|toolChoice/i.test(error.vendorMessage ?? '');
  return refused && aboutTools ? { ...error, kind: 'unsupported', parameter: OUTPUT_TOOL } : error;
}

/** What to do about a parameter a server rejected: send the request once more without it, or written the other way. */
const REPAIRS: Readonly<Record<string, (request: ChatRequest) => Repaired>> = {
  temperature: (request) => ({
    request: { ...request, temperature: undefined },
    quirks: { omitParameters: ['temperature'] },
  }),
  top_p: (request) => ({ request: { ...request, topP: undefined }, quirks: { omitParameters: ['top_p'] } }),
  top_k: (request) => ({ request: { ...request, topK: undefined }, quirks: { omitParameters: ['top_k'] } }),
  seed: (request) => ({ request: { ...request, seed: undefined }, quirks: {} }),
  stop: (request) => ({ request: { ...request, stop: undefined }, quirks: {} }),
  presence_penalty: (request) => ({ request: { ...request, presencePenalty: undefined }, quirks: {} }),
  frequency_penalty: (request) => ({ request: { ...request, frequencyPenalty: undefined }, quirks: {} }),
  parallel_tool_calls: (request) => ({
    request: { ...request, parallelToolCalls: undefined },
    quirks: { parallelToolCalls: false },
  }),
  reasoning_effort: (request) => ({
    request: { ...request, reasoning: undefined },
    quirks: { reasoningStyle: 'none' },
  }),
  // Signatures or thinking of another model: everything replayed of it is left out.
  reasoning_replay: (request) => ({ request, quirks: { omitParameters: ['reasoning_replay'] } }),
  stream_options: (request) => ({ request, quirks: { streamUsage: false } }),
  max_tokens: (request) => ({ request, quirks: { maxTokensField: 'max_completion_tokens' } }),
  max_completion_tokens: (request) => ({ request, quirks: { maxTokensField: 'max_tokens' } }),
  // The tools go into the prompt instead.
  tools: (request) => ({ request, quirks: { nativeTools: false } }),
  // The format is asked for in words instead.
  response_format: (request) => ({ request, quirks: { structuredOutput: 'none' } }),
  // The forced tool that asked for the format was refused: in words, then.
  [OUTPUT_TOOL]: (request) => ({ request, quirks: { outputTool: false } }),
  developer: (request) => ({ request, quirks: { systemRole: 'system' } }),
  system: (request) => ({ request, quirks: { systemRole: 'merge' } }),
};

export function isRepairable(parameter: string): boolean {
  return Object.hasOwn(REPAIRS, parameter);
}

/** Applies the repairs one target has learnt, in order. */
export function applyRepairs(
  request: ChatRequest,
  quirks: Quirks,
  parameters: readonly string[],
): { request: ChatRequest; quirks: Quirks } {
  let result = { request, quirks };
  for (const parameter of parameters) {
    const repaired = REPAIRS[parameter]?.(result.request);
    if (repaired === undefined) continue;
    const omitParameters = [...result.quirks.omitParameters, ...(repaired.quirks.omitParameters ?? [])];
    result = { request: repaired.request, quirks: { ...result.quirks, ...repaired.quirks, omitParameters } };
  }
  return result;
}
