import type { ChatRequest } from '../spec/request.ts';
import type { WireId } from '../spec/wire-id.ts';
import type { RequestNeeds } from './walk-state.ts';

/** Fields that name state kept by the vendor, on the protocols that have such. */
const STORED: Readonly<Partial<Record<WireId, readonly string[]>>> = {
  'openai-responses': ['previous_response_id', 'conversation', 'prompt'],
  'gemini-interactions': ['previous_interaction_id'],
};

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

function storedField({ extensions }: ChatRequest): RequestNeeds['stored'] {
  if (extensions === undefined) return undefined;
  const { wire, body } = extensions;
  const field = STORED[wire]?.find((name) => body[name] !== undefined && body[name] !== null);
  return field === undefined ? undefined : { wire, field };
}
