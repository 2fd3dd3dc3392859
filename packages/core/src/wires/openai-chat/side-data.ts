import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import type { BlockBuilder } from '../../stream/block-builder.ts';

/** Top-level facts of an answer that have no place in the vocabulary (Perplexity; vendor docs, read 2026-11). */
const TOP_FIELDS = ['citations', 'search_results', 'images', 'related_questions'] as const;

/**
 * What an answer carries beside text, reasoning and function calls. It is gathered over the stream and leaves as
 * `opaque` values just before the end, each an object with one key that says where it belongs on this wire:
 * `reasoning_details`, `tool_call` (custom tools), `message` (annotations), `choice` (logprobs), `top` (citations).
 */
export interface SideData {
  reasoningDetails(value: unknown): void;
  /** A call of a custom (free-text) tool, whole or a piece of it. */
  customCall(index: number, entry: JsonObject): void;
  annotations(value: unknown): void;
  logprobs(value: unknown): void;
  top(chunk: JsonObject): void;
  readonly customCalls: number;
  emit(builder: BlockBuilder): void;
}

/** Whether an answer, or a piece of one, has any of the top-level facts. */
export function hasTopFields(chunk: JsonObject): boolean {
  return (
    chunk['citations'] !== undefined ||
    chunk['search_results'] !== undefined ||
    chunk['images'] !== undefined ||
    chunk['related_questions'] !== undefined
  );
}

export function createSideData(): SideData {
  const details: JsonObject[] = [];
  const custom = new Map<number, { id: string; name: string; input: string }>();
  const annotations: JsonValue[] = [];
  const logprobs: Record<string, JsonValue[]> = {};
  const top: JsonObject = {};

  return {
    reasoningDetails(value) {
      if (Array.isArray(value)) for (const entry of value) if (isJsonObject(entry)) mergeDetail(details, entry);
    },
    customCall(index, entry) {
      const call = custom.get(index) ?? { id: '', name: '', input: '' };
      custom.set(index, call);
      const inner = isJsonObject(entry['custom']) ? entry['custom'] : {};
      if (typeof entry['id'] === 'string' && call.id === '') call.id = entry['id'];
      if (typeof inner['name'] === 'string' && call.name === '') call.name = inner['name'];
      if (typeof inner['input'] === 'string') call.input += inner['input'];
    },
    annotations(value) {
      if (Array.isArray(value)) annotations.push(...(value as JsonValue[]));
    },
    logprobs(value) {
      if (!isJsonObject(value)) return;
      for (const [key, list] of Object.entries(value)) {
        if (Array.isArray(list) && list.length > 0) (logprobs[key] ??= []).push(...list);
      }
    },
    top(chunk) {
      for (const field of TOP_FIELDS) {
        const value = chunk[field];
        if (Array.isArray(value) && value.length > 0) top[field] = value;
      }
    },
    get customCalls() {
      return custom.size;
    },
    emit(builder) {
      if (details.length > 0) builder.opaque('openai-chat', { reasoning_details: details });
      for (const { id, name, input } of custom.values()) {
        builder.opaque('openai-chat', { tool_call: { id, type: 'custom', custom: { name, input } } });
      }
      if (annotations.length > 0) builder.opaque('openai-chat', { message: { annotations } });
      if (Object.keys(logprobs).length > 0) builder.opaque('openai-chat', { choice: { logprobs } });
      if (Object.keys(top).length > 0) builder.opaque('openai-chat', { top });
    },
  };
}

/** OpenRouter streams its details in pieces: same index and type continue one entry, texts are joined. */
function mergeDetail(details: JsonObject[], piece: JsonObject): void {
  const last = details.findLast((entry) => entry['index'] === piece['index'] && entry['type'] === piece['type']);
  const continues = last !== undefined && (piece['index'] !== undefined || details.at(-1) === last);
  const sameId = typeof piece['id'] !== 'string' || typeof last?.['id'] !== 'string' || piece['id'] === last['id'];
  if (last === undefined || !continues || !sameId) {
    details.push({ ...piece });
    return;
  }
  for (const [key, value] of Object.entries(piece)) {
    const before = last[key];
    const joins = key === 'text' || key === 'summary' || key === 'data';
    if (joins && typeof value === 'string' && typeof before === 'string') last[key] = before + value;
    else if (value !== null) last[key] = value;
  }
}

/** Reasoning text inside details, for servers that send it nowhere else. */
export function detailsText(value: unknown): string {
  if (!Array.isArray(value)) return '';
  let text = '';
  for (const entry of value as unknown[]) {
    if (!isJsonObject(entry)) continue;
    if (typeof entry['text'] === 'string') text += entry['text'];
    else if (typeof entry['summary'] === 'string') text += entry['summary'];
  }
  return text;
}
