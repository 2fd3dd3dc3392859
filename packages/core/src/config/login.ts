import { join } from 'node:path';

import { isGithubToken } from '../auth/copilot/copilot.ts';
import { loginCommand, loginError } from '../auth/oauth/failure.ts';
import type { LoginVendor } from '../auth/oauth/login-vendor.ts';
import { DEFAULT_PROFILE, profileFingerprint, profileId } from '../auth/oauth/login.ts';
import { findLoginFile } from '../auth/oauth/place.ts';
import { loginVendor } from '../auth/oauth/vendors.ts';
import { PROFILES_FILE, readProfiles } from '../auth/store/token-store.ts';
import { ProviderError } from '../spec/errors.ts';
import { Secret } from '../spec/secret.ts';
import type { Key } from '../vendors/endpoint-types.ts';
import { vendorById } from '../vendors/lookup.ts';
import type { VendorRow } from '../vendors/row.ts';
import type { Environment } from './expand.ts';
import { standinHome } from './files.ts';
import type { ProviderFields } from './schema/provider.ts';
import type { SecretOpener } from './secrets/opener.ts';

/** Which login an entry calls with, and where its tokens lie. */
export interface LoginRef {
  /** Slot whose sign-in it is. */
  readonly slot: string;
  /** Name of the profile. */
  readonly name: string;
  /** `seed`: a renewal token of the config or a variable begins it, what follows from it is stored. */
  readonly from: 'profile' | 'file' | 'seed' | 'github-token';
  /** Of `file`. */
  readonly path?: string;
  /** Of `seed` and `github-token`. */
  readonly token?: Secret;
  readonly clientId?: string;
  readonly clientSecret?: Secret;
  readonly metadata: Readonly<Record<string, string>>;
}

export type LoginChoice =
  | { readonly login: LoginRef; readonly key: Key; readonly source: string }
  /** `isMissing`: nobody signed in, as opposed to tokens that cannot be read. */
  | { readonly problem: string; readonly isMissing?: true };

export interface LoginSource {
  readonly fields: ProviderFields;
  readonly row: VendorRow | undefined;
  /** Name of the entry, for a login that begins in the config. */
  readonly ref: string;
  readonly region?: string;
  readonly env: Environment;
  readonly secrets: SecretOpener;
}

/** Values people write where a key stands, to say that there is a login (ZeroClaw, read 2026-11). */
const PLACEHOLDERS: ReadonlySet<string> = new Set(['qwen-oauth', 'minimax-oauth', 'minimax-oauth-cn']);

/** Variables of ZeroClaw v1 that hold a renewal token and what belongs to it. */
const SEED_VARIABLES: Readonly<Record<string, string>> = { qwen: 'QWEN_OAUTH', minimax: 'MINIMAX_OAUTH' };

/** True when the entry's key is no key but says that there is a login. */
export function isLoginPlaceholder(secret: Secret | undefined): boolean {
  return secret !== undefined && PLACEHOLDERS.has(secret.reveal().trim());
}

/** The entry asks for a login in so many words. */
export function asksForLogin(fields: ProviderFields): boolean {
  return (
    fields.auth_mode === 'oauth' ||
    profileName(fields) !== undefined ||
    fields.oauth_refresh_token !== undefined ||
    isLoginPlaceholder(fields.api_key)
  );
}

export function profileName(fields: ProviderFields): string | undefined {
  return fields.auth_profile ?? fields.profile;
}

/**
 * The login of an entry: the profile it names; a renewal token of its own; the active profile; the file of the vendor's
 * own program. `undefined` when the entry is none for a login.
 */
export function chooseLogin(source: LoginSource): LoginChoice | undefined {
  const { fields, row } = source;
  const vendor = row === undefined ? undefined : loginVendor(row.id);
  if (vendor === undefined) return undefined;
  try {
    const named = profileName(fields);
    if (named !== undefined) return storedLogin(vendor, named, source) ?? missing(vendor, named);
    return (
      seededLogin(vendor, source) ??
      storedLogin(vendor, undefined, source) ??
      fileLogin(vendor, source) ??
      (asksForLogin(fields) || row?.auth === 'oauth' ? missing(vendor, undefined) : undefined)
    );
  } catch (error) {
    if (ProviderError.is(error)) return { problem: error.message };
    throw error;
  }
}

/** A ChatGPT login for an entry of another slot (`requires_openai_auth`). */
export function chooseCodexLogin(
  fields: ProviderFields,
  context: Pick<LoginSource, 'ref' | 'env' | 'secrets'>,
): LoginChoice | undefined {
  return chooseLogin({ ...context, fields, row: vendorById('openai-codex') });
}

