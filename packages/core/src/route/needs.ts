import type { ChatRequest } from '../spec/request.ts';
import type { RequestNeeds } from './walk-state.ts';

/** Fields of the Responses protocol that name state kept by the vendor. */
const STORED = ['previous_response_id', 'conversation', 'prompt'] as const;

/** What a request needs of its target, found by one look over the parts. */
export function needsOf(request: ChatRequest): RequestNeeds {
  const vision = hasImages(request);
  const stored = storedField(request);
  return stored === undefined ? { vision } : { vision, stored };
}

function hasImages(request: ChatRequest): boolean {
  for (const message of request.messages) {
    if (typeof message.content === 'string') continue;
    for (const part of message.content) {
      if (part.type === 'image') return true;
      if (part.type !== 'tool-result' || typeof part.content === 'string') continue;
      if (part.content.some((inner) => inner.type === 'image')) return true;
    }
  }
  return false;
}

function storedField(request: ChatRequest): string | undefined {
  const { extensions } = request;
  if (extensions?.wire !== 'openai-responses') return undefined;
  return STORED.find((field) => extensions.body[field] !== undefined && extensions.body[field] !== null);
}
