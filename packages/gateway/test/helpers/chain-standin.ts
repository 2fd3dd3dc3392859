import type { Selector } from '@standin/core/config/router-types';
import type { Standin } from '@standin/core/library/standin-types';
import { WIRE_CLIENTS } from '@standin/core/library/wires';
import { standinOf } from '@standin/core/library/create-standin';
import { attemptBudget } from '@standin/core/route/budget';
import { DEFAULT_LIMITS, type Limits, type Plan, type Target } from '@standin/core/route/target';
import { Secret, type AttemptRecord, type WireId } from '@standin/core/spec/index';
import { parseWaitHintMs } from '@standin/core/transport/retry-after';
import type { Transport } from '@standin/core/transport/transport';
import { createEndpoint } from '@standin/core/vendors/endpoint';
import { vendorById } from '@standin/core/vendors/lookup';

export interface Link {
  /** Base of the stand-in vendor. */
  readonly url: string;
  readonly wire: WireId;
  /** Default: the model the caller asks for. */
  readonly model?: string;
  readonly keys?: readonly string[];
}

/** A vendor that speaks the wire, and where its base lies. */
const HOMES: Readonly<Record<WireId, { readonly slot: string; readonly base: string }>> = {
  'openai-chat': { slot: 'openai', base: '/v1' },
  'openai-responses': { slot: 'openai', base: '/v1' },
  'anthropic-messages': { slot: 'anthropic', base: '/v1' },
  gemini: { slot: 'gemini', base: '/v1beta' },
  'bedrock-converse': { slot: 'bedrock', base: '' },
  'ollama-chat': { slot: 'ollama', base: '' },
  'cohere-chat': { slot: 'cohere', base: '' },
  'gemini-interactions': { slot: 'gemini', base: '/v1beta' },
};

export interface ChainStandin extends Standin {
  /** Attempts of all calls, as they ended. */
  readonly attempts: AttemptRecord[];
}

/** A Standin with real sockets: one target per link, in order. */
export function createChainStandin(
  links: readonly Link[],
  limits: Partial<Limits> = {},
  transport?: Transport,
): ChainStandin {
  const attempts: AttemptRecord[] = [];
  const endpoints = links.map(({ url, wire }, index) => {
    const { slot, base } = HOMES[wire];
    const row = vendorById(slot);
    if (row === undefined) throw new Error(`no row for ${slot}`);
    const client = WIRE_CLIENTS[wire];
    if (client === undefined) throw new Error(`no client for ${wire}`);
    return createEndpoint({
      entry: `${slot}.n${index + 1}`,
      row,
      wire: client,
      uri: `${url}${base}`,
      waitHint: parseWaitHintMs,
    });
  });
  const plan = (selector?: Selector): Plan => {
    const asked = (typeof selector === 'string' ? selector : selector?.model) ?? '';
    const targets = links.map((link, index): Target => {
      const endpoint = endpoints[index];
      if (endpoint === undefined) throw new Error('one endpoint per link');
      const keys = (link.keys ?? [`sk-test-${index + 1}`]).map((key) => {
        const secret = new Secret(key);
        return { fingerprint: secret.fingerprint, secret };
      });
      return { entry: endpoint.entry, slot: endpoint.slot, model: link.model ?? asked, keys, via: { endpoint } };
    });
    const all: Limits = { ...DEFAULT_LIMITS, backoffMs: 1, backoffCapMs: 5, ...limits };
    return {
      requestedModel: asked,
      targets,
      limits: { ...all, maxAttempts: limits.maxAttempts ?? attemptBudget(targets) },
      warnings: [],
    };
  };
  const standin = standinOf({ plan, models: () => [] }, { transport });
  return {
    ...standin,
    attempts,
    start: (walk, request, options, sink) =>
      standin.start(
        walk,
        request,
        {
          ...options,
          onAttempt(attempt) {
            attempts.push(attempt);
            options.onAttempt?.(attempt);
          },
        },
        sink,
      ),
  };
}
