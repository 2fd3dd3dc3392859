import { RequestError } from '../../spec/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import type { StreamEncoder, WireServer } from '../wire.ts';
import { decodeRequest as decodeChat } from './serve-decode.ts';
import { createEncoder as createChatEncoder, encodeWhole as encodeChatWhole } from './serve-encode.ts';
import { encodeError } from './errors.ts';
import { WIRE } from './facts.ts';

/** Fields of `POST /api/generate` that speak to the model below its chat template: only Ollama's own server has them. */
export const BELOW_CHAT = ['suffix', 'template', 'raw', 'context'] as const;

/** What stands in the way of answering a request as a chat, if anything. */
export function belowChat(body: JsonObject): (typeof BELOW_CHAT)[number] | undefined {
  return BELOW_CHAT.find((name) => {
    const value = body[name];
    return value !== undefined && value !== null && value !== '' && value !== false;
  });
}

/** Ollama's `POST /api/generate`: one prompt, answered as a chat of one turn; its answer stands in `response`. */
export const ollamaGenerateServer: WireServer = {
  id: WIRE,
  decodeRequest(body) {
    if (!isJsonObject(body)) return decodeChat(body);
    const { prompt, system, images, suffix: _s, template: _t, raw: _r, context: _c, ...rest } = body;
    const text = textOf(prompt, 'prompt');
    const instructions = textOf(system, 'system');
    const user: JsonObject = { role: 'user', content: text ?? '' };
    if (images !== undefined && images !== null) user['images'] = images;
    const messages: JsonValue[] = [user];
    if (instructions !== undefined && instructions !== '') messages.unshift({ role: 'system', content: instructions });
    return decodeChat({ ...rest, messages });
  },
  streamContentType: 'application/x-ndjson',
  createEncoder(context): StreamEncoder {
    const chat = createChatEncoder(context);
    return {
      encode: (event) => asGenerated(chat.encode(event)),
      error: (failure) => chat.error(failure),
      ping: () => asGenerated(chat.ping()),
    };
  },
  // A vendor's own lines are those of its chat.
  relayable: () => false,
  encodeWhole: (response, context) => generated(encodeChatWhole(response, context)),
  encodeError,
};

function textOf(value: unknown, param: string): string | undefined {
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
  throw new RequestError(`\`${param}\` must be a string.`, { param });
}

function asGenerated(lines: string): string {
  if (lines === '') return '';
  const rewritten = lines
    .trimEnd()
    .split('\n')
    .map((line) => JSON.stringify(generated(JSON.parse(line) as JsonObject)));
  return `${rewritten.join('\n')}\n`;
}

/** The same answer with its message taken apart. */
function generated(answer: JsonObject): JsonObject {
  const { message, ...rest } = answer;
  if (!isJsonObject(message)) return answer;
  const { model = null, created_at: createdAt = null, ...facts } = rest;
  const { content = '', thinking } = message;
  const out: JsonObject = { model, created_at: createdAt, response: content };
  if (thinking !== undefined) out['thinking'] = thinking;
  return { ...out, ...facts };
}
