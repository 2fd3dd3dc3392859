import { ProviderError } from '../../spec/errors.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import { partsOf, textOf, type MediaSource, type Message, type Part, type ToolResultPart } from '../../spec/message.ts';
import { repairSurrogates } from '../json-text.ts';
import { argumentsObjectText } from '../tool-arguments.ts';
import type { Losses } from '../losses.ts';
import type { ToolNames } from '../tool-identity.ts';
import { stringifyWellFormed } from '../well-formed.ts';
import type { WireTarget } from '../wire.ts';
import { WIRE } from './facts.ts';
import type { ThinkingTraits } from '../google-thinking.ts';

/** A part on its way out; `raw` is the JSON text of a member that must go out byte for byte. */
export interface OutPart {
  readonly json: JsonObject;
  readonly raw?: { readonly inside: 'functionCall' | 'functionResponse'; readonly key: string; readonly text: string };
  readonly callId?: string;
}

export interface Content {
  readonly role: 'user' | 'model';
  readonly parts: OutPart[];
}

export interface ContentContext {
  readonly target: WireTarget;
  readonly traits: ThinkingTraits;
  readonly names: ToolNames;
  readonly losses: Losses;
  /** The request came in over this wire: signatures without a stamp are the caller's own. */
  readonly sameWire: boolean;
}

/** Accepted in place of a signature that is lost or another model's (ai.google.dev/gemini-api/docs/thought-signatures, read 2026-11). */
const SKIP_SIGNATURE = 'skip_thought_signature_validator';

/** Messages in this wire's order: roles alternate, the user begins, every call of a turn is answered in the next one. */
export function encodeContents(
  messages: readonly Message[],
  context: ContentContext,
): { readonly system: OutPart[]; readonly contents: Content[] } {
  const system: OutPart[] = [];
  const contents: Content[] = [];
  const calls = new Map<string, string>();
  messages.forEach((message, at) => {
    const where = `messages[${at}]`;
    if (message.name !== undefined) context.losses.add(`name on ${where}`);
    if (message.role === 'system' && contents.length === 0) {
      return void system.push(...plainParts(partsOf(message.content), where, context));
    }
    if (message.role === 'system') {
      context.losses.add(`system role of ${where} (sent as a marked user turn)`);
      const text = `<system>\n${textOf(message.content)}\n</system>`;
      return add(contents, 'user', [{ json: { text } }]);
    }
    if (message.role === 'assistant') return add(contents, 'model', modelParts(message, where, context, calls));
    add(contents, 'user', userParts(message, where, context, calls));
  });
  answerCalls(contents, context.losses);
  beginWithUser(contents, context.losses);
  return { system, contents };
}

function add(contents: Content[], role: Content['role'], parts: OutPart[]): void {
  if (parts.length === 0) return;
  const last = contents.at(-1);
  if (last?.role === role) last.parts.push(...parts);
  else contents.push({ role, parts });
}

function beginWithUser(contents: Content[], losses: Losses): void {
  const first = contents[0];
  if (first?.role === 'user') return;
  losses.add(first === undefined ? 'no user message: one was made up' : 'conversation began with the assistant');
  contents.unshift({
    role: 'user',
    parts: [{ json: { text: first === undefined ? 'Go ahead.' : '(start of the conversation)' } }],
  });
}

/**
 * "Please ensure that the number of function response parts is equal to the number of function call parts of the
 * function call turn": results stand first, in the order of their calls; missing ones are made up.
 */
function answerCalls(contents: Content[], losses: Losses): void {
  for (let at = 0; at < contents.length; at += 1) {
    const turn = contents[at];
    const calls = turn?.role === 'model' ? turn.parts.filter((part) => part.json['functionCall'] !== undefined) : [];
    if (calls.length === 0) continue;
    const next = contents[at + 1];
    const given = next?.role === 'user' ? next.parts : [];
    const results = calls.map((call) => {
      const found = given.findIndex((part) => isResult(part) && part.callId === call.callId);
      const [result] = found === -1 ? [] : given.splice(found, 1);
      if (result !== undefined) return result;
      losses.add(`no result for tool call ${call.callId ?? ''}: an error result was made up`);
      return madeUpResult(call);
    });
    if (next?.role === 'user') next.parts.unshift(...results);
    else contents.splice(at + 1, 0, { role: 'user', parts: results });
  }
}

