import { isJsonObject, partsOf, type ChatRequest, type DocumentPart, type Part } from '@standin/core/spec/index';
import type { WireServer } from '@standin/core/wires/wire';
import { parseJsonBody, readBody } from './body.ts';
import { failureOfThrown } from './caller-errors.ts';
import { sendFailure, sendJson, type Exchange } from './exchange.ts';

/** UTF-8 bytes per token: about right for English and code, and near one token per character for Chinese. */
const BYTES_PER_TOKEN = 4;
/** Roles and separators around one message. */
const TOKENS_PER_MESSAGE = 4;
/** Anthropic's most for one image, 1,568 pixels square or larger (docs, read 2026-11). */
const TOKENS_PER_IMAGE = 1_600;
/** A page or two: the size of a document behind a URL is not known. */
const TOKENS_PER_DOCUMENT = 3_000;

/**
 * `POST /v1/messages/count_tokens`. The vendor that will answer may count otherwise, and is not asked: the number is an
 * estimate by length, and the header `x-standin-estimate: true` says so.
 */
export function sendTokenCount(exchange: Exchange, server: WireServer): void {
  const { req, context } = exchange;
  readBody(req, context.bodyLimitBytes, (error, body) => {
    try {
      if (error !== undefined) throw error;
      const given = parseJsonBody(body);
      // The call itself demands an output limit, the count does not take one.
      const { request } = server.decodeRequest(isJsonObject(given) ? { max_tokens: 1, ...given } : given);
      const estimate = ['x-standin-estimate', 'true'];
      sendJson(exchange, 200, { input_tokens: estimateTokens(request) }, estimate);
    } catch (thrown) {
      sendFailure(exchange, failureOfThrown(thrown));
    }
  });
}

/** Input tokens of a request by length alone. */
export function estimateTokens(request: ChatRequest): number {
  let tokens = 0;
  for (const message of request.messages) {
    tokens += TOKENS_PER_MESSAGE;
    for (const part of partsOf(message.content)) tokens += tokensOfPart(part);
  }
  for (const tool of request.tools ?? []) {
    tokens += TOKENS_PER_MESSAGE + ofText(tool.name) + ofText(tool.description ?? '');
    tokens += ofText(JSON.stringify(tool.parameters ?? tool.opaque?.value ?? {}));
  }
  return Math.ceil(tokens);
}

function tokensOfPart(part: Part): number {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return ofText(part.text);
    case 'reasoning':
      return ofText(part.text) + ofText(part.redacted ?? '');
    case 'image':
      return TOKENS_PER_IMAGE;
    case 'document':
      return ofDocument(part);
    case 'tool-call':
      return TOKENS_PER_MESSAGE + ofText(part.name) + ofText(part.arguments);
    case 'tool-result': {
      let tokens = TOKENS_PER_MESSAGE;
      for (const inner of partsOf(part.content)) tokens += tokensOfPart(inner);
      return tokens;
    }
    case 'opaque':
      return ofText(JSON.stringify(part.value));
    default:
      return part satisfies never;
  }
}

function ofDocument({ source, title }: DocumentPart): number {
  if (source.type === 'text') return ofText(source.text) + ofText(title ?? '');
  return TOKENS_PER_DOCUMENT;
}

/** Texts up to so many characters are counted whole. */
const COUNTED_WHOLE = 8_192;
const SAMPLES = 8;

/** Of a long text, pieces spread over it are counted: it is an estimate anyhow, and the whole would cost like parsing it. */
function ofText(text: string): number {
  const { length } = text;
  if (length <= COUNTED_WHOLE) return Buffer.byteLength(text) / BYTES_PER_TOKEN;
  const size = COUNTED_WHOLE / SAMPLES;
  let bytes = 0;
  for (let sample = 0; sample < SAMPLES; sample++) {
    const from = Math.floor(((length - size) * sample) / (SAMPLES - 1));
    bytes += Buffer.byteLength(text.slice(from, from + size));
  }
  return (bytes / COUNTED_WHOLE) * (length / BYTES_PER_TOKEN);
}
