import {
  partsOf,
  textOf,
  type ChatRequest,
  type FinishReason,
  type ImagePart,
  type JsonValue,
  type Message,
  type Random,
  type StreamEvent,
  type Usage,
  type WireId,
} from '@standin/core/spec/index';
import type { Behaviour, SimulatedToolCall } from './behaviour.ts';
import { randomId, seededRandom, seedOf } from './random.ts';
import { sampleOf } from './schema-sample.ts';
import { generateText, pieces, wholeCharacters } from './text.ts';

const DEFAULT_WORDS = 60;
const REASONING_WORDS = 20;
const CHARACTERS_PER_TOKEN = 4;

export interface AnswerFacts {
  readonly id: string;
  readonly model: string;
  readonly createdAt: number;
  readonly seed: number;
  readonly wire: WireId;
  /** Text of a test's own making; `undefined` leaves it to the generator. */
  readonly makeText?: (request: ChatRequest) => string | undefined;
}

/** What a stand-in says, before it is cut into events. */
export interface Answer {
  readonly reasoning: string;
  readonly signature?: string;
  readonly text: string;
  readonly refusal: boolean;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly finish: FinishReason;
  readonly stopSequence?: string;
  readonly usage?: Usage;
}

/** The assistant text at the end of a request, which the answer has to go on from; `undefined` when there is none. */
export function prefillOf(request: ChatRequest): string | undefined {
  const last = request.messages.at(-1);
  if (last?.role !== 'assistant') return undefined;
  if (partsOf(last.content).some((part) => part.type === 'tool-call')) return undefined;
  return textOf(last.content);
}

export function composeAnswer(request: ChatRequest, behaviour: Behaviour, facts: AnswerFacts): Answer {
  const prompt = promptOf(request);
  const random = seededRandom(seedOf(facts.seed, prompt, request.messages.length, 'ids'));
  const calls = toolCalls(request, behaviour, facts.wire, random);
  const reasoning =
    behaviour.reasoning === true
      ? generateText(seedOf(facts.seed, prompt, 'reasoning', behaviour.diverge ?? ''), REASONING_WORDS)
      : behaviour.reasoning || '';
  const whole =
    behaviour.refusal ?? (calls.length > 0 ? (behaviour.text ?? '') : fullText(request, behaviour, facts, prompt));
  const { text, cut } = limit(afterPrefill(whole, request, behaviour, facts), request, behaviour);
  const usual: FinishReason = cut
    ? 'length'
    : calls.length > 0
      ? 'tool-calls'
      : behaviour.refusal === undefined
        ? 'stop'
        : 'refusal';
  const answer = { reasoning, text, refusal: behaviour.refusal !== undefined, calls };
  return {
    ...answer,
    // The OpenAI shape has no signatures; other wires' reasoning is never without one.
    signature: behaviour.signature ?? (facts.wire === 'openai-chat' ? undefined : 'sim-signature'),
    finish: behaviour.finish ?? (behaviour.stopSequence === undefined ? usual : 'stop'),
    stopSequence: behaviour.stopSequence,
    usage: behaviour.usage === false ? undefined : { ...countTokens(request, answer), ...behaviour.usage },
  };
}

/** Only the last thing the user said decides the text: a fallback of another wire, key or system prompt says the same. */
function promptOf(request: ChatRequest): string {
  const last = request.messages.findLast((message) => message.role === 'user' || message.role === 'tool');
  return last === undefined ? '' : plainText(last);
}

function plainText(message: Message): string {
  if (typeof message.content === 'string') return message.content;
  return message.content
    .map((part) => (part.type === 'text' ? part.text : part.type === 'tool-result' ? textOf(part.content) : ''))
    .join('');
}

function fullText(request: ChatRequest, behaviour: Behaviour, facts: AnswerFacts, prompt: string): string {
  if (behaviour.text !== undefined) return behaviour.text;
  const made = facts.makeText?.(request);
  if (made !== undefined) return made;
  if (request.outputFormat?.type === 'json')
    return JSON.stringify({ answer: generateText(seedOf(facts.seed, prompt), 5) });
  if (request.outputFormat?.type === 'json-schema') return JSON.stringify(sampleOf(request.outputFormat.schema));
  const words = behaviour.words ?? DEFAULT_WORDS;
  const usual = acknowledged(request) + generateText(seedOf(facts.seed, prompt), words);
  if (behaviour.diverge === undefined) return usual;
  const shared = wholeCharacters(usual, behaviour.divergeAtChars ?? 0);
  // A word that the generator never says: two texts could otherwise begin alike by chance.
  return `${usual.slice(0, shared)}[${behaviour.diverge}] ${generateText(seedOf(facts.seed, prompt, behaviour.diverge), words)}`;
}

/** Images and tool results are named in the answer, so that a test sees they arrived whole. */
function acknowledged(request: ChatRequest): string {
  const turn = request.messages.slice(request.messages.findLastIndex((message) => message.role === 'assistant') + 1);
  const parts = turn.flatMap((message) => [...partsOf(message.content)]);
  const images = parts.filter((part): part is ImagePart => part.type === 'image').map(describeImage);
  const results = parts.filter((part) => part.type === 'tool-result').map((part) => textOf(part.content));
  const seen = images.length === 0 ? '' : `Seen: ${images.join(', ')}. `;
  return seen + (results.length === 0 ? '' : `Tool said: ${results.join(' | ')}. `);
}

function describeImage(part: ImagePart): string {
  const { source } = part;
  if (source.type === 'base64') return `${source.mediaType} of ${Buffer.from(source.data, 'base64').length} bytes`;
  return source.type === 'url' ? `image at ${source.url}` : `image file ${source.fileId}`;
}

