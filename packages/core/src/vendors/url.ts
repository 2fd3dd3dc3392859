import { ProviderError } from '../spec/errors.ts';
import type { WireId } from '../spec/wire-id.ts';
import { createTextRedactor } from './classify/redact-text.ts';
import type { VendorRow } from './row.ts';
import { azureBase } from './special/azure.ts';

export type EntryFields = Readonly<Record<string, string | undefined>>;

/** Endpoint paths people paste after a base, whichever wire they meant. Longest first. */
const OPERATIONS = [
  '/messages/count_tokens',
  '/chat/completions',
  '/completions',
  '/responses',
  '/messages',
  '/models',
] as const;

interface WirePath {
  /** Put after a bare host. */
  readonly version: string;
  /** Put after any base that does not end in a version: clients of this wire are given bases without one. */
  readonly alwaysVersioned: boolean;
  readonly operations: readonly (string | RegExp)[];
}

const OPENAI_PATH: WirePath = { version: '/v1', alwaysVersioned: false, operations: OPERATIONS };

const WIRE_PATHS: Readonly<Record<WireId, WirePath>> = {
  'openai-chat': OPENAI_PATH,
  'openai-responses': OPENAI_PATH,
  'anthropic-messages': { version: '/v1', alwaysVersioned: true, operations: OPERATIONS },
  gemini: {
    version: '/v1beta',
    alwaysVersioned: false,
    operations: [/\/models\/[^/]+:[a-zA-Z]+$/, '/models'],
  },
  'bedrock-converse': { version: '', alwaysVersioned: false, operations: [/\/model\/[^/]+\/converse(-stream)?$/] },
  'ollama-chat': { version: '', alwaysVersioned: false, operations: ['/api/chat', '/api/tags', '/api', '/v1'] },
  // Its chat and its list of models are of two versions, so the paths carry them.
  'cohere-chat': {
    version: '',
    alwaysVersioned: false,
    operations: [
      '/compatibility/v1/chat/completions',
      '/compatibility/v1',
      '/v2/chat',
      '/v1/chat',
      '/v1/models',
      '/v2',
      '/v1',
    ],
  },
  'gemini-interactions': {
    version: '/v1beta',
    alwaysVersioned: false,
    operations: ['/interactions', /\/models\/[^/]+:[a-zA-Z]+$/, '/models'],
  },
};

const NATIVE_WIRES: ReadonlySet<WireId> = new Set([
  'gemini',
  'bedrock-converse',
  'ollama-chat',
  'cohere-chat',
  'gemini-interactions',
]);

const VERSION_SEGMENT = /\/v\d+[a-z0-9]*$/i;

function configError(message: string): ProviderError {
  return new ProviderError({ kind: 'config', message });
}

const redact = createTextRedactor([]);

