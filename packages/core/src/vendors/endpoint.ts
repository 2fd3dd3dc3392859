import { type Clock, systemClock } from '../spec/clock.ts';
import { ProviderError } from '../spec/errors.ts';
import type { JsonObject } from '../spec/json.ts';
import { Secret } from '../spec/secret.ts';
import type { Quirks } from '../wires/quirks.ts';
import type { WireClient } from '../wires/wire.ts';
import { authHeaders, checkHeader } from './auth-headers.ts';
import { classifyVendorError, type WaitHintInput } from './classify/classify.ts';
import { createTextRedactor } from './classify/redact-text.ts';
import type { Endpoint, Key } from './endpoint-types.ts';
import { type QuirkOverrides, resolveQuirks } from './quirks.ts';
import type { AuthScheme, VendorRow } from './row.ts';
import { type EntryFields, joinUrl, resolveBaseUrl } from './url.ts';

export interface EndpointOptions extends QuirkOverrides {
  /** `<type>.<alias>`. */
  readonly entry: string;
  readonly row: VendorRow;
  readonly wire: WireClient;
  /** Named endpoint of the row (`endpoint = "cn"`); default: the row's. */
  readonly region?: string;
  /** Address as the user wrote it: host, base or full endpoint. */
  readonly uri?: string;
  /** Entry fields that fill `{…}` in the row's address. */
  readonly fields?: EntryFields;
  /** The user's `extra_headers`; they beat every header of ours except those of the connection. */
  readonly extraHeaders?: Readonly<Record<string, Secret | string>>;
  /** How keys travel, when not the row's way. */
  readonly auth?: AuthScheme;
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly think?: boolean;
  readonly chatTemplateKwargs?: JsonObject;
  readonly providerExtra?: JsonObject;
  readonly tlsCaCertPath?: string;
  /** Milliseconds. */
  readonly timeoutMs?: number;
  /** See `Endpoint.prepare`. */
  readonly prepare?: Endpoint['prepare'];
  readonly renewable?: boolean;
  /** Tokens that calls carry beside the keys, for the redactor; read at each use. */
  readonly secrets?: () => Iterable<Secret>;
  /** Reads the wait a vendor asks for; the transport floor has the parser. */
  readonly waitHint?: (input: WaitHintInput) => number | undefined;
  /** Makes the function that removes secrets from vendors' texts; the transport floor has the thorough one. */
  readonly createRedactor?: (secrets: Iterable<Secret>) => (text: string) => string;
  readonly clock?: Pick<Clock, 'wallMs'>;
}

const MAX_REMEMBERED_SECRETS = 10_000;

function checkedHeaders(options: EndpointOptions): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(options.extraHeaders ?? {})) {
    const plain = (value instanceof Secret ? value.reveal() : value).trim();
    checkHeader(name.trim().toLowerCase(), plain, `${options.entry}: extra_headers`);
    headers.set(name.trim().toLowerCase(), plain);
  }
  return headers;
}

function fixedHeaders(row: VendorRow, region: string | undefined): Readonly<Record<string, string>> {
  const place = region ?? row.defaultEndpoint;
  return { ...row.headers, ...(place === undefined ? {} : row.regions?.[place]?.headers) };
}

/**
 * Everything needed to call one entry, checked once.
 * @throws ProviderError `config` for an unusable address, header, or a wire the row does not speak.
 */
export function createEndpoint(options: EndpointOptions): Endpoint {
  const { entry, row, wire, region } = options;
  if (row.unavailable !== undefined)
    throw new ProviderError({ kind: 'config', provider: entry, message: `${entry}: ${row.unavailable}` });
  if (!row.wires.includes(wire.id)) {
    const message = `${entry}: ${row.name} does not speak ${wire.id}; it speaks ${row.wires.join(', ')}`;
    throw new ProviderError({ kind: 'config', provider: entry, message });
  }
  const base = resolveBaseUrl(row, region, options.uri, wire.id, options.fields);
  const scheme = options.auth ?? row.wireAuth?.[wire.id] ?? row.auth;
  const fixed = fixedHeaders(row, region);
  const extra = checkedHeaders(options);
  const clock = options.clock ?? systemClock;
  const used = new Set<Secret>();
  const inHeaders = Object.values(options.extraHeaders ?? {}).filter((value) => value instanceof Secret);
  const redact = (options.createRedactor ?? createTextRedactor)({
    [Symbol.iterator]: () => [...inHeaders, ...used, ...(options.secrets?.() ?? [])].values(),
  });
  const placeholder = row.placeholderKey === undefined ? undefined : new Secret(row.placeholderKey);
  const quirks = new Map<string, Quirks>();
  const urls = new Map<string, string>();

  // A signed token changes with time; every other key's headers are made and checked once.
  const lasting = scheme !== 'zhipu-jwt';
  const made = new WeakMap<Key, Readonly<Record<string, string>>>();

  const headersFor = (key: Key): Readonly<Record<string, string>> => {
    const known = lasting ? made.get(key) : undefined;
    if (known !== undefined) return known;
    const headers: Record<string, string> = {
      ...fixed,
      ...authHeaders(scheme, key.secret ?? placeholder, clock.wallMs()),
    };
    for (const [name, value] of Object.entries(headers)) checkHeader(name, value, `${entry}: key ${key.fingerprint}`);
    if (key.secret !== undefined) {
      if (used.size >= MAX_REMEMBERED_SECRETS) used.clear();
      used.add(key.secret);
    }
    const all = Object.freeze({ ...headers, ...Object.fromEntries(extra) });
    made.set(key, all);
    return all;
  };

  return Object.freeze({
    entry,
    slot: row.id,
    wire,
    urlFor: (path: string) => {
      const known = urls.get(path);
      if (known !== undefined) return known;
      const url = joinUrl(base, wire.id === 'anthropic-messages' ? path.replace(/^\/v1(?=\/)/, '') : path);
      if (urls.size < 1000) urls.set(path, url);
      return url;
    },
    headersFor,
    ...(options.prepare === undefined ? {} : { prepare: options.prepare, renewable: options.renewable === true }),
    quirksFor: (model: string) => {
      const known = quirks.get(model);
      if (known !== undefined) return known;
      const resolved = resolveQuirks(row, wire.id, region, model, options);
      if (quirks.size < 1000) quirks.set(model, resolved);
      return resolved;
    },
    defaults: Object.freeze({
      maxTokens: options.maxTokens,
      temperature: options.temperature,
      think: options.think,
      chatTemplateKwargs: options.chatTemplateKwargs,
      providerExtra: options.providerExtra,
    }),
    classify: (error, headers) => ({
      ...classifyVendorError(error, headers, {
        patterns: row.errors,
        wallMs: clock.wallMs(),
        waitHint: options.waitHint,
        redact,
        provider: entry,
      }),
      provider: entry,
    }),
    redact,
    mayNest: options.uri !== undefined,
    tlsCaCertPath: options.tlsCaCertPath,
    timeoutMs: options.timeoutMs,
  } satisfies Endpoint);
}

/** Path of the model list below the base, or `undefined` when the vendor has none. */
export function modelListPath(row: VendorRow): string | undefined {
  return row.listPath === null ? undefined : (row.listPath ?? '/models');
}