function afterPrefill(whole: string, request: ChatRequest, behaviour: Behaviour, facts: AnswerFacts): string {
  const prefill = prefillOf(request);
  if (prefill === undefined || (behaviour.prefill ?? 'continue') === 'ignore') return whole;
  if (whole.startsWith(prefill)) return whole.slice(prefill.length);
  // Told to go on from a text that is not its own: it does, in its own words.
  return ` ${generateText(seedOf(facts.seed, prefill, behaviour.diverge ?? 'continued'), behaviour.words ?? DEFAULT_WORDS)}`;
}

function limit(text: string, request: ChatRequest, behaviour: Behaviour): { text: string; cut: boolean } {
  if (behaviour.honourMaxTokens !== true || request.maxTokens === undefined) return { text, cut: false };
  const most = wholeCharacters(text, request.maxTokens * CHARACTERS_PER_TOKEN);
  return text.length > most ? { text: text.slice(0, most), cut: true } : { text, cut: false };
}

function toolCalls(request: ChatRequest, behaviour: Behaviour, wire: WireId, random: Random): Answer['calls'] {
  const answered = request.messages.at(-1)?.role === 'tool';
  const choice = request.toolChoice?.type;
  const forced =
    (choice === 'required' || choice === 'tool') && (request.tools?.length ?? 0) > 0 && behaviour.text === undefined;
  const wanted = behaviour.toolCalls ?? (forced ? 'auto' : undefined);
  const isEnough = answered && !forced && behaviour.callAgain !== true;
  if (wanted === undefined || isEnough || choice === 'none') return [];
  const list = typeof wanted === 'string' ? chosenTools(request, wanted) : wanted;
  return list.map((call) => ({
    id: call.id ?? callId(wire, random),
    name: call.name,
    arguments: argumentsText(call.arguments),
  }));
}

function argumentsText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? {});
}

function chosenTools(request: ChatRequest, how: 'auto' | 'parallel'): readonly SimulatedToolCall[] {
  const named = request.toolChoice?.type === 'tool' ? request.toolChoice.name : undefined;
  const declared = (request.tools ?? []).filter(
    (tool) => tool.opaque === undefined && (named === undefined || tool.name === named),
  );
  const tools = declared.map((tool) => ({
    name: tool.name,
    arguments: sampleOf((tool.parameters ?? {}) as JsonValue) ?? {},
  }));
  if (tools.length === 0) tools.push({ name: named ?? 'get_weather', arguments: { city: 'Zürich' } });
  const first = tools[0];
  if (first === undefined) return [];
  if (how === 'auto' || request.parallelToolCalls === false) return [first];
  return tools.length > 1 ? tools : [first, first];
}

function callId(wire: WireId, random: Random): string {
  return wire === 'anthropic-messages' ? `toolu_${randomId(random, 22)}` : `call_${randomId(random, 24)}`;
}

function countTokens(request: ChatRequest, answer: Pick<Answer, 'text' | 'reasoning' | 'calls'>): Usage {
  const tokens = (characters: number) => Math.ceil(characters / CHARACTERS_PER_TOKEN);
  const calls = answer.calls.reduce((sum, call) => sum + call.name.length + call.arguments.length, 0);
  const reasoningTokens = tokens(answer.reasoning.length);
  return {
    inputTokens: countInputTokens(request),
    outputTokens: Math.max(1, tokens(answer.text.length + calls) + reasoningTokens),
    ...(reasoningTokens > 0 ? { reasoningTokens } : {}),
  };
}

/** A token for every four characters of the request, at least one. */
export function countInputTokens(request: ChatRequest): number {
  const characters = request.messages.reduce((sum, message) => sum + plainText(message).length, 0);
  const tools = request.tools === undefined ? 0 : JSON.stringify(request.tools).length;
  return Math.max(1, Math.ceil((characters + tools) / CHARACTERS_PER_TOKEN));
}

/** The answer as the events of one stream. */
export function answerEvents(answer: Answer, behaviour: Behaviour, facts: AnswerFacts): StreamEvent[] {
  const events: StreamEvent[] = [
    { type: 'response-start', id: facts.id, model: facts.model, createdAt: facts.createdAt },
  ];
  if (answer.usage !== undefined) {
    const { outputTokens: _out, reasoningTokens: _reasoning, ...usage } = answer.usage;
    // Anthropic says the input's tokens at the start; wires that report once leave this out.
    events.push({ type: 'usage', usage });
  }
  let index = 0;
  if (answer.reasoning !== '') {
    events.push({ type: 'reasoning-start', index });
    for (const text of pieces(answer.reasoning, behaviour.deltaChars))
      events.push({ type: 'reasoning-delta', index, text });
    events.push({ type: 'reasoning-end', index: index++, signature: answer.signature });
  }
  if (answer.text !== '') {
    events.push({ type: 'text-start', index, ...(answer.refusal ? { refusal: true } : {}) });
    for (const text of pieces(answer.text, behaviour.deltaChars)) events.push({ type: 'text-delta', index, text });
    events.push({ type: 'text-end', index: index++ });
  }
  for (const { id, name, arguments: json } of answer.calls) {
    events.push({ type: 'tool-call-start', index, id, name });
    for (const piece of pieces(json, behaviour.deltaChars))
      events.push({ type: 'tool-call-delta', index, json: piece });
    events.push({ type: 'tool-call-end', index: index++, id, name, arguments: json });
  }
  const { finish: reason, stopSequence, usage } = answer;
  events.push({
    type: 'finish',
    reason,
    ...(stopSequence === undefined ? {} : { stopSequence }),
    ...(usage === undefined ? {} : { usage }),
  });
  return events;
}
