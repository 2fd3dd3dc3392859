import type { JsonObject } from '../../spec/json.ts';
import type { ChatRequest } from '../../spec/request.ts';
import { canForceTool } from '../output-tool.ts';
import type { CallMode, EncodedCall, WireTarget } from '../wire.ts';
import { arrangeTurns } from './arrange.ts';
import { textBlock, writeBlock, type Block, type Turn } from './blocks.ts';
import { createLosses, type Losses } from '../losses.ts';
import { limitCacheMarks } from './cache-marks.ts';
import { SYSTEM_TURN_VERSION, WIRE } from './facts.ts';
import { stringifyWellFormed } from '../well-formed.ts';
import { modelTraits, type ModelTraits } from '../claude-models.ts';
import { fitOutputSchema } from '../claude-output-schema.ts';
import { planThinking, type ThinkingPlan } from '../claude-thinking.ts';
import { encodeToolChoice, encodeTools, toolNamesOf } from './tools.ts';
import { isThinking, isToolResult, isToolUse, readMessages } from './turns.ts';

/** What is asked for when nobody stated a limit; the API demands one. */
const DEFAULT_MAX_TOKENS = 8_192;

/** Writes a request for `POST /v1/messages`. `lost` says what this wire or model could not take. */
export function encode(request: ChatRequest, target: WireTarget, mode: CallMode): EncodedCall {
  const losses = createLosses();
  const traits = modelTraits(target.model);
  const own = ownExtensions(request, losses);
  const headers = encodeHeaders(request, target, losses);
  const names = toolNamesOf(request);
  const systemTurns = traits.claude && (headers['anthropic-version'] ?? '') >= SYSTEM_TURN_VERSION;
  const context = { target, traits, names, losses, sameWire: own.sameWire, systemTurns };
  const conversation = readMessages(request.messages, context);
  const turns = arrangeTurns(conversation.turns, losses);
  const system = [...conversation.system];

  const maxTokens = request.maxTokens ?? target.defaults.maxTokens;
  const forbidden = thinkingObstacle(turns);
  const question = {
    reasoning: request.reasoning,
    think: target.defaults.think,
    maxTokens,
    sameWire: own.sameWire,
    forbidden,
  };
  const plan = own.body['thinking'] === undefined ? planThinking(question, traits, losses) : OWN_THINKING;
  const tools = encodeTools(request.tools ?? [], names, losses, {
    sameWire: own.sameWire,
    traits,
    extras: own.body['tools'],
  });
  const reserved = own.body['cache_control'] == null ? 0 : 1;

  const body: JsonObject = {
    model: target.model,
    max_tokens: maxTokens ?? Math.min(traits.outputTokens, DEFAULT_MAX_TOKENS + plan.budgetTokens),
  };
  addSampling(body, request, target, { traits, plan, losses });
  if (request.stop !== undefined) addStop(body, request.stop, losses);
  if (plan.thinking !== undefined) body['thinking'] = plan.thinking;
  addOutput(body, system, request, target, { traits, effort: plan.effort, sameWire: own.sameWire, losses });
  if (target.quirks.systemRole === 'merge') turns[0]?.blocks.unshift(...system.splice(0));
  limitCacheMarks({ tools, system, turns }, reserved, losses);
  if (tools.length > 0) body['tools'] = tools;
  const choice = encodeToolChoice(request, tools, names, losses, {
    thinking: plan.on,
    forcedTools: traits.forcedTools,
  });
  if (choice !== undefined) body['tool_choice'] = choice;
  if (request.user !== undefined) body['metadata'] = { user_id: request.user };
  if (mode === 'stream') body['stream'] = true;
  declareUnknown(request, losses);
  mergeInto(body, own.body);
  mergeInto(body, target.defaults.providerExtra ?? {});
  for (const parameter of target.quirks.omitParameters) omit(body, parameter, losses);

  const toolNames = names.changed();
  const call: EncodedCall = {
    method: 'POST',
    path: '/v1/messages',
    headers,
    body: writeBody(body, system, turns),
    lost: losses.list(),
  };
  const inWords = asksInWords(request, target, traits) ? { outputInWords: true } : {};
  return Object.keys(toolNames).length === 0 ? { ...call, ...inWords } : { ...call, ...inWords, toolNames };
}

/** Thinking that the caller of this wire configured in a way only this wire knows. */
const OWN_THINKING: ThinkingPlan = { on: true, budgetTokens: 0 };

function ownExtensions(
  request: ChatRequest,
  losses: Losses,
): { readonly sameWire: boolean; readonly body: JsonObject } {
  const { extensions, wireHeaders } = request;
  const sameWire = extensions?.wire === WIRE || wireHeaders?.wire === WIRE;
  if (extensions === undefined) return { sameWire, body: {} };
  if (extensions.wire === WIRE) return { sameWire, body: extensions.body };
  for (const key of Object.keys(extensions.body)) losses.add(`${key} of ${extensions.wire}`);
  return { sameWire, body: {} };
}

function encodeHeaders(request: ChatRequest, target: WireTarget, losses: Losses): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'anthropic-version': target.quirks.anthropicVersion,
  };
  const given = request.wireHeaders;
  if (given === undefined) return headers;
  for (const [name, value] of Object.entries(given.headers)) {
    if (given.wire !== WIRE) losses.add(`header ${name}`);
    else if (name.startsWith('anthropic-') && value !== '') headers[name] = value;
  }
  return headers;
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

interface SamplingFacts {
  readonly traits: ModelTraits;
  readonly plan: ThinkingPlan;
  readonly losses: Losses;
}

