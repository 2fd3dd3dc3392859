import type { JsonObject, JsonValue } from '../../spec/json.ts';
import type { ChatRequest } from '../../spec/request.ts';
import { createLosses, type Losses } from '../losses.ts';
import { needsMaxCompletionTokens } from '../openai-chat/encode-options.ts';
import { createToolNames } from '../tool-identity.ts';
import { stringifyWellFormed } from '../well-formed.ts';
import type { CallMode, EncodedCall, WireTarget } from '../wire.ts';
import { encodeInput } from './encode-input.ts';
import { encodeReasoningOptions, encodeSampling, encodeText, encodeTools, mergeUnder } from './encode-options.ts';
import { WIRE } from './facts.ts';

const LEGAL_TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const ENCRYPTED = 'reasoning.encrypted_content';

/** Fields that are never taken from extras: they are the request itself, or how we read its answer. */
const OURS: ReadonlySet<string> = new Set(['model', 'input', 'instructions', 'tools', 'stream', 'background']);

/** What stands for earlier turns that lie with one vendor. */
const STATE_FIELDS = ['previous_response_id', 'conversation', 'prompt'] as const;

/**
 * The field by which a request leans on what one vendor has stored, if any. Such a request loses its beginning at a
 * target of another protocol, and at one that stores nothing (`statelessOnly`): it has to be refused there.
 */
export function stateFieldOf(request: ChatRequest): (typeof STATE_FIELDS)[number] | undefined {
  if (request.extensions?.wire !== WIRE) return undefined;
  const { body } = request.extensions;
  return STATE_FIELDS.find((key) => body[key] != null);
}

/** A request for `POST {base}/responses`. Our own fields win over the caller's extra ones, those over the configured. */
export function encode(request: ChatRequest, target: WireTarget, mode: CallMode): EncodedCall {
  const losses = createLosses();
  const names = createToolNames(
    LEGAL_TOOL_NAME,
    (request.tools ?? []).map((tool) => tool.name),
  );
  const sameWire = request.extensions?.wire === WIRE;
  const callers = callerExtensions(request, losses);
  const state = stateOf(callers, sameWire, target, losses);
  const { input, instructions } = encodeInput(request.messages, { target, names, losses, sameWire, ...state });

  const body: JsonObject = { model: target.model };
  if (instructions !== undefined) body['instructions'] = instructions;
  body['input'] = [...input];
  encodeSampling(body, request, target, losses);
  encodeTools(body, request, target, names, losses);
  encodeText(body, request, target, losses);
  encodeReasoningOptions(body, request, target, sameWire, losses);
  mergeUnder(body, callers, OURS);
  mergeUnder(body, target.defaults.providerExtra ?? {}, OURS);
  setState(body, target, sameWire);
  if (mode === 'stream' || target.quirks.streamOnly) body['stream'] = true;
  else delete body['stream_options'];
  for (const parameter of target.quirks.omitParameters) {
    if (body[parameter] === undefined || parameter === 'model' || parameter === 'input') continue;
    delete body[parameter];
    losses.add(parameter);
  }
  const call = {
    method: 'POST' as const,
    path: '/responses',
    headers: {
      'content-type': 'application/json',
      accept: body['stream'] === true ? 'text/event-stream' : 'application/json',
      ...(request.wireHeaders?.wire === WIRE ? request.wireHeaders.headers : {}),
    },
    body: stringifyWellFormed(body),
    lost: losses.list(),
  };
  const toolNames = names.restore();
  return toolNames === undefined ? call : { ...call, toolNames };
}

function callerExtensions(request: ChatRequest, losses: Losses): JsonObject {
  const { extensions } = request;
  if (extensions === undefined) return {};
  if (extensions.wire !== WIRE) {
    for (const key of Object.keys(extensions.body)) losses.add(`${key} (a field of ${extensions.wire})`);
    return {};
  }
  if (extensions.body['background'] === true) losses.add('background (answered at once)');
  return extensions.body;
}

/** Whether earlier items lie with the vendor: OpenAI stores unless told otherwise. */
function stateOf(
  callers: JsonObject,
  sameWire: boolean,
  target: WireTarget,
  losses: Losses,
): { keepIds: boolean; continued: boolean } {
  const earlier = STATE_FIELDS.filter((key) => callers[key] != null);
  if (target.quirks.statelessOnly) {
    if (callers['store'] === true) losses.add('store');
    for (const key of earlier) losses.add(key);
    return { keepIds: false, continued: false };
  }
  const continued = sameWire && earlier.length > 0;
  // This target has refused items that another one stored or encrypted: then nothing is referred to by its id.
  const refused = target.quirks.omitParameters.includes('reasoning_replay');
  return { keepIds: !refused && (continued || (sameWire && callers['store'] !== false)), continued };
}

/** A caller of this wire decides on storing; for every other the conversation is in the request, so nothing is stored. */
function setState(body: JsonObject, target: WireTarget, sameWire: boolean): void {
  if (target.quirks.statelessOnly) {
    body['store'] = false;
    for (const key of STATE_FIELDS) delete body[key];
  } else if (!sameWire) body['store'] ??= false;
  if (body['store'] !== false || (sameWire && !target.quirks.statelessOnly) || !thinks(target)) return;
  const include: JsonValue[] = Array.isArray(body['include']) ? body['include'] : [];
  if (!include.includes(ENCRYPTED)) body['include'] = [...include, ENCRYPTED];
}

/** Models without thinking refuse to be asked for it ("Encrypted content is not supported with this model."). */
function thinks(target: WireTarget): boolean {
  const { reasoningStyle } = target.quirks;
  if (reasoningStyle === 'reasoning_effort' || reasoningStyle === 'reasoning-object') return true;
  return needsMaxCompletionTokens(target.model) && !target.model.includes('-chat');
}
