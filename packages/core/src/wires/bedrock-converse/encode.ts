import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { ChatRequest } from '../../spec/request.ts';
import { createLosses, type Losses } from '../losses.ts';
import { fitOutputSchema } from '../claude-output-schema.ts';
import { stringifyWellFormed } from '../well-formed.ts';
import { canForceTool } from '../output-tool.ts';
import type { CallMode, EncodedCall, WireTarget } from '../wire.ts';
import { arrangeTurns } from './arrange.ts';
import { textBlock, writeBlock, type Block, type Turn } from './blocks.ts';
import { limitCachePoints } from './cache-points.ts';
import { WIRE } from './facts.ts';
import { familyOf, type Family } from './models.ts';
import { planModelThinking, type ModelThinking } from './thinking.ts';
import { encodeToolConfig, toolNamesOf } from './tools.ts';
import { isThinking, isToolResult, isToolUse, readMessages } from './turns.ts';

/** Writes a request for `POST /model/{id}/converse` or `…/converse-stream`. `lost` says what could not be taken. */
export function encode(request: ChatRequest, target: WireTarget, mode: CallMode): EncodedCall {
  const losses = createLosses();
  const family = familyOf(target);
  const own = ownExtensions(request, losses);
  const names = toolNamesOf(request);
  const context = { target, family, names, losses, sameWire: own.sameWire, documentNames: new Set<string>() };
  const conversation = readMessages(request.messages, context);
  const turns = arrangeTurns(conversation.turns, target.quirks.toolCallIdFormat, losses);
  const system = [...conversation.system];

  const question = {
    reasoning: request.reasoning,
    think: target.defaults.think,
    maxTokens: request.maxTokens ?? target.defaults.maxTokens,
    sameWire: own.sameWire,
    forbidden: thinkingObstacle(turns),
  };
  const ownFields = isJsonObject(own.body['additionalModelRequestFields'])
    ? own.body['additionalModelRequestFields']
    : {};
  const hasOwn = ['thinking', 'reasoningConfig', 'reasoning_effort'].some((key) => ownFields[key] !== undefined);
  const thinking: ModelThinking = hasOwn
    ? { fields: {}, on: family.name === 'claude' }
    : planModelThinking(question, family, target.quirks.reasoningStyle, losses);

  const facts: Facts = { request, target, family, thinking, losses, sameWire: own.sameWire };
  const body: JsonObject = {};
  const inference = inferenceConfig(facts);
  if (Object.keys(inference).length > 0) body['inferenceConfig'] = inference;
  const tools = encodeToolConfig(request, { family, names, losses, sameWire: own.sameWire, thinking: thinking.on });
  addOutput(body, system, facts);
  if (target.quirks.systemRole === 'merge') turns[0]?.blocks.unshift(...system.splice(0));
  limitCachePoints({ tools, system, turns }, losses);
  if (tools !== undefined) body['toolConfig'] = tools;
  const fields = { ...thinking.fields, ...modelFields(facts) };
  if (Object.keys(fields).length > 0) body['additionalModelRequestFields'] = fields;
  if (inference['stopSequences'] !== undefined && family.name === 'claude')
    body['additionalModelResponseFieldPaths'] = [mode === 'stream' ? '/delta/stop_sequence' : '/stop_sequence'];
  declareUnknown(request, losses);
  mergeInto(body, own.body);
  mergeInto(body, target.defaults.providerExtra ?? {});

  const toolNames = names.restore();
  const call: EncodedCall = {
    method: 'POST',
    path: `/model/${encodeModel(target.model)}/${mode === 'stream' ? 'converse-stream' : 'converse'}`,
    headers: {
      'content-type': 'application/json',
      accept: mode === 'stream' ? 'application/vnd.amazon.eventstream' : 'application/json',
    },
    body: writeBody(body, system, turns),
    lost: losses.list(),
  };
  return toolNames === undefined ? call : { ...call, toolNames };
}

interface Facts {
  readonly request: ChatRequest;
  readonly target: WireTarget;
  readonly family: Family;
  readonly thinking: ModelThinking;
  readonly losses: Losses;
  readonly sameWire: boolean;
}

