import { contextWindowFor, defaultModelFor, visionFor } from '../catalog/models.ts';
import { ProviderError } from '../spec/errors.ts';
import type { JsonObject } from '../spec/json.ts';
import type { Provider } from '../spec/provider.ts';
import { Secret } from '../spec/secret.ts';
import { createRedactor } from '../transport/redact.ts';
import { awsEndpointOptions, awsKeys } from '../config/aws.ts';
import { parseWaitHintMs } from '../transport/retry-after.ts';
import { createEndpoint } from '../vendors/endpoint.ts';
import { pickWire, resolveSlug, unknownSlugMessage } from '../vendors/lookup.ts';
import { listAdvertised } from './list-models.ts';
import { providerOf, type Planned } from './planned.ts';
import { createRuntime, sharedRuntime, type RuntimeOptions } from './runtime.ts';
import { WIRE_CLIENTS } from './wires.ts';

export interface VendorOptions extends RuntimeOptions {
  /** Model to ask for. Default: the request's, else the vendor's usual one. */
  readonly model?: string;
  /** Default: the vendor's usual environment variable. */
  readonly apiKey?: string;
  /** Several keys, rotated: the next is used when one is rate limited, used up or refused. */
  readonly apiKeys?: readonly string[];
  /** Host, base with version, or full endpoint. Default: the vendor's own. */
  readonly baseUrl?: string;
  /** Named regional endpoint of the vendor. */
  readonly endpoint?: string;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly temperature?: number;
  readonly maxTokens?: number;
  /** Merged into the request body under its own fields. */
  readonly extra?: JsonObject;
  /** Name in errors and records. Default: `<slot>.default`. */
  readonly name?: string;
  /** Milliseconds one attempt may take. */
  readonly timeoutMs?: number;
}

/**
 * A Provider for any vendor of the catalog (`groq`, `mistral`, `ollama`, `custom:https://…`, …): one attempt per call;
 * wrap it in `retry()` and `fallback()`. Throws `ProviderError` of kind `config` for an unknown vendor, an unusable
 * address or a missing key.
 */
export function vendor(slug: string, options: VendorOptions = {}): Provider {
  const match = resolveSlug(slug);
  if (match === undefined) throw new ProviderError({ kind: 'config', message: unknownSlugMessage(slug) });
  const { row } = match;
  const name = options.name ?? `${row.id}.default`;
  const picked = pickWire(row, (id) => WIRE_CLIENTS[id] !== undefined, match.wire);
  const wire = 'wire' in picked ? WIRE_CLIENTS[picked.wire] : undefined;
  if (wire === undefined) {
    throw new ProviderError({
      kind: 'config',
      provider: name,
      message: `${name}: ${'reason' in picked ? picked.reason : 'no protocol'}.`,
    });
  }
  const secrets = keysFor(row, options);
  if (secrets.length === 0 && row.keyRequired) {
    const variables = row.keyVariables.length === 0 ? '' : ` or set ${row.keyVariables.join(' or ')}`;
    throw new ProviderError({
      kind: 'config',
      provider: name,
      message: `${name} has no key: pass apiKey${variables}.`,
    });
  }
  const keys = awsKeys(
    row,
    secrets.length === 0
      ? [{ fingerprint: 'none' }]
      : secrets.map((secret) => ({ fingerprint: secret.fingerprint, secret })),
    process.env,
  );
  const endpoint = createEndpoint({
    entry: name,
    row,
    wire,
    region: options.endpoint ?? match.region,
    uri: options.baseUrl ?? match.url,
    extraHeaders: options.headers,
    temperature: options.temperature,
    maxTokens: options.maxTokens,
    providerExtra: options.extra,
    timeoutMs: options.timeoutMs,
    waitHint: parseWaitHintMs,
    createRedactor,
    ...awsEndpointOptions({ row, uri: options.baseUrl ?? match.url, keys }, process.env),
  });
  const model = options.model ?? '';
  const quirks = endpoint.quirksFor(model);
  const { clock, random, transport, health, log } = options;
  const own = [clock, random, transport, health, log].some((value) => value !== undefined);
  const runtime = own ? createRuntime({ clock, random, transport, health, log }) : undefined;
  const planned: Planned = {
    targets: [
      {
        entry: name,
        slot: row.id,
        model,
        defaultModel: row.defaultModel ?? defaultModelFor(row.id),
        keys,
        via: { endpoint },
        vision: quirks.vision ?? (model === '' ? undefined : visionFor(model, row.id)),
        nativeTools: quirks.nativeTools,
        contextWindow: model === '' ? undefined : contextWindowFor(row.id, model),
        retries: 0,
      },
    ],
    limits: {},
    runtime,
  };
  return providerOf(name, planned, {
    async listModels({ signal } = {}) {
      const using = runtime ?? sharedRuntime();
      const key = keys[0] ?? { fingerprint: 'none' };
      const found = await listAdvertised(row, endpoint, key, { ...using, signal });
      return found.map(({ id, contextWindow, ownedBy }) => ({ id, contextWindow, ownedBy }));
    },
  });
}

function keysFor(row: { readonly keyVariables: readonly string[] }, options: VendorOptions): Secret[] {
  const given = [...(options.apiKey === undefined ? [] : [options.apiKey]), ...(options.apiKeys ?? [])];
  const found = row.keyVariables
    .map((name) => process.env[name])
    .find((value) => value !== undefined && value.trim() !== '');
  const values = given.length > 0 ? given : found === undefined ? [] : [found];
  return [...new Set(values.map((value) => value.trim()).filter((value) => value !== ''))].map(
    (value) => new Secret(value),
  );
}

/** OpenAI, or anything that speaks Chat Completions when `baseUrl` is given. */
export function openai(options: VendorOptions = {}): Provider {
  return vendor('openai', options);
}

/** Anthropic, or anything that speaks Messages when `baseUrl` is given. */
export function anthropic(options: VendorOptions = {}): Provider {
  return vendor('anthropic', options);
}
