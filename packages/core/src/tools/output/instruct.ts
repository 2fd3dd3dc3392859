import type { Message } from '../../spec/message.ts';
import type { ChatRequest, OutputFormat } from '../../spec/request.ts';

export type StructuredFormat = Exclude<OutputFormat, { readonly type: 'text' }>;

/** What the target enforces by itself: Quirks' `structuredOutput`. */
export type StructuredSupport = 'json_schema' | 'json_object' | 'none';

/** The request with the format asked for in words, as far as the target does not enforce it. */
export function instructOutput(
  request: ChatRequest,
  format: StructuredFormat,
  support: StructuredSupport,
): ChatRequest {
  if (isEnforced(format, support)) return request;
  const { outputFormat: _format, ...rest } = request;
  const messages = withInstruction(request.messages, instructionFor(format, (request.tools ?? []).length > 0));
  return support === 'json_object' ? { ...rest, messages, outputFormat: { type: 'json' } } : { ...rest, messages };
}

export function isEnforced(format: StructuredFormat, support: StructuredSupport): boolean {
  return support === 'json_schema' || (support === 'json_object' && format.type === 'json');
}

export function instructionFor(format: StructuredFormat, mayCallTools: boolean): string {
  const when = mayCallTools ? 'Unless you call a tool, answer' : 'Answer';
  const kind = format.type === 'json' ? 'JSON object' : 'JSON value';
  const rule = `${when} with one ${kind} and nothing else: no text before or after it, no code fence.`;
  if (format.type === 'json') return rule;
  const about = format.description === undefined ? '' : ` (${format.description})`;
  return `${rule} It must satisfy this JSON Schema${about}:\n${JSON.stringify(format.schema)}`;
}

/** At the end of the opening system message, or as one. */
function withInstruction(messages: readonly Message[], instruction: string): readonly Message[] {
  const [first, ...rest] = messages;
  if (first?.role !== 'system') return [{ role: 'system', content: instruction }, ...messages];
  const content =
    typeof first.content === 'string'
      ? `${first.content.trimEnd()}\n\n${instruction}`.trimStart()
      : [...first.content, { type: 'text', text: `\n\n${instruction}` } as const];
  return [{ ...first, content }, ...rest];
}