function isResult(part: OutPart): boolean {
  return part.json['functionResponse'] !== undefined;
}

function madeUpResult(call: OutPart): OutPart {
  const made = isJsonObject(call.json['functionCall']) ? call.json['functionCall'] : {};
  const response = { error: 'No result was recorded for this call.' };
  const functionResponse: JsonObject = { name: made['name'] ?? '', response };
  if (made['id'] !== undefined) functionResponse['id'] = made['id'];
  return { json: { functionResponse }, callId: call.callId };
}

function modelParts(message: Message, where: string, context: ContentContext, calls: Map<string, string>): OutPart[] {
  const parts: OutPart[] = [];
  let firstCall = true;
  for (const part of partsOf(message.content)) {
    if (part.type === 'tool-call') {
      calls.set(part.id, part.name);
      parts.push(callPart(part, where, context, firstCall));
      firstCall = false;
    } else if (part.type === 'reasoning') parts.push(...thoughtPart(part, where, context));
    else parts.push(...plainParts([part], where, context));
  }
  return parts;
}

function isOwn(issuer: string | undefined, context: ContentContext): boolean {
  // Learnt from a refusal of a signature: once more, without any of them.
  if (context.target.quirks.omitParameters.includes('reasoning_replay')) return false;
  return issuer === undefined ? context.sameWire : issuer === context.target.issuer;
}

function thoughtPart(part: Part & { type: 'reasoning' }, where: string, context: ContentContext): OutPart[] {
  if (!isOwn(part.issuer, context)) {
    context.losses.add(`reasoning on ${where}: of another model`);
    return [];
  }
  if (part.redacted !== undefined) context.losses.add(`redacted reasoning on ${where}`);
  if (part.text === '' && part.signature === undefined) return [];
  const json: JsonObject = { text: part.text, thought: true };
  if (part.signature !== undefined) json['thoughtSignature'] = part.signature;
  return [{ json }];
}

function callPart(
  part: Part & { type: 'tool-call' },
  where: string,
  context: ContentContext,
  isFirst: boolean,
): OutPart {
  const { names, losses, traits } = context;
  if (part.cacheControl !== undefined) losses.add(`cache_control on ${where}`);
  const json: JsonObject = { functionCall: { id: part.id, name: names.sent(part.name) } };
  const own = part.signature !== undefined && isOwn(part.issuer, context);
  if (own) json['thoughtSignature'] = part.signature ?? '';
  else {
    if (part.signature !== undefined) losses.add(`thought signature on ${where}: of another model`);
    // A model that is not known to want them has said so when replay was refused once.
    const wanted = traits.needsSignatures || context.target.quirks.omitParameters.includes('reasoning_replay');
    if (isFirst && wanted) json['thoughtSignature'] = SKIP_SIGNATURE;
  }
  const raw = {
    inside: 'functionCall',
    key: 'args',
    text: argumentsObjectText(part.arguments, where, losses),
  } as const;
  return { json, raw, callId: part.id };
}

function userParts(message: Message, where: string, context: ContentContext, calls: Map<string, string>): OutPart[] {
  return partsOf(message.content).flatMap((part) =>
    part.type === 'tool-result' ? resultParts(part, where, context, calls) : plainParts([part], where, context),
  );
}

function resultParts(
  part: ToolResultPart,
  where: string,
  context: ContentContext,
  calls: ReadonlyMap<string, string>,
): OutPart[] {
  const { losses, names, traits } = context;
  if (part.cacheControl !== undefined) losses.add(`cache_control on ${where}`);
  const inner = partsOf(part.content);
  const words = inner.map((one) => (one.type === 'text' ? one.text : '')).join('');
  const media = plainParts(
    inner.filter((one) => one.type !== 'text'),
    where,
    context,
  );
  const name = calls.get(part.toolCallId);
  if (name === undefined) {
    losses.add(`tool result without its call on ${where} (sent as text)`);
    return [{ json: { text: `[Result of tool ${part.name ?? part.toolCallId}]\n${words}` } }, ...media];
  }
  const functionResponse: JsonObject = { id: part.toolCallId, name: names.sent(name) };
  // Gemini 3 takes media inside a result (ai.google.dev/gemini-api/docs/function-calling, read 2026-11).
  const inside = traits.needsSignatures && media.every((one) => one.json['inlineData'] !== undefined) ? media : [];
  if (inside.length > 0) functionResponse['parts'] = inside.map((one) => one.json);
  else if (media.length > 0) losses.add(`place of media in the tool result on ${where} (sent behind it)`);
  const raw = {
    inside: 'functionResponse',
    key: 'response',
    text: responseText(words, part.isError === true),
  } as const;
  return [{ json: { functionResponse }, raw, callId: part.toolCallId }, ...(inside.length > 0 ? [] : media)];
}

