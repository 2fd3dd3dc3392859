import type { JsonObject } from '../spec/json.ts';
import type { ChatRequest } from '../spec/request.ts';
import type { WireTarget } from './wire.ts';

/** Fields of a body, whatever the wire, that switch thinking on or speak of tools behind the common form's back. */
const OWN_WAYS = [
  'thinking',
  'reasoning',
  'reasoning_effort',
  'reasoningConfig',
  'enable_thinking',
  'chat_template_kwargs',
  'tools',
  'tool_choice',
  'toolConfig',
  'additionalModelRequestFields',
];

/**
 * Where a server of this shape enforces no schema, one forced tool may ask for it: it takes tools, can be told which
 * one to call, and the model is not asked to think (forcing and thinking exclude each other on most servers).
 */
export function canForceTool(request: ChatRequest, target: WireTarget): boolean {
  const { quirks } = target;
  return (
    quirks.outputTool &&
    quirks.nativeTools &&
    quirks.toolChoiceRequired !== 'unsupported' &&
    !asksForThinking(request, target) &&
    !speaksForItself(request.extensions?.body) &&
    !speaksForItself(target.defaults.providerExtra)
  );
}

/** The same for wires whose quirks alone say what is enforced. */
export function canForceByQuirks(request: ChatRequest, target: WireTarget): boolean {
  return target.quirks.structuredOutput === 'none' && canForceTool(request, target);
}

function asksForThinking({ reasoning }: ChatRequest, { defaults }: WireTarget): boolean {
  if (reasoning === undefined) return defaults.think === true;
  if (reasoning.enabled !== undefined) return reasoning.enabled;
  return reasoning.budgetTokens !== undefined || (reasoning.effort !== undefined && reasoning.effort !== 'none');
}

function speaksForItself(body: JsonObject | undefined): boolean {
  return body !== undefined && OWN_WAYS.some((name) => body[name] !== undefined);
}
