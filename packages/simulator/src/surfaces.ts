import { isJsonObject, type WireId } from '@standin/core/spec/index';
import { anthropicMessagesServer } from '@standin/core/wires/anthropic-messages/index';
import { bedrockConverseServer } from '@standin/core/wires/bedrock-converse/index';
import { cohereChatServer } from '@standin/core/wires/cohere-chat/index';
import { geminiInteractionsServer } from '@standin/core/wires/gemini-interactions/index';
import { geminiServer } from '@standin/core/wires/gemini/index';
import { ollamaChatServer } from '@standin/core/wires/ollama-chat/index';
import { openaiChatServer } from '@standin/core/wires/openai-chat/index';
import { openaiResponsesServer } from '@standin/core/wires/openai-responses/index';
import type { WireChunk, WireServer } from '@standin/core/wires/wire';

/** One protocol as the simulator serves it, under any path prefix. */
export interface Surface {
  readonly wire: WireId;
  readonly server: WireServer<WireChunk>;
  /** Matched against the path without its query. Groups `model` and `verb` may name what other wires put in the body. */
  readonly path: RegExp;
  /** Whether a stream is asked for; default: the body's `stream`. */
  readonly wantsStream?: (match: RegExpExecArray, body: unknown) => boolean;
}

export const SURFACES: readonly Surface[] = [
  { wire: 'openai-chat', server: openaiChatServer, path: /\/chat\/completions$/ },
  { wire: 'openai-responses', server: openaiResponsesServer, path: /\/responses$/ },
  { wire: 'anthropic-messages', server: anthropicMessagesServer, path: /\/messages$/ },
  {
    wire: 'gemini',
    server: geminiServer,
    path: /\/(?:models|tunedModels)\/(?<model>[^/]+):(?<verb>generateContent|streamGenerateContent)$/,
    wantsStream: (match) => match.groups?.['verb'] === 'streamGenerateContent',
  },
  {
    wire: 'ollama-chat',
    server: ollamaChatServer,
    path: /\/api\/chat$/,
    // It streams unless it is told not to.
    wantsStream: (_match, body) => !(isJsonObject(body) && body['stream'] === false),
  },
  { wire: 'cohere-chat', server: cohereChatServer, path: /\/v2\/chat$/ },
  { wire: 'gemini-interactions', server: geminiInteractionsServer, path: /\/interactions$/ },
  {
    wire: 'bedrock-converse',
    server: bedrockConverseServer,
    path: /\/model\/(?<model>[^/]+)\/(?<verb>converse|converse-stream)$/,
    wantsStream: (match) => match.groups?.['verb'] === 'converse-stream',
  },
];

export interface Addressed {
  readonly surface: Surface;
  readonly match: RegExpExecArray;
}

export function findSurface(surfaces: readonly Surface[], path: string): Addressed | undefined {
  for (const surface of surfaces) {
    const match = surface.path.exec(path);
    if (match !== null) return { surface, match };
  }
  return undefined;
}

export function modelOf({ match }: Addressed, body: unknown): string | undefined {
  const inPath = match.groups?.['model'];
  if (inPath !== undefined) return decodeURIComponent(inPath);
  return isJsonObject(body) && typeof body['model'] === 'string' ? body['model'] : undefined;
}

export function wantsStream({ surface, match }: Addressed, body: unknown): boolean {
  return surface.wantsStream?.(match, body) ?? (isJsonObject(body) && body['stream'] === true);
}
