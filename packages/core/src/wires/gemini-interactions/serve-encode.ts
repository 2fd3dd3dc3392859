import type { StreamEvent } from '../../spec/event.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import type { ChatResponse } from '../../spec/response.ts';
import { mergeUsage, type Usage } from '../../spec/usage.ts';
import { argumentsValue } from '../tool-arguments.ts';
import type { AnswerContext, StreamEncoder } from '../wire.ts';
import { BLOCKED_ERROR, WIRE, writeStatus, writeUsage } from './facts.ts';

/** Events to the event stream of `/interactions`. A step of text stays open for the annotations that follow it. */
export function createEncoder(context: AnswerContext): StreamEncoder {
  const callStep = new Map<number, number>();
  const extras: JsonObject = {};
  let head: JsonObject = { id: context.id, object: 'interaction', model: context.model };
  let created = context.createdAt;
  let usage: Usage | undefined;
  let steps = 0;
  let opened = false;
  let open: 'thought' | 'output' | undefined;
  let closed = false;

  const write = (type: string, rest: JsonObject): string =>
    `event: ${type}\ndata: ${JSON.stringify({ ...rest, event_type: type })}\n\n`;

  const begin = (): string => {
    if (opened) return '';
    opened = true;
    const status = { interaction_id: head['id'] ?? '', status: 'in_progress' };
    return (
      write('interaction.created', { interaction: { ...head, status: 'in_progress' } }) +
      write('interaction.status_update', status)
    );
  };

  const stop = (index: number): string => write('step.stop', { index });
  const delta = (index: number, piece: JsonObject): string => write('step.delta', { index, delta: piece });

  const end = (): string => {
    if (open === undefined) return '';
    open = undefined;
    return stop(steps - 1);
  };

  const start = (step: JsonObject): string => {
    const before = begin() + end();
    steps += 1;
    return before + write('step.start', { index: steps - 1, step });
  };

  const reopen = (kind: 'thought' | 'output'): string => {
    const text = start({ type: kind === 'output' ? 'model_output' : 'thought' });
    open = kind;
    return text;
  };

  const opaque = (value: JsonValue): string => {
    if (!isJsonObject(value)) return '';
    const { step, content, annotations, summary, interaction } = value;
    if (isJsonObject(interaction)) Object.assign(extras, interaction);
    if (isJsonObject(step)) return start(step) + stop(steps - 1);
    if (Array.isArray(summary)) {
      const before = open === 'thought' ? '' : reopen('thought');
      const pieces = summary.map((item) => delta(steps - 1, { type: 'thought_summary', content: item }));
      return before + pieces.join('');
    }
    const piece = isJsonObject(content)
      ? content
      : Array.isArray(annotations)
        ? { annotations, type: 'text_annotation_delta' }
        : undefined;
    if (piece === undefined) return '';
    const before = open === 'output' ? '' : reopen('output');
    return before + delta(steps - 1, piece);
  };

  const finish = (event: StreamEvent & { type: 'finish' }): string => {
    if (event.usage !== undefined) usage = mergeUsage(usage, event.usage);
    let text = begin() + end();
    if (isBlocked(event.reason)) text += start({ type: 'model_output', error: BLOCKED_ERROR }) + stop(steps - 1);
    closed = true;
    const status = writeStatus(event.reason, event.rawReason);
    return text + write('interaction.completed', { interaction: closing(head, status, usage, created, extras) });
  };

  const encode = (event: StreamEvent): string => {
    if (closed) return '';
    switch (event.type) {
      case 'response-start':
        head = { id: event.id ?? context.id, object: 'interaction', model: event.model ?? context.model };
        created = event.createdAt ?? context.createdAt;
        return begin();
      case 'text-start':
        return reopen('output');
      case 'reasoning-start':
        return reopen('thought');
      case 'text-delta':
        return event.text === '' ? '' : delta(steps - 1, { text: event.text, type: 'text' });
      case 'reasoning-delta':
        if (event.text === '') return '';
        return delta(steps - 1, { content: { text: event.text, type: 'text' }, type: 'thought_summary' });
      case 'reasoning-end':
        if (event.signature === undefined) return '';
        return delta(steps - 1, { signature: event.signature, type: 'thought_signature' });
      case 'tool-call-start': {
        const text = start({ type: 'function_call', id: event.id, name: event.name, arguments: {} });
        callStep.set(event.index, steps - 1);
        return text;
      }
      case 'tool-call-delta':
        return delta(callStep.get(event.index) ?? 0, { arguments: event.json, type: 'arguments_delta' });
      case 'tool-call-end': {
        const index = callStep.get(event.index) ?? 0;
        const { signature } = event;
        return (signature === undefined ? '' : delta(index, { signature, type: 'thought_signature' })) + stop(index);
      }
      case 'opaque':
        return event.wire === WIRE ? opaque(event.value) : '';
      case 'usage':
        usage = mergeUsage(usage, event.usage);
        return '';
      case 'finish':
        return finish(event);
      case 'text-end':
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
      return write('error', { error: { code: error.code, message: error.message } });
    },
    ping: () => (closed ? '' : ': keepalive\n\n'),
  };
}