/** `response` must be an object: one that is goes as it stands, anything else is wrapped under `output` or `error`. */
function responseText(words: string, isError: boolean): string {
  const text = words.trim();
  if (!isError && text.startsWith('{') && isJsonObject(tryParse(text))) return repairSurrogates(text);
  return stringifyWellFormed(isError ? { error: words } : { output: words });
}

function plainParts(parts: readonly Part[], where: string, context: ContentContext): OutPart[] {
  const { losses } = context;
  return parts.flatMap((part): OutPart[] => {
    if ('cacheControl' in part && part.cacheControl !== undefined) losses.add(`cache_control on ${where}`);
    switch (part.type) {
      case 'text':
      case 'refusal':
        return part.text === '' ? [] : [{ json: { text: part.text } }];
      case 'image':
        if (part.detail !== undefined && part.detail !== 'auto') losses.add(`detail on ${where}`);
        return [{ json: mediaPart(part.source, where) }];
      case 'document':
        if (part.source.type === 'text') return [{ json: { text: part.source.text } }];
        if (part.title !== undefined) losses.add(`title of a document on ${where}`);
        return [{ json: mediaPart(part.source, where) }];
      case 'opaque': {
        const own = part.wire === WIRE && isJsonObject(part.value) ? part.value['part'] : undefined;
        if (!isJsonObject(own)) return foreign(part.wire, where, losses);
        if (own['thoughtSignature'] === undefined || isOwn(undefined, context)) return [{ json: own }];
        losses.add(`thought signature on ${where}`);
        return [];
      }
      default:
        losses.add(`${part.type} on ${where}`);
        return [];
    }
  });
}

function foreign(wire: string, where: string, losses: Losses): OutPart[] {
  // Facts of a whole answer (grounding, ratings) are this wire's own but no input.
  if (wire !== WIRE) losses.add(`${wire} item on ${where}`);
  return [];
}

/** Addresses the vendor reads itself: its file store, its cloud's buckets, its videos. */
const READABLE = /^(gs:\/\/|https:\/\/[a-z0-9.-]*\.googleapis\.com\/|https:\/\/(www\.)?(youtube\.com|youtu\.be)\/)/i;

function mediaPart(source: MediaSource, where: string): JsonObject {
  if (source.type === 'base64') return { inlineData: { mimeType: source.mediaType, data: source.data } };
  const address = source.type === 'url' ? source.url : source.fileId;
  const inline = /^data:([^;,]+)[^,]*;base64,(.*)$/is.exec(address);
  if (inline !== null) return { inlineData: { mimeType: inline[1] ?? '', data: inline[2] ?? '' } };
  if (READABLE.test(address) || (source.type === 'file' && address.startsWith('files/'))) {
    const fileData: JsonObject = { fileUri: address };
    if (source.mediaType !== undefined) fileData['mimeType'] = source.mediaType;
    return { fileData };
  }
  const what = source.type === 'url' ? 'a web address' : 'a file of another vendor';
  throw new ProviderError({
    kind: 'unsupported',
    message: `${where} holds ${what}, which this protocol does not fetch: send the bytes as base64, or an address of its own file store.`,
    parameter: where,
  });
}

function tryParse(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}

/** Parts as JSON text, with the arguments and results put in as they came. */
export function writePart({ json, raw }: OutPart): string {
  if (raw === undefined) return stringifyWellFormed(json);
  const { [raw.inside]: holder, ...rest } = json;
  const inner = stringifyWellFormed(holder);
  const tail = Object.keys(rest).length === 0 ? '' : `,${stringifyWellFormed(rest).slice(1, -1)}`;
  return `{"${raw.inside}":${inner.slice(0, -1)},"${raw.key}":${raw.text}}${tail}}`;
}

export function writeContents(contents: readonly Content[]): string {
  const turns = contents.map(({ role, parts }) => `{"role":"${role}","parts":[${parts.map(writePart).join(',')}]}`);
  return `[${turns.join(',')}]`;
}
