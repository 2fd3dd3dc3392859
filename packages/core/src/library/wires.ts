import { anthropicMessagesClient } from '../wires/anthropic-messages/index.ts';
import { bedrockConverseClient } from '../wires/bedrock-converse/index.ts';
import { cohereChatClient } from '../wires/cohere-chat/index.ts';
import { geminiInteractionsClient } from '../wires/gemini-interactions/index.ts';
import { geminiClient } from '../wires/gemini/index.ts';
import { ollamaChatClient } from '../wires/ollama-chat/index.ts';
import { openaiChatClient } from '../wires/openai-chat/index.ts';
import { openaiResponsesClient } from '../wires/openai-responses/index.ts';
import type { WireClient } from '../wires/wire.ts';
import type { WireId } from '../spec/wire-id.ts';

/** The protocols this build can call vendors by: every one, so that a config can be read without loading them. */
export const WIRE_CLIENTS: Readonly<Record<WireId, WireClient>> = {
  'openai-chat': openaiChatClient,
  'openai-responses': openaiResponsesClient,
  'anthropic-messages': anthropicMessagesClient,
  gemini: geminiClient,
  'bedrock-converse': bedrockConverseClient,
  'ollama-chat': ollamaChatClient,
  'cohere-chat': cohereChatClient,
  'gemini-interactions': geminiInteractionsClient,
};
