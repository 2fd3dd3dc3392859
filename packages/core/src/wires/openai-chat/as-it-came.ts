import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { ChatRequest } from '../../spec/request.ts';
import type { CallMode, WireTarget } from '../wire.ts';
import { stringifyWellFormed } from '../well-formed.ts';
import { maxTokensFieldFor } from './encode-options.ts';
import { splicedBody } from './spliced-body.ts';

/** The constructor answers the very object it is given, so that a subclass can put a private field on it. */
const Given = function given(object: object) {
  return object;
} as unknown as new (object: object) => object;

/**
 * A request that holds the caller's own body. It is bound to the object: any changed copy of the request is without it,
 * so what was rewritten on the way is never undone.
 */
class WithBody extends Given {
  readonly #kept: Kept;

  constructor(request: ChatRequest, kept: Kept) {
    super(request);
    this.#kept = kept;
  }

  static of(request: ChatRequest): Kept | undefined {
    return #kept in request ? (request as unknown as WithBody).#kept : undefined;
  }
}

interface Kept {
  readonly body: JsonObject;
  /** What it was read from. */
  readonly text: string | undefined;
}

/** Fields that this wire's encoder would write just as they came, to a target that takes them. */
const PLAIN_FIELDS = new Set([
  ...'model messages max_tokens max_completion_tokens temperature top_p seed user'.split(' '),
  ...'presence_penalty frequency_penalty stream stream_options'.split(' '),
]);

/** Remembers the body behind a request when it holds nothing but text and plain options. `text`: what it was read from. */
export function keepBody(
  request: ChatRequest,
  body: JsonObject,
  isExtension: (field: string) => boolean,
  text?: string,
): void {
  for (const field in body) {
    const value = body[field];
    if (value === null || value === undefined) return;
    if (!PLAIN_FIELDS.has(field) && !isExtension(field)) return;
  }
  const options = body['stream_options'];
  if (options !== undefined && !asksForUsageOnly(options)) return;
  if (body['max_tokens'] !== undefined && body['max_completion_tokens'] !== undefined) return;
  const { messages } = request;
  // An answer that is begun is continued in each server's own way.
  if (messages.at(-1)?.role === 'assistant') return;
  if (!(body['messages'] as readonly unknown[]).every(isPlainMessage)) return;
  void new WithBody(request, { body, text });
}

function asksForUsageOnly(options: unknown): boolean {
  if (!isJsonObject(options) || options['include_usage'] !== true) return false;
  return Object.keys(options).length === 1;
}

function isPlainMessage(message: unknown): boolean {
  if (!isJsonObject(message)) return false;
  for (const field in message) if (field !== 'role' && field !== 'content') return false;
  const { role, content } = message;
  if (role !== 'user' && role !== 'system' && role !== 'assistant') return false;
  return typeof content === 'string' && content !== '';
}

const takesAsItCame = new WeakMap<WireTarget, boolean>();

/** Nothing about this target makes the encoder write a plain request otherwise than it came, but for names of fields. */
function isPlainTarget(target: WireTarget): boolean {
  const known = takesAsItCame.get(target);
  if (known !== undefined) return known;
  const { quirks, defaults } = target;
  const plain =
    quirks.systemRole === 'system' &&
    quirks.messageOrder === 'any' &&
    quirks.seedField === 'seed' &&
    quirks.omitParameters.length === 0 &&
    defaults.think === undefined &&
    defaults.chatTemplateKwargs === undefined &&
    defaults.providerExtra === undefined;
  takesAsItCame.set(target, plain);
  return plain;
}

/**
 * The caller's own body for this target, with the target's model in it: what `encode` would write, without taking the
 * request apart and putting it together again. `undefined`: it has to be written anew.
 */
export function bodyAsItCame(request: ChatRequest, target: WireTarget, mode: CallMode): string | undefined {
  const kept = WithBody.of(request);
  if (kept === undefined || !isPlainTarget(target)) return undefined;
  const { body: own, text } = kept;
  const { defaults, quirks } = target;
  const limit = own['max_tokens'] ?? own['max_completion_tokens'];
  if (limit === undefined ? defaults.maxTokens !== undefined : own[maxTokensFieldFor(target)] === undefined)
    return undefined;
  if (defaults.temperature !== undefined && own['temperature'] === undefined) return undefined;
  if ((own['stream'] === true) !== (mode === 'stream')) return undefined;
  // Usage is always asked for where it can be; and never where it cannot.
  const asksForUsage = own['stream_options'] !== undefined;
  if (asksForUsage && (mode === 'whole' || !quirks.streamUsage)) return undefined;
  const asks = mode === 'stream' && quirks.streamUsage && !asksForUsage;
  const spliced = text === undefined ? undefined : splicedBody(text, own, target.model, asks);
  if (spliced !== undefined) return spliced;
  const body: JsonObject = { ...own, model: target.model };
  if (asks) body['stream_options'] = { include_usage: true };
  return stringifyWellFormed(body);
}
