import { existsSync } from 'node:fs';

import { attributeModel } from '../catalog/attribute.ts';
import type { Secret } from '../spec/secret.ts';
import type { WireId } from '../spec/wire-id.ts';
import { pickWire, resolveSlug, unknownSlugMessage, vendorById } from '../vendors/lookup.ts';
import type { VendorRow } from '../vendors/row.ts';
import { ProviderError } from '../spec/errors.ts';
import { resolveBaseUrl, wireNamedBy, type EntryFields } from '../vendors/url.ts';
import type { BuildDefaults } from './build-defaults.ts';
import { defaultModelOf } from './default-model.ts';
import { findCredentials, keyVariables, type Credentials } from './credentials.ts';
import type { Environment } from './expand.ts';
import type { ConfigEntry } from './model.ts';
import type { ProviderFields } from './schema/provider.ts';
import type { SecretOpener } from './secrets/opener.ts';

export interface EntryContext {
  readonly env: Environment;
  /** Wires this program can speak. */
  readonly wires: ReadonlySet<WireId>;
  readonly build: BuildDefaults;
  readonly secrets: SecretOpener;
}

export interface EntrySource {
  readonly type: string;
  readonly alias: string;
  readonly fields: ProviderFields;
  readonly isDefault: boolean;
  readonly extraKeys: readonly Secret[];
  readonly implicit: boolean;
}

const WIRE_OF_API = {
  chat_completions: 'openai-chat',
  responses: 'openai-responses',
  messages: 'anthropic-messages',
  gemini: 'gemini',
  ollama: 'ollama-chat',
  cohere: 'cohere-chat',
  interactions: 'gemini-interactions',
} as const satisfies Record<string, WireId>;

/** Resolves one entry: its vendor, protocol, address, keys and model, or why it cannot be used. */
export function buildEntry(source: EntrySource, context: EntryContext): ConfigEntry {
  const { type, alias, fields } = source;
  const ref = `${type}.${alias}`;
  const vendor = findVendor(type, fields);
  const own = vendor.row;
  const region = fields.endpoint ?? vendor.region;
  const credentials = findCredentials(fields, own, region, source.extraKeys, {
    ...context,
    ref,
    prefersLogin: vendor.authMode === 'oauth',
  });
  const uri = fields.uri ?? vendor.url;
  const row = uri === undefined ? rowOfLogin(own, credentials) : own;
  const byKey = own !== undefined && credentials.openaiApi !== undefined;
  const wire = wireOf(fields, row, byKey ? own.wires[0] : vendor.wire);
  const model = modelOf(source, byKey ? own : row, context);
  const entry = {
    ref,
    type,
    alias,
    slot: (byKey ? own : row)?.id ?? type,
    ...(row === undefined ? {} : { row }),
    fields,
    ...(region === undefined ? {} : { region }),
    ...(wire === undefined ? {} : { wire }),
    ...(uri === undefined ? {} : { uri }),
    keys: credentials.keys,
    ...(credentials.login === undefined ? {} : { login: credentials.login }),
    ...(credentials.source === undefined ? {} : { keySource: credentials.source }),
    ...model,
    ...(credentials.openaiApi === undefined ? {} : { openaiApi: credentials.openaiApi }),
    implicit: source.implicit,
  } satisfies ConfigEntry;
  const problem = vendor.problem === undefined ? whyUnusable(entry, credentials, context) : { reason: vendor.problem };
  if (problem === undefined) return entry;
  const { reason, field } = problem;
  return { ...entry, unusable: reason, ...(field === undefined ? {} : { unusableField: field }) };
}

/** A ChatGPT login is served by the backend of Codex only, a key by OpenAI's API only. */
function rowOfLogin(row: VendorRow | undefined, { login, openaiApi }: Credentials): VendorRow | undefined {
  if (openaiApi !== undefined) return vendorById('openai');
  return row?.id === 'openai' && login?.slot === 'openai-codex' ? vendorById('openai-codex') : row;
}

interface Vendor {
  readonly row?: VendorRow;
  readonly region?: string;
  readonly wire?: WireId;
  readonly url?: string;
  readonly authMode?: 'oauth';
  readonly problem?: string;
}

/** `kind` chooses another implementation; the address of the entry's own slot stays where it has one. */
function findVendor(type: string, fields: ProviderFields): Vendor {
  const own = resolveSlug(type);
  if (fields.kind === undefined) return own ?? { problem: unknownSlugMessage(type) };
  if (/^open-?ai[-_ ]compat(ible)?$/i.test(fields.kind.trim())) return compatible(own?.row, own?.region);
  const other = resolveSlug(fields.kind);
  if (other === undefined) return { ...own, problem: `kind: ${unknownSlugMessage(fields.kind)}` };
  return other;
}

