/** The protocols a model can be reached by. `prompt-guided` is a layer over any of them, not an id of its own. */
export const WIRE_IDS = [
  'openai-chat',
  'openai-responses',
  'anthropic-messages',
  'gemini',
  'bedrock-converse',
  'ollama-chat',
  'cohere-chat',
  'gemini-interactions',
] as const;

export type WireId = (typeof WIRE_IDS)[number];