/** A token that GitHub gave, where a key of Copilot's would stand: it buys Copilot tokens. */
export function githubLogin(key: Key, row: VendorRow | undefined): { login: LoginRef; key: Key } | undefined {
  if (row?.id !== 'copilot' || key.secret === undefined || !isGithubToken(key.secret.reveal())) return undefined;
  const login: LoginRef = {
    slot: row.id,
    name: key.fingerprint,
    from: 'github-token',
    token: key.secret,
    metadata: {},
  };
  return { login, key: { fingerprint: key.fingerprint } };
}

function storedLogin(vendor: LoginVendor, name: string | undefined, source: LoginSource): LoginChoice | undefined {
  const { profiles, active } = readProfiles(join(standinHome(source.env), PROFILES_FILE));
  const own = Object.keys(profiles).filter((id) => id.startsWith(`${vendor.slot}:`) && !id.includes(':config-'));
  const current = active[vendor.slot];
  const id =
    name === undefined
      ? (own.find((each) => each === current) ?? own[0])
      : own.find((each) => each === profileId(vendor.slot, name));
  if (id === undefined) return undefined;
  const found = id.slice(vendor.slot.length + 1);
  return choice(vendor, { name: found, from: 'profile' }, `login "${found}"`, source);
}

function fileLogin(vendor: LoginVendor, source: LoginSource): LoginChoice | undefined {
  // Grok's file is only imported: its shape is not documented.
  const path = vendor.slot === 'xai' ? undefined : findLoginFile(vendor, source.env);
  if (path === undefined || vendor.file?.parse === undefined) return undefined;
  return choice(vendor, { name: DEFAULT_PROFILE, from: 'file', path }, path, source);
}

function seededLogin(vendor: LoginVendor, source: LoginSource): LoginChoice | undefined {
  const { fields, ref, env, secrets } = source;
  const prefix = SEED_VARIABLES[vendor.slot];
  const variable = (name: string): string | undefined => {
    const text = prefix === undefined ? '' : (env[`${prefix}_${name}`]?.trim() ?? '');
    return text === '' ? undefined : text;
  };
  const stored = variable('REFRESH_TOKEN');
  const opened = stored === undefined ? undefined : secrets.open(stored);
  if (fields.oauth_refresh_token === undefined && opened !== undefined && 'problem' in opened)
    return { problem: `the variable ${prefix}_REFRESH_TOKEN ${opened.problem}` };
  const value = opened !== undefined && 'value' in opened ? new Secret(opened.value) : undefined;
  const token = fields.oauth_refresh_token ?? value;
  if (token === undefined) return undefined;
  const resource = fields.oauth_resource_url ?? variable('RESOURCE_URL');
  const clientId = variable('CLIENT_ID');
  const metadata: Record<string, string> = { seed: token.fingerprint };
  if (resource !== undefined) metadata['resource_url'] = resource;
  if (clientId !== undefined) metadata['client_id'] = clientId;
  const name = `config-${ref.replace('.', '-')}`;
  const from = fields.oauth_refresh_token === undefined ? `${prefix}_REFRESH_TOKEN` : 'oauth_refresh_token';
  return choice(vendor, { name, from: 'seed', token, metadata }, from, source);
}

function choice(
  vendor: LoginVendor,
  part: Pick<LoginRef, 'name' | 'from'> & Partial<LoginRef>,
  from: string,
  { fields, env }: LoginSource,
): LoginChoice {
  const app =
    vendor.slot === 'gemini' ? { id: env['GEMINI_OAUTH_CLIENT_ID'], secret: env['GEMINI_OAUTH_CLIENT_SECRET'] } : {};
  const clientId = fields.oauth_client_id ?? (app.id || undefined);
  const clientSecret = fields.oauth_client_secret ?? (app.secret ? new Secret(app.secret) : undefined);
  const login: LoginRef = {
    slot: vendor.slot,
    metadata: {},
    ...part,
    ...(clientId === undefined ? {} : { clientId }),
    ...(clientSecret === undefined ? {} : { clientSecret }),
  };
  const id = part.path ?? part.name;
  return { login, key: { fingerprint: profileFingerprint(vendor.slot, id) }, source: from };
}

function missing(vendor: LoginVendor, name: string | undefined): LoginChoice {
  const what = name === undefined ? 'nobody is signed in' : `no login "${name}" is stored`;
  const canSignIn = vendor.device !== undefined || vendor.browser !== undefined;
  const next = canSignIn ? `run: ${loginCommand(vendor.slot, name)}` : 'set oauth_refresh_token or api_key';
  return { problem: loginError('missing', what, next).message, isMissing: true };
}
