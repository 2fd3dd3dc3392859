import { anthropicMessagesClient } from '../wires/anthropic-messages/index.ts';
import { openaiChatClient } from '../wires/openai-chat/index.ts';
import type { WireClient } from '../wires/wire.ts';
import type { WireId } from '../spec/wire-id.ts';

/** The protocols this build can call vendors by. */
export const WIRE_CLIENTS: Readonly<Partial<Record<WireId, WireClient>>> = {
  'openai-chat': openaiChatClient,
  'anthropic-messages': anthropicMessagesClient,
};