function isBlocked(reason: ChatResponse['finishReason']): boolean {
  return reason === 'content-filter' || reason === 'refusal';
}

function closing(
  head: JsonObject,
  status: string,
  usage: Usage | undefined,
  createdAt: number,
  extras: JsonObject,
): JsonObject {
  const { usage: details, ...rest } = extras;
  const date = new Date(createdAt * 1000).toISOString().replace('.000Z', 'Z');
  const body: JsonObject = { ...head, status, created: date, updated: date, ...rest };
  const more = isJsonObject(details) ? details : {};
  if (usage !== undefined) body['usage'] = writeUsage(usage, more);
  return body;
}

/** A whole answer. Numbers in arguments keep their digits when the result is stringified. */
export function encodeWhole(response: ChatResponse, context: AnswerContext): JsonObject {
  const steps: JsonObject[] = [];
  const extras: JsonObject = {};
  let content: JsonObject[] = [];
  const flush = (): void => {
    if (content.length > 0) steps.push({ type: 'model_output', content });
    content = [];
  };
  const add = (step: JsonObject): void => {
    flush();
    steps.push(step);
  };
  for (const part of response.content) {
    switch (part.type) {
      case 'text':
      case 'refusal':
        flush();
        if (part.text !== '') content.push({ type: 'text', text: part.text });
        break;
      case 'reasoning': {
        if (part.text === '' && part.signature === undefined) break;
        const step: JsonObject = { type: 'thought' };
        if (part.signature !== undefined) step['signature'] = part.signature;
        if (part.text !== '') step['summary'] = [{ type: 'text', text: part.text }];
        add(step);
        break;
      }
      case 'tool-call': {
        const { id, name, signature } = part;
        const step: JsonObject = { type: 'function_call', id, name, arguments: argumentsValue(part.arguments) };
        add(signature === undefined ? step : { ...step, signature });
        break;
      }
      case 'opaque': {
        if (part.wire !== WIRE || !isJsonObject(part.value)) break;
        const { step, content: item, annotations, summary, interaction } = part.value;
        const last = content.at(-1);
        if (isJsonObject(interaction)) Object.assign(extras, interaction);
        if (isJsonObject(step)) add(step);
        if (isJsonObject(item)) content.push(item);
        if (Array.isArray(annotations) && last?.['type'] === 'text') last['annotations'] = annotations;
        if (Array.isArray(summary)) addSummary(steps, summary);
        break;
      }
      default:
        break;
    }
  }
  flush();
  if (isBlocked(response.finishReason)) steps.push({ type: 'model_output', error: BLOCKED_ERROR });
  const head = { id: response.id ?? context.id, object: 'interaction', model: response.model ?? context.model };
  const status = writeStatus(response.finishReason, response.rawFinishReason);
  const createdAt = response.createdAt ?? context.createdAt;
  return { ...closing(head, status, response.usage, createdAt, extras), steps };
}

function addSummary(steps: JsonObject[], summary: JsonValue[]): void {
  const last = steps.at(-1);
  if (last?.['type'] !== 'thought') return void steps.push({ type: 'thought', summary });
  last['summary'] = [...(Array.isArray(last['summary']) ? last['summary'] : []), ...summary];
}