/** What may be shown of a URL: never its user info or query, which can carry a key. */
function shown(uri: string): string {
  const bare = redact(uri.replace(/[?#].*$/s, '').replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/]*@/i, '$1'));
  return bare.length > 200 ? `${bare.slice(0, 200)}…` : bare;
}

/**
 * Parses a `uri` as people write it.
 * @throws ProviderError `config` when it is no http(s) URL or carries credentials.
 */
export function parseUri(uri: string): URL {
  const text = uri.trim();
  if (text === '') throw configError('uri is empty: write the address of the server, such as http://127.0.0.1:8000/v1');
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    const guess = /^(localhost|127\.|10\.|192\.168\.|\[?::1)/i.test(text) ? 'http' : 'https';
    const suggestion = /^[\w.[\]-]/.test(text) && !/\s/.test(text) ? `: try ${guess}://${shown(text)}` : '';
    throw configError(`uri "${shown(text)}" has no http:// or https:// in front${suggestion}`);
  }
  if (scheme !== 'http' && scheme !== 'https') {
    throw configError(`uri "${shown(text)}" uses ${scheme}://, but only http:// and https:// can be called`);
  }
  if (!URL.canParse(text) || /\s/.test(text)) throw configError(`uri "${shown(text)}" is not a valid URL`);
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    throw configError(`uri "${shown(text)}" carries a user name or password: put the key in api_key instead`);
  }
  return url;
}

const trimSlashes = (path: string): string => path.replace(/\/+$/, '');

/** The path without the endpoint at its end, and whether there was one. */
function stripOperation(path: string, operations: readonly (string | RegExp)[]): { path: string; stripped: boolean } {
  for (const operation of operations) {
    if (typeof operation !== 'string') {
      if (operation.test(path)) return { path: path.replace(operation, ''), stripped: true };
    } else if (path.toLowerCase().endsWith(operation)) {
      return { path: path.slice(0, -operation.length), stripped: true };
    }
  }
  return { path, stripped: false };
}

const NAMED_WIRES: readonly (readonly [ending: string, WireId])[] = [
  ['/chat/completions', 'openai-chat'],
  ['/responses', 'openai-responses'],
  ['/messages', 'anthropic-messages'],
  ['/v2/chat', 'cohere-chat'],
  ['/interactions', 'gemini-interactions'],
];

/** The protocol that a full endpoint speaks; nothing for a host or a base. */
export function wireNamedBy(uri: string): WireId | undefined {
  const path = trimSlashes(uri.trim().replace(/[?#].*$/s, '')).toLowerCase();
  return NAMED_WIRES.find(([ending]) => path.endsWith(ending))?.[1];
}

/** Replaces `{name}` by the entry's field or its default. Throws `config` naming every field that is missing. */
export function expandTemplate(template: string, row: VendorRow, fields: EntryFields): string {
  const missing: string[] = [];
  const url = template.replace(/\{(\w+)\}/g, (_whole, name: string) => {
    const value = fields[name]?.trim() || row.fieldDefaults?.[name];
    if (value === undefined || value === '') missing.push(name);
    return encodeURIComponent(value ?? '');
  });
  if (missing.length > 0) {
    const variables = missing.flatMap((name) => row.fieldVariables?.[name] ?? []);
    const hint = variables.length > 0 ? ` (or the environment variable ${variables.join(', ')})` : '';
    throw configError(`${row.id}: set ${missing.join(' and ')}${hint}, or give the full address as uri`);
  }
  return url;
}

/** Region → base of one wire. */
export function endpointsFor(row: VendorRow, wire: WireId): Readonly<Record<string, string>> {
  return row.wireEndpoints?.[wire] ?? row.endpoints;
}

function defaultBase(row: VendorRow, region: string | undefined, wire: WireId, fields: EntryFields): string {
  if (row.unavailable !== undefined) throw configError(`${row.id}: ${row.unavailable}`);
  const endpoints = endpointsFor(row, wire);
  const names = Object.keys(endpoints);
  if (names.length === 0) {
    throw configError(`${row.id}: uri is required, such as uri = "http://127.0.0.1:8000/v1"`);
  }
  const name = region ?? row.defaultEndpoint ?? names[0] ?? '';
  const template = endpoints[name];
  if (template === undefined) {
    const where = Object.hasOwn(row.endpoints, name) ? ` for the ${wire} protocol` : '';
    throw configError(`${row.id}: no endpoint "${name}"${where}; known: ${names.join(', ')}`);
  }
  return expandTemplate(template, row, fields);
}

/** The path a vendor's own host is served under (`https://api.groq.com` → `/openai/v1`). */
function knownPath(url: URL, row: VendorRow, wire: WireId): string | undefined {
  for (const template of Object.values(endpointsFor(row, wire))) {
    if (template.includes('{') || !URL.canParse(template)) continue;
    const known = new URL(template);
    if (known.host === url.host) return trimSlashes(known.pathname);
  }
  return undefined;
}

/**
 * The base URL of an entry: with its version path, without a trailing slash, with the query of `uri` if it had one.
 * `uri` may be a host, a base or a full endpoint. Without `uri` the row's endpoint of `region` is used.
 * @throws ProviderError `config` for an unusable `uri`, an unknown region, a missing field, or a slot that cannot be called.
 */
export function resolveBaseUrl(
  row: VendorRow,
  region: string | undefined,
  uri: string | undefined,
  wire: WireId,
  fields: EntryFields = {},
): string {
  if (uri === undefined || uri.trim() === '') return defaultBase(row, region, wire, fields);
  if (row.unavailable !== undefined) throw configError(`${row.id}: ${row.unavailable}`);
  const url = parseUri(uri);
  const given = trimSlashes(url.pathname);
  const rules = WIRE_PATHS[wire];
  const native = stripOperation(given, NATIVE_WIRES.has(wire) ? [] : (row.nativePaths ?? []));
  const operation = stripOperation(native.path, rules.operations);
  let path = trimSlashes(operation.path);
  if (!operation.stripped) {
    if (path === '') path = knownPath(url, row, wire) ?? rules.version;
    else if ((rules.alwaysVersioned || native.stripped) && !VERSION_SEGMENT.test(path)) path += rules.version;
  }
  const base = `${url.origin}${path}${url.search}`;
  return row.id === 'azure' ? azureBase(base, row, wire, fields, expandTemplate) : base;
}

/**
 * Appends `path` to a base. A query on either side stays a query, the path's own values last; a version that both name
 * is written once.
 */
export function joinUrl(base: string, path: string): string {
  const baseQueryAt = base.indexOf('?');
  const baseUrl = trimSlashes(baseQueryAt === -1 ? base : base.slice(0, baseQueryAt));
  const baseQuery = baseQueryAt === -1 ? '' : base.slice(baseQueryAt + 1);
  const pathQueryAt = path.indexOf('?');
  const pathOnly = pathQueryAt === -1 ? path : path.slice(0, pathQueryAt);
  const pathQuery = pathQueryAt === -1 ? '' : path.slice(pathQueryAt + 1);
  const query = [baseQuery, pathQuery].filter((part) => part !== '').join('&');
  const tail = pathOnly === '' || pathOnly.startsWith('/') ? pathOnly : `/${pathOnly}`;
  const version = VERSION_SEGMENT.exec(baseUrl)?.[0];
  const rest = version !== undefined && tail.startsWith(`${version}/`) ? tail.slice(version.length) : tail;
  return `${baseUrl}${rest}${query === '' ? '' : `?${query}`}`;
}
