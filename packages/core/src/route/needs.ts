import type { ChatRequest } from '../spec/request.ts';
import type { RequestNeeds } from './walk-state.ts';

/** What a request needs of its target, found by one look over the parts. */
export function needsOf(request: ChatRequest): RequestNeeds {
  for (const message of request.messages) {
    if (typeof message.content === 'string') continue;
    for (const part of message.content) {
      if (part.type === 'image') return { vision: true };
      if (part.type !== 'tool-result' || typeof part.content === 'string') continue;
      if (part.content.some((inner) => inner.type === 'image')) return { vision: true };
    }
  }
  return { vision: false };
}