function addSampling(body: JsonObject, request: ChatRequest, target: WireTarget, facts: SamplingFacts): void {
  const { traits, plan, losses } = facts;
  const temperature = request.temperature ?? target.defaults.temperature;
  const free = traits.sampling && !plan.on;
  if (temperature !== undefined) {
    // 1 is the default, so a model that takes nothing else needs no word.
    if (free) body['temperature'] = clampTemperature(temperature, traits, losses);
    else if (temperature !== 1)
      losses.add(`temperature: ${plan.on ? 'fixed at 1 while thinking' : 'this model takes none'}`);
  }
  if (request.topP !== undefined) {
    const inThinking = traits.sampling && plan.on && request.topP >= 0.95;
    const alone = traits.bothSampling || body['temperature'] === undefined;
    if ((free || inThinking) && alone) body['top_p'] = request.topP;
    else if (request.topP < 0.99) losses.add(`top_p: ${free ? 'not beside a temperature' : 'this model takes none'}`);
  }
  if (request.topK !== undefined) {
    if (free) body['top_k'] = request.topK;
    else losses.add(`top_k: ${plan.on ? 'not while thinking' : 'this model takes none'}`);
  }
}

function clampTemperature(temperature: number, traits: ModelTraits, losses: Losses): number {
  if (temperature <= 1 || !traits.claude) return temperature;
  losses.add(`temperature ${temperature}: lowered to 1`);
  return 1;
}

function addStop(body: JsonObject, stop: readonly string[], losses: Losses): void {
  // "stop_sequences: each stop sequence must contain non-whitespace"
  const usable = stop.filter((sequence) => sequence.trim() !== '');
  if (usable.length < stop.length) losses.add('stop sequences of white space only');
  if (usable.length > 0) body['stop_sequences'] = usable;
}

interface OutputFacts {
  readonly traits: ModelTraits;
  readonly effort: string | undefined;
  readonly sameWire: boolean;
  readonly losses: Losses;
}

function addOutput(
  body: JsonObject,
  system: Block[],
  request: ChatRequest,
  target: WireTarget,
  facts: OutputFacts,
): void {
  const config: JsonObject = {};
  if (facts.effort !== undefined) config['effort'] = facts.effort;
  const format = request.outputFormat;
  if (format?.type === 'json') {
    system.push(textBlock('Answer with one JSON object and nothing else: no text before or after it, no code fence.'));
  } else if (format?.type === 'json-schema') {
    if (facts.traits.structuredOutput && target.quirks.structuredOutput === 'json_schema') {
      const schema = facts.sameWire ? format.schema : fitOutputSchema(format.schema, facts.losses);
      config['format'] = { type: 'json_schema', schema };
    } else {
      facts.losses.add('json schema: asked for in words, not enforced');
      system.push(textBlock(schemaInstruction(format.schema, format.description)));
    }
  }
  if (Object.keys(config).length > 0) body['output_config'] = config;
}

function asksInWords(request: ChatRequest, target: WireTarget, traits: ModelTraits): boolean {
  const type = request.outputFormat?.type;
  if (type === 'json-schema') return !traits.structuredOutput || target.quirks.structuredOutput !== 'json_schema';
  return type === 'json';
}

/** Models from before structured outputs, Claude and others. */
export function canForceOutput(request: ChatRequest, target: WireTarget): boolean {
  const traits = modelTraits(target.model);
  const enforced = traits.structuredOutput && target.quirks.structuredOutput === 'json_schema';
  return !enforced && traits.forcedTools && canForceTool(request, target);
}

function schemaInstruction(schema: JsonObject, description: string | undefined): string {
  const about = description === undefined ? '' : ` (${description})`;
  const rule = 'Answer with one JSON value and nothing else: no text before or after it, no code fence.';
  return `${rule} It must satisfy this JSON Schema${about}:\n${JSON.stringify(schema)}`;
}

function declareUnknown(request: ChatRequest, losses: Losses): void {
  if (request.seed !== undefined) losses.add('seed');
  if (request.presencePenalty !== undefined) losses.add('presence_penalty');
  if (request.frequencyPenalty !== undefined) losses.add('frequency_penalty');
}

/** Adds what the request itself did not set; objects such as `metadata` and `output_config` are joined. */
function mergeInto(body: JsonObject, extra: JsonObject): void {
  for (const [key, value] of Object.entries(extra)) {
    if (key === 'messages' || key === 'system' || key === 'tools' || key === 'stream') continue;
    const own = body[key];
    if (own === undefined) body[key] = value;
    else if (isPlainObject(own) && isPlainObject(value) && key !== 'thinking') body[key] = { ...value, ...own };
  }
}

function isPlainObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function omit(body: JsonObject, parameter: string, losses: Losses): void {
  if (body[parameter] === undefined || parameter === 'model' || parameter === 'max_tokens') return;
  delete body[parameter];
  losses.add(`${parameter}: this model rejects it`);
}

/** The conversation is written block by block, so that the arguments of tool calls go out as they came in. */
function writeBody(body: JsonObject, system: readonly Block[], turns: readonly Turn[]): string {
  const head = stringifyWellFormed(body).slice(0, -1);
  const systemText = system.length === 0 ? '' : `,"system":${writeContent(system)}`;
  const messages = turns.map((turn) => `{"role":"${turn.role}","content":${writeContent(turn.blocks)}}`);
  return `${head}${systemText},"messages":[${messages.join(',')}]}`;
}

/** One plain text is a string: every compatible server takes that, not all of them take a list. */
function writeContent(blocks: readonly Block[]): string {
  const only = blocks.length === 1 ? blocks[0]?.json : undefined;
  if (only?.['type'] === 'text' && Object.keys(only).length === 2) return stringifyWellFormed(only['text']);
  return `[${blocks.map(writeBlock).join(',')}]`;
}
