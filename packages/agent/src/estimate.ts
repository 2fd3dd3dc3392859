import { partsOf, type Message, type Part } from '@standin/core/spec/message';
import type { Tool } from '@standin/core/spec/request';

const CHARS_PER_TOKEN = 3.2;
const TOKENS_PER_MESSAGE = 6;
const TOKENS_PER_MEDIA = 1_600;

/** Input tokens by length, rather too many than too few. */
export function estimateTokens(messages: readonly Message[], tools: readonly Tool[] = []): number {
  let tokens = tools.length === 0 ? 0 : JSON.stringify(tools).length / CHARS_PER_TOKEN;
  for (const { content } of messages) {
    tokens += TOKENS_PER_MESSAGE;
    for (const part of partsOf(content)) tokens += ofPart(part);
  }
  return Math.ceil(tokens);
}

function ofPart(part: Part): number {
  switch (part.type) {
    case 'text':
    case 'refusal':
    case 'reasoning':
      return part.text.length / CHARS_PER_TOKEN;
    case 'tool-call':
      return (part.name.length + part.arguments.length) / CHARS_PER_TOKEN + TOKENS_PER_MESSAGE;
    case 'tool-result':
      return partsOf(part.content).reduce((sum, one) => sum + ofPart(one), TOKENS_PER_MESSAGE);
    case 'image':
    case 'document':
      return TOKENS_PER_MEDIA;
    case 'opaque':
      return JSON.stringify(part.value).length / CHARS_PER_TOKEN;
  }
}
