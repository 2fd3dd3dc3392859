import type { WireId } from '../spec/wire-id.ts';
import { loginVendor } from '../auth/oauth/vendors.ts';
import { allVendors } from '../vendors/lookup.ts';
import { resolveQuirks } from '../vendors/quirks.ts';
import { entryPath } from './checks.ts';
import { wireApiIgnored, wireFor } from './entries.ts';
import type { ConfigEntry } from './model.ts';
import type { VendorRow } from '../vendors/row.ts';
import { isOwnHeader } from './own-headers.ts';
import { issueAt, type PrepareContext } from './prepare.ts';
import { thinkStyle } from './think.ts';
import { FAMILY_FIELDS } from './schema/provider.ts';

const CHAT: readonly WireId[] = ['openai-chat'];
const OPENAI: readonly WireId[] = ['openai-chat', 'openai-responses'];

/** Fields that only some protocols can carry. */
const FIELD_WIRES: Readonly<Record<string, readonly WireId[]>> = {
  chat_template_kwargs: CHAT,
  replay_assistant_reasoning: CHAT,
  requires_openai_auth: OPENAI,
};

/** Fields no part of this version reads yet. */
const NOT_YET: Readonly<Record<string, string>> = {
  live_pricing: 'prices are read from `pricing` only',
};

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Every field an entry sets and its slot cannot honour is said aloud. */
export function checkHonoured(entry: ConfigEntry, wires: ReadonlySet<WireId>, context: PrepareContext): void {
  const { row, fields } = entry;
  if (row === undefined) return;
  const warn = (field: string, message: string) => issueAt(context, entryPath(entry, field), 'warning', message);
  const picked = wireFor(entry, wires);
  const wire = 'wire' in picked ? picked.wire : row.wires[0];
  if (wireApiIgnored(entry))
    warn('wire_api', `has no effect: ${row.name} speaks ${row.wires.join(', ') || 'no protocol'} only`);
  for (const [field, value] of Object.entries(fields)) {
    if (value === undefined || value === false) continue;
    const allowed = FIELD_WIRES[field];
    if (allowed !== undefined && wire !== undefined && !allowed.includes(wire)) {
      warn(field, `has no effect on ${row.name}, which is called by ${wire}`);
    } else if (FAMILY_FIELDS.includes(field) && !isHonoured(field, entry, row)) {
      warn(field, `has no effect on ${row.name}`);
    } else if (NOT_YET[field] !== undefined) warn(field, `has no effect: ${NOT_YET[field]}`);
  }
  if (fields.auth_mode === 'oauth' && loginVendor(row.id) === undefined && row.auth !== 'oauth')
    warn('auth_mode', `has no effect on ${row.name}, which takes a key`);
  checkEndpoint(entry, warn);
  if (wire !== undefined) {
    checkThink(entry, wire, warn);
    checkParameters(entry, row, wire, warn);
  }
  checkHeaders(entry, context);
  checkExtra(entry, warn);
  checkKeyPrefix(entry, warn);
}

/** The row names it, or it is about a login and the vendor has one. */
function isHonoured(field: string, entry: ConfigEntry, row: VendorRow): boolean {
  if (field === 'auth_mode' || row.fields?.includes(field) === true) return true;
  if (field === 'profile' || field === 'auth_profile') return loginVendor(entry.slot) !== undefined;
  return field.startsWith('oauth_') && row.id === 'gemini';
}

type Warn = (field: string, message: string) => void;

function checkEndpoint({ row, fields }: ConfigEntry, warn: Warn): void {
  if (fields.endpoint === undefined || row === undefined) return;
  const isKnown = Object.hasOwn(row.endpoints, fields.endpoint) || row.regions?.[fields.endpoint] !== undefined;
  if (fields.uri !== undefined && !isKnown) warn('endpoint', 'has no effect: uri says where the calls go');
}

function checkThink(entry: ConfigEntry, wire: WireId, warn: Warn): void {
  const { row, fields, model } = entry;
  if (fields.think === undefined || row === undefined || thinkStyle(entry, wire) !== 'none') return;
  const about = model === undefined ? row.name : `${row.name} (${model})`;
  warn('think', `has no effect: ${about} has no known switch for thinking; use chat_template_kwargs or provider_extra`);
}

/** Parameters that the vendor or the entry's model refuses are left out of every call. */
function checkParameters({ fields, region, model }: ConfigEntry, row: VendorRow, wire: WireId, warn: Warn): void {
  const { omitParameters, instructionsRequired } = resolveQuirks(row, wire, region, model ?? '');
  const about = model === undefined ? row.name : `${row.name} (${model})`;
  const refused = (...names: readonly string[]) => names.some((name) => omitParameters.includes(name));
  if (fields.temperature !== undefined && refused('temperature'))
    warn('temperature', `has no effect: ${about} takes none`);
  if (fields.max_tokens !== undefined && refused('max_tokens', 'max_output_tokens', 'max_completion_tokens'))
    warn('max_tokens', `has no effect: ${about} takes none`);
  if (fields.merge_system_into_user === true && instructionsRequired)
    warn('merge_system_into_user', `has no effect: ${row.name} demands instructions of their own`);
}

function checkHeaders(entry: ConfigEntry, context: PrepareContext): void {
  for (const name of Object.keys(entry.fields.extra_headers ?? {})) {
    const path = entryPath(entry, 'extra_headers', name);
    if (!HEADER_NAME.test(name)) issueAt(context, path, 'error', 'is no header name');
    else if (isOwnHeader(name)) issueAt(context, path, 'warning', 'has no effect: the connection sets it');
  }
}

function checkExtra({ fields }: ConfigEntry, warn: Warn): void {
  for (const key of ['model', 'messages', 'stream', 'tools', 'input']) {
    if (Object.hasOwn(fields.provider_extra ?? {}, key))
      warn('provider_extra', `"${key}" has no effect: the request sets it itself`);
  }
}

/** A key that carries another vendor's mark would only be rejected, or worse, shown to a stranger. */
function checkKeyPrefix(entry: ConfigEntry, warn: Warn): void {
  const { row, uri } = entry;
  if (row === undefined || uri !== undefined) return;
  for (const { secret } of entry.keys) {
    const text = secret?.reveal() ?? '';
    // `sk-` alone is everybody's; only a longer mark says whose key it is.
    const own = Math.max(COMMON_MARK, longestPrefix(text, row.keyPrefixes ?? []));
    const other = allVendors().find(
      ({ id, keyPrefixes }) => id !== row.id && longestPrefix(text, keyPrefixes ?? []) > own,
    );
    if (other === undefined) continue;
    warn(
      entry.keySource === 'api_keys' ? 'api_keys' : 'api_key',
      `a key looks like one of ${other.name}, not of ${row.name}`,
    );
    return;
  }
}

const COMMON_MARK = 'sk-'.length;

function longestPrefix(text: string, prefixes: readonly string[]): number {
  return Math.max(0, ...prefixes.filter((prefix) => text.startsWith(prefix)).map((prefix) => prefix.length));
}
