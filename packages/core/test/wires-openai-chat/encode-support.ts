import type { JsonObject } from '../../src/spec/json.ts';
import type { Message } from '../../src/spec/message.ts';
import type { ChatRequest, Tool } from '../../src/spec/request.ts';
import { openaiChatClient } from '../../src/wires/openai-chat/index.ts';
import type { Quirks } from '../../src/wires/quirks.ts';
import type { WireTarget } from '../../src/wires/wire.ts';
import { testTarget } from '../testkit/samples.ts';

type Rest = Partial<Omit<WireTarget, 'quirks'>>;

export function encoded(request: Partial<ChatRequest>, quirks: Partial<Quirks> = {}, rest: Rest = {}) {
  const full = { messages: [{ role: 'user' as const, content: 'hi' }], ...request };
  const call = openaiChatClient.encode(full, testTarget(quirks, rest), 'whole');
  return { ...call, body: JSON.parse(call.body) as JsonObject & { messages: JsonObject[] } };
}

export const messagesOf = (messages: readonly Message[], quirks: Partial<Quirks> = {}) =>
  encoded({ messages }, quirks).body.messages;
export const look: Tool = { name: 'look', parameters: { type: 'object' } };
export const calls: Message = {
  role: 'assistant',
  content: [{ type: 'tool-call', id: 'call_1', name: 'look', arguments: '{ "a":1.0}' }],
};
export const result = (content: string): Message => ({
  role: 'tool',
  content: [{ type: 'tool-result', toolCallId: 'call_1', content }],
});