/** Also what `encodeURIComponent` leaves alone: the signature is made over this very path. */
function encodeModel(model: string): string {
  return encodeURIComponent(model).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function ownExtensions(
  request: ChatRequest,
  losses: Losses,
): { readonly sameWire: boolean; readonly body: JsonObject } {
  const { extensions, wireHeaders } = request;
  if (wireHeaders !== undefined && wireHeaders.wire !== WIRE)
    for (const name of Object.keys(wireHeaders.headers)) losses.add(`header ${name}`);
  const sameWire = extensions?.wire === WIRE || wireHeaders?.wire === WIRE;
  if (extensions === undefined) return { sameWire, body: {} };
  if (extensions.wire === WIRE) return { sameWire, body: extensions.body };
  for (const key of Object.keys(extensions.body)) losses.add(`${key} of ${extensions.wire}`);
  return { sameWire, body: {} };
}

/**
 * Budget thinking demands that an unfinished tool loop begins with its thinking ("Expected `thinking` or
 * `redacted_thinking`, but found `tool_use`"), and takes no prefill.
 */
function thinkingObstacle(turns: readonly Turn[]): string | undefined {
  const last = turns.at(-1);
  if (last?.role === 'assistant') return 'the conversation ends in an assistant turn';
  if (!last?.blocks.some(isToolResult)) return undefined;
  const calls = turns.findLast((turn) => turn.role === 'assistant');
  if (calls === undefined || !calls.blocks.some(isToolUse) || isThinking(calls.blocks[0])) return undefined;
  return 'the tool calls under way have no thinking of this model';
}

function inferenceConfig({ request, target, family, thinking, losses }: Facts): JsonObject {
  const config: JsonObject = {};
  const omitted = new Set(target.quirks.omitParameters);
  const put = (name: string, alias: string, value: number | undefined): void => {
    if (value === undefined) return;
    if (omitted.has(alias)) losses.add(`${alias}: this model rejects it`);
    else if (thinking.noLimits === true) losses.add(`${alias}: not beside high reasoning effort`);
    else config[name] = value;
  };
  put('maxTokens', 'max_tokens', request.maxTokens ?? target.defaults.maxTokens);
  const { traits } = family;
  const temperature = request.temperature ?? target.defaults.temperature;
  const free = traits === undefined || (traits.sampling && !thinking.on);
  if (temperature !== undefined) {
    if (temperature > 1 && free) losses.add(`temperature ${temperature}: lowered to 1`);
    if (free) put('temperature', 'temperature', Math.min(1, temperature));
    else if (temperature !== 1)
      losses.add(`temperature: ${thinking.on ? 'fixed at 1 while thinking' : 'this model takes none'}`);
  }
  if (request.topP !== undefined) {
    const inThinking = traits?.sampling === true && thinking.on && request.topP >= 0.95;
    const alone = traits?.bothSampling !== false || config['temperature'] === undefined;
    if ((free || inThinking) && alone) put('topP', 'top_p', request.topP);
    else if (request.topP < 0.99) losses.add(`top_p: ${free ? 'not beside a temperature' : 'this model takes none'}`);
  }
  if (request.stop !== undefined && !omitted.has('stop')) {
    // "Each stop sequence must contain non-whitespace"
    const usable = request.stop.filter((sequence) => sequence.trim() !== '');
    if (usable.length < request.stop.length) losses.add('stop sequences of white space only');
    if (usable.length > 0) config['stopSequences'] = usable;
  }
  return config;
}

/** Settings that only the model's own fields know. */
function modelFields({ request, family, thinking, losses }: Facts): JsonObject {
  if (request.topK === undefined) return {};
  if (family.topK === 'none' || thinking.on) {
    losses.add('top_k: this model takes none');
    return {};
  }
  return family.topK === 'top_k' ? { top_k: request.topK } : { inferenceConfig: { topK: request.topK } };
}

function addOutput(body: JsonObject, system: Block[], { request, family, losses, sameWire }: Facts): void {
  const format = request.outputFormat;
  if (format === undefined || format.type === 'text') return;
  const rule = 'and nothing else: no text before or after it, no code fence.';
  if (format.type === 'json') {
    system.push(textBlock(`Answer with one JSON object ${rule}`));
  } else if (family.outputSchema) {
    const schema = sameWire ? format.schema : fitOutputSchema(format.schema, losses);
    const jsonSchema: JsonObject = { schema: JSON.stringify(schema), name: format.name };
    if (format.description !== undefined) jsonSchema['description'] = format.description;
    body['outputConfig'] = { textFormat: { type: 'json_schema', structure: { jsonSchema } } };
  } else {
    losses.add('json schema: asked for in words, not enforced');
    const about = format.description === undefined ? '' : ` (${format.description})`;
    const words = `Answer with one JSON value ${rule} It must satisfy this JSON Schema${about}:`;
    system.push(textBlock(`${words}\n${JSON.stringify(format.schema)}`));
  }
}

/** "tool: … Only supported by Anthropic Claude 3 and Amazon Nova models" (API reference, ToolChoice, read 2026-11). */
export function canForceOutput(request: ChatRequest, target: WireTarget): boolean {
  const family = familyOf(target);
  return family.name !== 'other' && !family.outputSchema && family.forcedTools && canForceTool(request, target);
}

function declareUnknown(request: ChatRequest, losses: Losses): void {
  if (request.seed !== undefined) losses.add('seed');
  if (request.presencePenalty !== undefined) losses.add('presence_penalty');
  if (request.frequencyPenalty !== undefined) losses.add('frequency_penalty');
  if (request.user !== undefined) losses.add('user');
}

const OWN_KEYS: ReadonlySet<string> = new Set(['messages', 'system', 'stream', 'modelId']);

/** Adds what the request itself did not set; objects such as `inferenceConfig` are joined. */
function mergeInto(body: JsonObject, extra: JsonObject): void {
  for (const [key, value] of Object.entries(extra)) {
    if (OWN_KEYS.has(key)) continue;
    const own = body[key];
    if (own === undefined) {
      if (key !== 'toolConfig') body[key] = value;
    } else if (isJsonObject(own) && isJsonObject(value)) body[key] = { ...value, ...own };
  }
}

/** The conversation is written block by block, so that the arguments of tool calls go out as they came in. */
function writeBody(body: JsonObject, system: readonly Block[], turns: readonly Turn[]): string {
  const messages = turns.map((turn) => `{"role":"${turn.role}","content":${writeContent(turn.blocks)}}`);
  const systemText = system.length === 0 ? '' : `,"system":${writeContent(system)}`;
  const rest = stringifyWellFormed(body).slice(1);
  return `{"messages":[${messages.join(',')}]${systemText}${rest === '}' ? '}' : `,${rest}`}`;
}

function writeContent(blocks: readonly Block[]): string {
  return `[${blocks.map(writeBlock).join(',')}]`;
}
