import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { ChatRequest } from '../../spec/request.ts';
import { createToolNames } from '../tool-identity.ts';
import { stringifyWellFormed } from '../well-formed.ts';
import type { CallMode, EncodedCall, WireTarget } from '../wire.ts';
import { createLosses, type Losses } from '../losses.ts';
import { bodyAsItCame } from './as-it-came.ts';
import { encodeMessages } from './encode-messages.ts';
import { encodeOutputFormat, encodeReasoning, encodeSampling, encodeTools } from './encode-options.ts';

const LEGAL_TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/**
 * A request for `POST {base}/chat/completions`. What the request itself says wins over the caller's extra fields, and
 * those over the configured extras (`provider_extra`, `chat_template_kwargs`).
 */
export function encode(request: ChatRequest, target: WireTarget, mode: CallMode): EncodedCall {
  const asItCame = bodyAsItCame(request, target, mode);
  if (asItCame !== undefined) return callOf(request, mode, asItCame, NO_LOSSES);
  const losses = createLosses();
  const names = createToolNames(
    LEGAL_TOOL_NAME,
    (request.tools ?? []).map((tool) => tool.name),
  );
  const own: JsonObject = {};
  encodeSampling(own, request, target, losses);
  encodeTools(own, request, target, names, losses);
  encodeOutputFormat(own, request, target, losses);
  encodeReasoning(own, request, target, losses);
  const messages = encodeMessages(request.messages, target, names, losses);
  markPrefill(own, messages, target);

  const callers = callerExtensions(request, losses);
  const body: JsonObject = { model: target.model, messages };
  for (const source of [target.defaults.providerExtra ?? {}, callers, own]) {
    for (const [key, value] of Object.entries(source)) if (key !== 'model' && key !== 'messages') body[key] = value;
  }
  const kwargs = mergedKwargs([target.defaults.chatTemplateKwargs, target.defaults.providerExtra, callers, own]);
  if (kwargs !== undefined) body['chat_template_kwargs'] = kwargs;
  setStream(body, target, mode);
  for (const parameter of target.quirks.omitParameters) {
    if (body[parameter] === undefined || parameter === 'model' || parameter === 'messages') continue;
    delete body[parameter];
    losses.add(parameter);
  }
  const call = callOf(request, mode, stringifyWellFormed(body), losses.list());
  const toolNames = names.restore();
  return toolNames === undefined ? call : { ...call, toolNames };
}

const NO_LOSSES: readonly string[] = [];

function callOf(request: ChatRequest, mode: CallMode, body: string, lost: readonly string[]): EncodedCall {
  const headers = headersFor(request, mode);
  return { method: 'POST', path: '/chat/completions', headers, body, lost };
}

/** Frozen, so that whoever joins and writes them need do so once. */
const HEADERS = {
  stream: Object.freeze({ 'content-type': 'application/json', accept: 'text/event-stream' }),
  whole: Object.freeze({ 'content-type': 'application/json', accept: 'application/json' }),
};

function headersFor(request: ChatRequest, mode: CallMode): Readonly<Record<string, string>> {
  const own = request.wireHeaders?.wire === 'openai-chat' ? request.wireHeaders.headers : undefined;
  return own === undefined ? HEADERS[mode] : { ...HEADERS[mode], ...own };
}

function setStream(body: JsonObject, target: WireTarget, mode: CallMode): void {
  delete body['stream'];
  if (mode === 'whole') {
    delete body['stream_options'];
    return;
  }
  body['stream'] = true;
  if (!target.quirks.streamUsage) delete body['stream_options'];
  else {
    const asked = body['stream_options'];
    body['stream_options'] = { ...(isJsonObject(asked) ? asked : {}), include_usage: true };
  }
}

function callerExtensions(request: ChatRequest, losses: Losses): JsonObject {
  const { extensions } = request;
  if (extensions === undefined) return {};
  if (extensions.wire === 'openai-chat') return extensions.body;
  for (const key of Object.keys(extensions.body)) losses.add(`${key} (a field of ${extensions.wire})`);
  return {};
}

/** Template arguments come from config, caller and thinking options; each later one wins key by key. */
function mergedKwargs(sources: readonly (JsonObject | undefined)[]): JsonObject | undefined {
  const [configured, ...bodies] = sources;
  const all = [configured, ...bodies.map((body) => body?.['chat_template_kwargs'])].filter(isJsonObject);
  return all.length === 0 ? undefined : (Object.assign({}, ...all) as JsonObject);
}

/** A conversation that ends with the assistant asks to go on from there; servers want to be told in their own way. */
function markPrefill(body: JsonObject, messages: readonly JsonObject[], target: WireTarget): void {
  const last = messages.at(-1);
  if (last?.['role'] !== 'assistant' || last['tool_calls'] !== undefined) return;
  switch (target.quirks.prefill) {
    case 'prefix-flag':
      last['prefix'] = true;
      return;
    case 'partial-flag':
      last['partial'] = true;
      return;
    case 'continue_final_message':
      body['continue_final_message'] = true;
      body['add_generation_prompt'] = false;
      return;
    case 'none':
    case 'last-assistant':
      return;
    default:
      target.quirks.prefill satisfies never;
  }
}
