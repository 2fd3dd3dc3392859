import { partsOf } from '../../spec/message.ts';
import type { ChatRequest } from '../../spec/request.ts';
import { guidableTools, guideRequest, speaksOfTools } from './guide-request.ts';
import { createGuidedTransform, type GuidedTransform } from './transform.ts';

export { guideRequest } from './guide-request.ts';
export { createGuidedTransform, type GuidedOptions, type GuidedTransform } from './transform.ts';

/** A request written for a model without tools of its own, and how its answer is read. */
export interface Guidance {
  readonly request: ChatRequest;
  /** Absent when no call may come: the request declares no tool, or forbids calls. */
  readonly transform?: GuidedTransform;
  /** For the attempt record. */
  readonly notes: readonly string[];
}

/** `undefined` when the request has nothing to do with tools. */
export function guidanceFor(request: ChatRequest): Guidance | undefined {
  if (!speaksOfTools(request)) return undefined;
  const tools = guidableTools(request);
  const notes = ['tools: prompt-guided'];
  for (const { name, opaque } of request.tools ?? []) {
    if (opaque !== undefined) notes.push(`tool ${name}: of ${opaque.wire} only`);
  }
  const guided = guideRequest(request);
  if (tools.length === 0 || request.toolChoice?.type === 'none') return { request: guided, notes };
  const usedIds = request.messages.flatMap(({ content }) =>
    partsOf(content).flatMap((part) => (part.type === 'tool-call' ? [part.id] : [])),
  );
  const transform = createGuidedTransform(tools, { usedIds, salt: String(request.messages.length) });
  return { request: guided, transform, notes };
}
