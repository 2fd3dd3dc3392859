import { StringDecoder } from 'node:string_decoder';
import type { RawHead, RawTap } from '@standin/core/route/raw-types';
import { isJsonObject, mergeUsage, type JsonObject, type Usage } from '@standin/core/spec/index';
import { addUsage, usageOf } from '@standin/core/wires/anthropic-messages/facts';
import { readUsage as readGemini } from '@standin/core/wires/gemini/facts';
import { readUsage as readOllama } from '@standin/core/wires/ollama-chat/facts';
import { readUsage as readOpenai } from '@standin/core/wires/openai-chat/usage';
import { readUsage as readResponses } from '@standin/core/wires/openai-responses/usage';

/** What an answer of any of the known protocols says it used; `undefined`: nothing. */
export function usageIn(answer: unknown): Usage | undefined {
  if (!isJsonObject(answer)) return undefined;
  const inner = isJsonObject(answer.message) ? answer.message : isJsonObject(answer.response) ? answer.response : {};
  const gemini = answer.usageMetadata ?? inner.usageMetadata;
  if (gemini !== undefined) return readGemini(gemini);
  const raw = answer.usage ?? inner.usage;
  if (isJsonObject(raw)) return ofUsage(raw);
  if (typeof answer.prompt_eval_count === 'number') return readOllama(answer);
  const billed = isJsonObject(answer.meta) ? answer.meta.billed_units : undefined;
  return isJsonObject(billed) ? ofUsage(billed) : undefined;
}

function ofUsage(raw: JsonObject): Usage | undefined {
  if ('cache_read_input_tokens' in raw || 'cache_creation_input_tokens' in raw) {
    const counts = {};
    addUsage(counts, raw);
    return usageOf(counts);
  }
  const isOfResponses = 'input_tokens_details' in raw || 'output_tokens_details' in raw;
  return isOfResponses ? readResponses(raw, false) : readOpenai(raw, false);
}

/** Larger documents are passed on unread. */
const MOST_READ = 8 * 1024 * 1024;
const TELLS_USAGE = /"(?:usage|usageMetadata|prompt_eval_count|billed_units)"/;

/** Reads along with JSON documents and event streams; nothing else says what it used. */
export function usageTap(head: RawHead, onDocument?: (document: unknown) => void): RawTap | undefined {
  const type = head.headers['content-type'] ?? '';
  if (/json/i.test(type)) return /ndjson|jsonl|json-seq/i.test(type) ? lineTap() : documentTap(onDocument);
  return type.startsWith('text/event-stream') ? lineTap() : undefined;
}

function documentTap(onDocument: ((document: unknown) => void) | undefined): RawTap {
  let chunks: Uint8Array[] | undefined = [];
  let bytes = 0;
  return {
    push(chunk) {
      bytes += chunk.byteLength;
      if (bytes > MOST_READ) chunks = undefined;
      chunks?.push(chunk);
    },
    end() {
      if (chunks === undefined) return undefined;
      const document = parsed(Buffer.concat(chunks).toString('utf8'));
      onDocument?.(document);
      return usageIn(document);
    },
  };
}

function lineTap(): RawTap {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let usage: Usage | undefined;
  const line = (text: string): void => {
    if (!TELLS_USAGE.test(text)) return;
    const found = usageIn(parsed(text.replace(/^data:/, '')));
    if (found !== undefined) usage = mergeUsage(usage, found);
  };
  return {
    push(chunk) {
      const text = rest + decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      const lines = text.split('\n');
      rest = lines.pop() ?? '';
      // A line of this length is no usage report; what is kept has a bound.
      if (rest.length > MOST_READ) rest = '';
      for (const one of lines) line(one);
    },
    end() {
      line(rest);
      rest = '';
      return usage;
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
