import type { StreamEvent } from '../../spec/event.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import type { ChatResponse } from '../../spec/response.ts';
import { mergeUsage, type Usage } from '../../spec/usage.ts';
import { argumentsValue, shownArguments } from '../tool-arguments.ts';
import type { AnswerContext, StreamEncoder } from '../wire.ts';
import { encodeError } from '../google-errors.ts';
import { WIRE, writeFinishReason, writeUsage } from './facts.ts';

/** How the pieces of a stream are put one after the other. */
interface Envelope {
  piece(json: string): string;
  /** After the last piece. */
  close(): string;
  ping(): string;
  error(json: string): string;
}

/** `alt=sse`. An error is plain JSON: the official client only throws for that (@google/genai 2.32, read 2026-11). */
function sseEnvelope(): Envelope {
  return {
    piece: (json) => `data: ${json}\n\n`,
    close: () => '',
    ping: () => ': keepalive\n\n',
    error: (json) => json,
  };
}

/** Without `alt=sse` the stream is one growing JSON array. */
function arrayEnvelope(): Envelope {
  let any = false;
  const next = (json: string): string => {
    const text = any ? `,\n${json}` : `[${json}`;
    any = true;
    return text;
  };
  return { piece: next, close: () => ']', ping: () => '\n', error: (json) => `${next(json)}]` };
}

export const createEncoder = (context: AnswerContext): StreamEncoder => encoderOver(context, sseEnvelope());
export const createArrayEncoder = (context: AnswerContext): StreamEncoder => encoderOver(context, arrayEnvelope());

/**
 * Events to `GenerateContentResponse` pieces. A function call goes out whole, when it has ended: this wire has its
 * arguments as an object.
 */
function encoderOver(context: AnswerContext, envelope: Envelope): StreamEncoder {
  let head = `"modelVersion":${JSON.stringify(context.model)},"responseId":${JSON.stringify(context.id)}`;
  let usage: Usage | undefined;
  let closed = false;
  const extras: JsonObject = {};

  const parts = (json: string): string =>
    envelope.piece(`{"candidates":[{"content":{"parts":[${json}],"role":"model"},"index":0}],${head}}`);

  const reasoningEnd = ({ signature }: StreamEvent & { type: 'reasoning-end' }): string =>
    signature === undefined ? '' : parts(`{"text":"","thought":true,"thoughtSignature":${JSON.stringify(signature)}}`);

  const opaque = (value: JsonValue): string => {
    if (!isJsonObject(value)) return '';
    if (isJsonObject(value['candidate'])) Object.assign(extras, value['candidate']);
    return isJsonObject(value['part']) ? parts(JSON.stringify(value['part'])) : '';
  };

  const finish = (event: StreamEvent & { type: 'finish' }): string => {
    closed = true;
    if (event.usage !== undefined) usage = mergeUsage(usage, event.usage);
    const candidate = {
      content: { parts: [{ text: '' }], role: 'model' },
      finishReason: writeFinishReason(event.reason, event.rawReason),
      index: 0,
      ...extras,
    };
    const counted = usage === undefined ? '' : `"usageMetadata":${JSON.stringify(writeUsage(usage))},`;
    return envelope.piece(`{"candidates":[${JSON.stringify(candidate)}],${counted}${head}}`) + envelope.close();
  };

  const encode = (event: StreamEvent): string => {
    if (closed) return '';
    switch (event.type) {
      case 'response-start': {
        const [id, model] = [event.id ?? context.id, event.model ?? context.model];
        head = `"modelVersion":${JSON.stringify(model)},"responseId":${JSON.stringify(id)}`;
        return '';
      }
      case 'text-delta':
        return event.text === '' ? '' : parts(`{"text":${JSON.stringify(event.text)}}`);
      case 'reasoning-delta':
        return event.text === '' ? '' : parts(`{"text":${JSON.stringify(event.text)},"thought":true}`);
      case 'reasoning-end':
        return reasoningEnd(event);
      case 'tool-call-end':
        return parts(callJson(event));
      case 'opaque':
        return event.wire === WIRE ? opaque(event.value) : '';
      case 'usage':
        usage = mergeUsage(usage, event.usage);
        return '';
      case 'finish':
        return finish(event);
      case 'text-start':
      case 'text-end':
      case 'reasoning-start':
      case 'tool-call-start':
      case 'tool-call-delta':
      case 'warning':
        return '';
      default:
        return event satisfies never;
    }
  };
  return {
    encode,
    error(error) {
      if (closed) return '';
      closed = true;
      return envelope.error(JSON.stringify(encodeError(error)));
    },
    ping: () => (closed ? '' : envelope.ping()),
  };
}

interface CallEnd {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
  readonly signature?: string;
}

/** Arguments that are an object go out as the model wrote them. */
function callJson({ id, name, arguments: json, signature }: CallEnd): string {
  const args = shownArguments(json);
  const signed = signature === undefined ? '' : `,"thoughtSignature":${JSON.stringify(signature)}`;
  return `{"functionCall":{"id":${JSON.stringify(id)},"name":${JSON.stringify(name)},"args":${args}}${signed}}`;
}

/** A whole answer. Numbers in arguments keep their digits when the result is stringified. */
export function encodeWhole(response: ChatResponse, context: AnswerContext): JsonObject {
  const parts: JsonObject[] = [];
  const extras: JsonObject = {};
  for (const part of response.content) {
    switch (part.type) {
      case 'text':
      case 'refusal':
        if (part.text !== '') parts.push({ text: part.text });
        break;
      case 'reasoning': {
        if (part.text === '' && part.signature === undefined) break;
        const json: JsonObject = { text: part.text, thought: true };
        if (part.signature !== undefined) json['thoughtSignature'] = part.signature;
        parts.push(json);
        break;
      }
      case 'tool-call': {
        const { id, name, signature } = part;
        const json: JsonObject = { functionCall: { id, name, args: argumentsValue(part.arguments) } };
        if (signature !== undefined) json['thoughtSignature'] = signature;
        parts.push(json);
        break;
      }
      case 'opaque': {
        if (part.wire !== WIRE || !isJsonObject(part.value)) break;
        const { part: own, candidate } = part.value;
        if (isJsonObject(own)) parts.push(own);
        if (isJsonObject(candidate)) Object.assign(extras, candidate);
        break;
      }
      default:
        break;
    }
  }
  const content: JsonObject = { role: 'model' };
  if (parts.length > 0) content['parts'] = parts;
  const finishReason = writeFinishReason(response.finishReason, response.rawFinishReason);
  const body: JsonObject = { candidates: [{ content, finishReason, index: 0, ...extras }] };
  if (response.usage !== undefined) body['usageMetadata'] = writeUsage(response.usage);
  body['modelVersion'] = response.model ?? context.model;
  body['responseId'] = response.id ?? context.id;
  return body;
}
