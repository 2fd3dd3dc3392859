import type { JsonValue } from './json.ts';
import type { WireId } from './wire-id.ts';

/** A prompt-cache breakpoint after this part (Anthropic `cache_control`, Bedrock `cachePoint`). */
export interface CacheControl {
  readonly ttl?: '5m' | '1h';
}

export type MediaSource =
  | { readonly type: 'base64'; readonly mediaType: string; readonly data: string }
  | { readonly type: 'url'; readonly url: string; readonly mediaType?: string }
  | { readonly type: 'file'; readonly fileId: string; readonly mediaType?: string };

export interface TextPart {
  readonly type: 'text';
  readonly text: string;
  readonly cacheControl?: CacheControl;
}

export interface ImagePart {
  readonly type: 'image';
  readonly source: MediaSource;
  /** OpenAI's resolution hint; other wires declare it lost. */
  readonly detail?: 'auto' | 'low' | 'high';
  readonly cacheControl?: CacheControl;
}

export interface DocumentPart {
  readonly type: 'document';
  readonly source: MediaSource | { readonly type: 'text'; readonly text: string };
  readonly title?: string;
  readonly cacheControl?: CacheControl;
}

/**
 * Thinking of the model. `signature` and `redacted` are bound to the vendor and model in `issuer`:
 * they are replayed only there and stripped (declared as lost) for any other target.
 */
export interface ReasoningPart {
  readonly type: 'reasoning';
  readonly text: string;
  readonly signature?: string;
  /** Encrypted thinking that only its issuer can read. */
  readonly redacted?: string;
  readonly id?: string;
  readonly issuer?: string;
}

export interface RefusalPart {
  readonly type: 'refusal';
  readonly text: string;
}

export interface ToolCallPart {
  readonly type: 'tool-call';
  readonly id: string;
  readonly name: string;
  /** JSON text exactly as the model wrote it, byte for byte; never re-serialised on the way. */
  readonly arguments: string;
  /** Gemini's thought signature of this call. */
  readonly signature?: string;
  readonly issuer?: string;
  readonly cacheControl?: CacheControl;
}

export interface ToolResultPart {
  readonly type: 'tool-result';
  readonly toolCallId: string;
  /** Function name; wires that need it look it up from the call when it is absent. */
  readonly name?: string;
  readonly content: string | readonly (TextPart | ImagePart | DocumentPart | OpaquePart)[];
  readonly isError?: boolean;
  readonly cacheControl?: CacheControl;
}

/** An item of one wire that has no place in the vocabulary: carried on the same wire, declared lost on another. */
export interface OpaquePart {
  readonly type: 'opaque';
  readonly wire: WireId;
  readonly value: JsonValue;
}

export type Part =
  | TextPart
  | ImagePart
  | DocumentPart
  | ReasoningPart
  | RefusalPart
  | ToolCallPart
  | ToolResultPart
  | OpaquePart;

export type Role = 'system' | 'user' | 'assistant' | 'tool';

/**
 * One message. `tool` messages hold only `tool-result` parts; `assistant` messages may hold text, reasoning,
 * refusal, tool-call and opaque parts; a system message may stand anywhere.
 */
export interface Message {
  readonly role: Role;
  readonly content: string | readonly Part[];
  readonly name?: string;
}

/** The content of a message as parts; a plain string is one text part (an empty string is none). */
export function partsOf(content: string | readonly Part[]): readonly Part[] {
  if (typeof content !== 'string') return content;
  return content === '' ? [] : [{ type: 'text', text: content }];
}

/** All text of a message's content, parts joined without a separator. */
export function textOf(content: string | readonly Part[]): string {
  if (typeof content === 'string') return content;
  let text = '';
  for (const part of content) if (part.type === 'text') text += part.text;
  return text;
}
