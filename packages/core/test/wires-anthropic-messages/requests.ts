import type { Message, Part } from '../../src/spec/message.ts';
import type { ChatRequest } from '../../src/spec/request.ts';
import { encoded, target, type Loose } from './support.ts';

/** Pieces of requests that the tests of the calling side share. */

export const user = (content: string | readonly Part[]): Message => ({ role: 'user', content });
export const assistant = (...content: Part[]): Message => ({ role: 'assistant', content });
export const call = (id: string, name = 'f', args = '{}'): Part => ({ type: 'tool-call', id, name, arguments: args });
export const result = (toolCallId: string, content = 'ok'): Message => ({
  role: 'tool',
  content: [{ type: 'tool-result', toolCallId, content }],
});
export const ask = (rest: Partial<ChatRequest> = {}): ChatRequest => ({ messages: [user('hi')], ...rest });
export const tools = [{ name: 'f' }];
export const sameWire = { wire: 'anthropic-messages', body: {} } as const;
export const messagesOf = (messages: Message[], to = target()): Loose[] => encoded({ messages }, to).json.messages;
export const blocksOf = (message: Loose): Loose[] =>
  typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : message.content;