function compatible(own: VendorRow | undefined, region: string | undefined): Vendor {
  const custom = vendorById('custom');
  if (own === undefined || own.wires.includes('openai-chat')) {
    const row = own ?? custom;
    return { ...(row === undefined ? {} : { row }), ...(region === undefined ? {} : { region }), wire: 'openai-chat' };
  }
  if (custom === undefined) return { row: own };
  return { row: { ...custom, keyVariables: own.keyVariables, keyRequired: own.keyRequired }, wire: 'openai-chat' };
}

function wireOf(fields: ProviderFields, row: VendorRow | undefined, spelt: WireId | undefined): WireId | undefined {
  const asked = fields.wire_api === undefined ? undefined : WIRE_OF_API[fields.wire_api];
  if (asked !== undefined && row?.wires.includes(asked) === true) return asked;
  if (spelt !== undefined || row === undefined) return spelt;
  const named = wireNamedBy(fields.uri ?? '');
  return named !== undefined && row.wires.includes(named) ? named : undefined;
}

/** What `wire_api` says to choose a protocol; `undefined`: it cannot be chosen. */
export function wireApiOf(wire: WireId): keyof typeof WIRE_OF_API | undefined {
  const found = Object.entries(WIRE_OF_API).find(([, one]) => one === wire)?.[0];
  return found as keyof typeof WIRE_OF_API | undefined;
}

/** True when `wire_api` names a protocol that the slot does not speak. */
export function wireApiIgnored(entry: ConfigEntry): boolean {
  const { wire_api: asked } = entry.fields;
  return asked !== undefined && entry.row !== undefined && !entry.row.wires.includes(WIRE_OF_API[asked]);
}

function modelOf(
  { fields, isDefault }: EntrySource,
  row: VendorRow | undefined,
  context: EntryContext,
): Pick<ConfigEntry, 'model' | 'modelSource'> {
  if (fields.model !== undefined) return { model: fields.model, modelSource: 'config' };
  const { model: built, provider } = context.build;
  if (built !== undefined && row !== undefined) {
    const owner = provider === undefined ? attributeModel(built) : resolveSlug(provider)?.row.id;
    if (owner === row.id || (owner === undefined && isDefault)) return { model: built, modelSource: 'build' };
  }
  const model = defaultModelOf(row);
  return model === undefined ? { modelSource: 'none' } : { model, modelSource: 'catalog' };
}

/** The protocol an entry is called by, once the program's wires are known. */
export function wireFor(
  entry: ConfigEntry,
  wires: ReadonlySet<WireId>,
): { readonly wire: WireId } | { readonly reason: string } {
  if (entry.row === undefined) return { reason: `unknown provider "${entry.type}"` };
  return pickWire(entry.row, (wire) => wires.has(wire), entry.wire);
}

/** Entry fields that may fill an address, with the variables a missing one is read from. */
export function addressFields(entry: Pick<ConfigEntry, 'row' | 'fields'>, env: Environment): EntryFields {
  const fields: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(entry.fields)) if (typeof value === 'string') fields[name] = value;
  for (const [name, variables] of Object.entries(entry.row?.fieldVariables ?? {})) {
    fields[name] ??= variables.map((variable) => env[variable]).find((value) => value !== undefined && value !== '');
  }
  return fields;
}

interface Problem {
  readonly reason: string;
  readonly field?: string;
}

function whyUnusable(entry: ConfigEntry, credentials: Credentials, context: EntryContext): Problem | undefined {
  const { row, fields } = entry;
  if (row === undefined) return { reason: `unknown provider "${entry.type}"` };
  const picked = wireFor(entry, context.wires);
  if ('reason' in picked)
    return { reason: picked.reason, ...(fields.wire_api === undefined ? {} : { field: 'wire_api' }) };
  try {
    resolveBaseUrl(row, entry.region, entry.uri, picked.wire, addressFields(entry, context.env));
  } catch (error) {
    if (!ProviderError.is(error)) throw error;
    const field = (['uri', 'endpoint'] as const).find((name) => fields[name] !== undefined);
    return { reason: error.message, ...(field === undefined ? {} : { field }) };
  }
  if (fields.tls_ca_cert_path !== undefined && !existsSync(fields.tls_ca_cert_path)) {
    return { reason: `no such file: ${fields.tls_ca_cert_path}`, field: 'tls_ca_cert_path' };
  }
  if (entry.login?.slot === 'gemini' && picked.wire === 'gemini-interactions') {
    const reason =
      'a Google login is served by Code Assist, which has no Interactions: set api_key or leave wire_api out';
    return { reason, field: 'wire_api' };
  }
  if (credentials.problem !== undefined) return { reason: credentials.problem };
  return credentials.keys.length > 0 ? undefined : { reason: noCredential(row, entry.region, fields) };
}

function noCredential(row: VendorRow, region: string | undefined, fields: ProviderFields): string {
  if (fields.requires_openai_auth === true)
    return 'no credential: requires_openai_auth is on, but OPENAI_API_KEY is not set';
  const variables = keyVariables(row, region);
  const or = variables.length === 0 ? '' : ` or ${variables.slice(0, 2).join(' or ')} in the environment`;
  return `no credential: set api_key${or}`;
}
