import { isJsonObject, RequestError, type JsonObject } from '@standin/core/spec/index';
import { anthropicMessagesServer } from '@standin/core/wires/anthropic-messages/index';
import { openaiChatServer } from '@standin/core/wires/openai-chat/index';
import { openaiResponsesServer } from '@standin/core/wires/openai-responses/index';
import type { DecodedRequest, WireServer } from '@standin/core/wires/wire';
import type { Line } from './lines.ts';
import type { AnswerShape, BatchRecord } from './types.ts';

const SHOWN_CHARS = 500;

/** Endpoints that a line in OpenAI's batch shape may name. */
const ENDPOINTS: ReadonlyMap<string, { readonly server: WireServer; readonly shape: AnswerShape }> = new Map([
  ['/v1/chat/completions', { server: openaiChatServer, shape: 'openai-chat' }],
  ['/chat/completions', { server: openaiChatServer, shape: 'openai-chat' }],
  ['/v1/responses', { server: openaiResponsesServer, shape: 'openai-responses' }],
  ['/responses', { server: openaiResponsesServer, shape: 'openai-responses' }],
  ['/v1/messages', { server: anthropicMessagesServer, shape: 'anthropic-messages' }],
]);

const FORMS =
  'a string, {"prompt": …}, {"messages": […]} or an OpenAI batch line {"custom_id", "method", "url", "body"}';

/** A JSON record of the input as something to ask, or why it is none. */
export function jsonRecord(line: Line, index: number): BatchRecord {
  let value: unknown;
  try {
    value = JSON.parse(line.text);
  } catch {
    return bad(line, index, `It is not valid JSON; a line holds ${FORMS}.`);
  }
  return recordOf(value, line.text, line, index);
}

/** A line of a text file: one prompt. */
export function textRecord(line: Line, index: number): BatchRecord {
  return recordOf(line.text, JSON.stringify(line.text), line, index);
}

function recordOf(value: unknown, source: string, line: Line, index: number): BatchRecord {
  const id = isJsonObject(value) ? idOf(value) : undefined;
  try {
    const [decoded, shape] = decodedOf(value);
    return { item: { index, ...(id === undefined ? {} : { id }), decoded, shape, source } };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return bad(line, index, error.message, id);
  }
}

function bad(line: Line, index: number, reason: string, id?: string): BatchRecord {
  return {
    bad: {
      index,
      line: line.number,
      ...(id === undefined ? {} : { id }),
      reason,
      text: line.text.slice(0, SHOWN_CHARS),
    },
  };
}

function idOf(value: JsonObject): string | undefined {
  for (const id of [value['custom_id'], value['id']]) {
    if (typeof id === 'string') return id;
    if (typeof id === 'number') return String(id);
  }
  return undefined;
}

/** Throws `RequestError` for what is no request. */
function decodedOf(value: unknown): [DecodedRequest, AnswerShape] {
  if (typeof value === 'string') return [fromPrompt(value, {}), 'text'];
  if (!isJsonObject(value)) throw new RequestError(`It is none of: ${FORMS}.`, { code: 'invalid_line' });
  if (isJsonObject(value['body'])) return fromOpenAiLine(value, value['body']);
  // Anthropic's batch lines.
  if (isJsonObject(value['params']))
    return [anthropicMessagesServer.decodeRequest(value['params']), 'anthropic-messages'];
  const { custom_id: _customId, id: _id, prompt, system, ...rest } = value;
  if (prompt !== undefined) {
    if (typeof prompt !== 'string') throw new RequestError('"prompt" must be a text.', { code: 'invalid_line' });
    return [fromPrompt(prompt, rest, system), 'text'];
  }
  if (rest['messages'] === undefined) throw new RequestError(`It is none of: ${FORMS}.`, { code: 'invalid_line' });
  return [openaiChatServer.decodeRequest(rest), 'text'];
}

function fromPrompt(prompt: string, rest: JsonObject, system?: unknown): DecodedRequest {
  if (prompt.trim() === '') throw new RequestError('The prompt is empty.', { code: 'invalid_line' });
  const messages = [{ role: 'user', content: prompt }];
  if (typeof system === 'string') messages.unshift({ role: 'system', content: system });
  return openaiChatServer.decodeRequest({ ...rest, messages });
}

function fromOpenAiLine(line: JsonObject, body: JsonObject): [DecodedRequest, AnswerShape] {
  const method = line['method'] ?? 'POST';
  if (method !== 'POST') throw new RequestError('"method" must be "POST".', { code: 'invalid_line' });
  const url = line['url'] ?? '/v1/chat/completions';
  const endpoint = typeof url === 'string' ? ENDPOINTS.get(url) : undefined;
  if (endpoint === undefined) {
    const known = [...ENDPOINTS.keys()].filter((path) => path.startsWith('/v1/')).join(', ');
    throw new RequestError(
      `"url" ${JSON.stringify(url).slice(0, 100)} cannot be asked in a batch; use one of ${known}.`,
      {
        code: 'invalid_line',
      },
    );
  }
  return [endpoint.server.decodeRequest(body), endpoint.shape];
}
