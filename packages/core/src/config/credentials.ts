import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { Secret } from '../spec/secret.ts';
import { cleanKey } from '../vendors/auth-headers.ts';
import type { Key } from '../vendors/endpoint-types.ts';
import type { VendorRow } from '../vendors/row.ts';
import type { Environment } from './expand.ts';
import {
  asksForLogin,
  chooseCodexLogin,
  chooseLogin,
  githubLogin,
  isLoginPlaceholder,
  profileName,
  type LoginRef,
} from './login.ts';
import { keyProblem } from './key-text.ts';
import type { ProviderFields } from './schema/provider.ts';
import type { SecretOpener } from './secrets/opener.ts';

export const NO_KEY: Key = { fingerprint: 'none' };

/** Where credentials are looked for beside the entry itself. */
export interface CredentialContext {
  readonly env: Environment;
  readonly secrets: SecretOpener;
  /** `<type>.<alias>` of the entry. */
  readonly ref: string;
  /** The spelling of its type names the vendor's login (`qwen-oauth`). */
  readonly prefersLogin?: boolean;
}

export interface Credentials {
  readonly keys: readonly Key[];
  readonly login?: LoginRef;
  /** `api_key`, `api_keys`, or the variable that held the key. */
  readonly source?: string;
  /** What is wrong with a variable that was found, without its value. */
  readonly problem?: string;
  /** An entry of Codex with a key of OpenAI's API; `notice`: why, when nobody asked for it. */
  readonly openaiApi?: { readonly notice?: string };
}

/** The same key twice is one key; quotes and a `Bearer` that were copied along are taken off. */
export function keysOf(secrets: readonly Secret[]): Key[] {
  const seen = new Set<string>();
  const keys: Key[] = [];
  for (const secret of secrets) {
    const text = cleanKey(secret.reveal());
    if (text === '' || seen.has(text)) continue;
    seen.add(text);
    const clean = text === secret.reveal() ? secret : new Secret(text);
    keys.push({ fingerprint: clean.fingerprint, secret: clean });
  }
  return keys;
}

/**
 * Keys of an entry: `api_key`, then `api_keys`, then `extra` (the `[reliability]` ones); without any of them the first
 * of the vendor's variables that is set; else the placeholder or nothing for a server that takes no key.
 */
export function findCredentials(
  fields: ProviderFields,
  row: VendorRow | undefined,
  region: string | undefined,
  extra: readonly Secret[],
  context: CredentialContext,
): Credentials {
  if (fields.requires_openai_auth === true) return byApiKey(openaiAuth(fields, context, row), fields, row);
  if (asksForLogin(fields)) {
    const asked = tokenOrLogin(fields, row, region, context);
    if (asked !== undefined) return asked;
  }
  const keys = writtenKeys(fields, extra);
  if (keys.length > 0) return byApiKey(bought({ keys, source: writtenSource(fields) }, row), fields, row);
  if (context.prefersLogin === true) {
    const preferred = tokenOrLogin(fields, row, region, context);
    if (preferred !== undefined && preferred.keys.length > 0) return preferred;
  }
  const found = fromVariables(keyVariables(row, region), context);
  if (found !== undefined) return bought(found, row);
  const login = loginOf(fields, row, region, context);
  if (login !== undefined) return login;
  return row === undefined || row.keyRequired ? { keys: [] } : { keys: [placeholder(row)] };
}

/** A variable that holds an access token, unless the entry names its login; else the login. */
function tokenOrLogin(
  fields: ProviderFields,
  row: VendorRow | undefined,
  region: string | undefined,
  context: CredentialContext,
): Credentials | undefined {
  const names = profileName(fields) === undefined ? keyVariables(row, region) : [];
  const token = fromVariables(
    names.filter((name) => name.endsWith('_OAUTH_TOKEN')),
    context,
  );
  return token ?? loginOf(fields, row, region, context);
}

function loginOf(
  fields: ProviderFields,
  row: VendorRow | undefined,
  region: string | undefined,
  context: CredentialContext,
): Credentials | undefined {
  const chosen = chooseLogin({ fields, row, ...(region === undefined ? {} : { region }), ...context });
  if (chosen === undefined) return undefined;
  if (!('problem' in chosen)) return { keys: [chosen.key], login: chosen.login, source: chosen.source };
  const none = { keys: [], problem: chosen.problem };
  return chosen.isMissing === true && takesApiKey(fields, row) ? openaiKey(fields, context, none) : none;
}

/** Codex is served by OpenAI's API too, to those who have a key of it; an address of one's own is left as it is. */
function takesApiKey(fields: ProviderFields, row: VendorRow | undefined): boolean {
  return row?.id === 'openai-codex' && fields.uri === undefined;
}

/** Where the Codex program finds a key when nobody signed in: the entry, the variable, its own file. */
function openaiKey(
  fields: ProviderFields,
  context: CredentialContext,
  none: Credentials & { readonly problem: string },
): Credentials {
  const written = isLoginPlaceholder(fields.api_key) ? [] : writtenKeys(fields, []);
  const found =
    written.length > 0
      ? { keys: written, source: writtenSource(fields) }
      : (fromVariables(['OPENAI_API_KEY'], context) ?? storedByCodex(context.env));
  if (found === undefined) return none;
  if (found.keys.length === 0) return found;
  const instead = `${none.problem}; called through OpenAI's API with ${found.source ?? 'its key'}, and billed there`;
  return { ...found, openaiApi: { notice: instead } };
}

/** The backend of Codex takes tokens of a login only; a key beginning with `sk-` is one of the API. */
function byApiKey(found: Credentials, fields: ProviderFields, row: VendorRow | undefined): Credentials {
  const isKey = found.keys[0]?.secret?.reveal().startsWith('sk-') === true;
  return isKey && takesApiKey(fields, row) ? { ...found, openaiApi: {} } : found;
}

function writtenKeys(fields: ProviderFields, extra: readonly Secret[]): Key[] {
  return keysOf([...(fields.api_key === undefined ? [] : [fields.api_key]), ...(fields.api_keys ?? []), ...extra]);
}

const writtenSource = (fields: ProviderFields): string => (fields.api_key === undefined ? 'api_keys' : 'api_key');

/** A GitHub token is no key of Copilot's but buys its tokens. */
function bought(found: Credentials, row: VendorRow | undefined): Credentials {
  const [first] = found.keys;
  const github = first === undefined ? undefined : githubLogin(first, row);
  return github === undefined ? found : { ...found, keys: [github.key], login: github.login };
}

export function keyVariables(row: VendorRow | undefined, region: string | undefined): readonly string[] {
  const regional = region === undefined ? [] : (row?.regions?.[region]?.keyVariables ?? []);
  return [...new Set([...regional, ...(row?.keyVariables ?? [])])];
}

function fromVariables(names: readonly string[], { env, secrets }: CredentialContext): Credentials | undefined {
  for (const name of names) {
    const text = env[name]?.trim() ?? '';
    if (text === '') continue;
    const opened = secrets.open(text);
    const problem = 'problem' in opened ? opened.problem : keyProblem(opened.value);
    if (problem !== undefined) return { keys: [], source: name, problem: `the variable ${name} ${problem}` };
    if ('value' in opened) return { keys: keysOf([new Secret(opened.value)]), source: name };
  }
  return undefined;
}

function placeholder(row: VendorRow): Key {
  if (row.placeholderKey === undefined) return NO_KEY;
  const secret = new Secret(row.placeholderKey);
  return { fingerprint: secret.fingerprint, secret };
}

/** `requires_openai_auth`: the variable, else the key the Codex program stored, else a ChatGPT login. */
function openaiAuth(fields: ProviderFields, context: CredentialContext, row: VendorRow | undefined): Credentials {
  const found = fromVariables(['OPENAI_API_KEY'], context);
  if (found !== undefined) return found;
  const stored = storedByCodex(context.env);
  if (stored !== undefined) return stored;
  const login = chooseCodexLogin(fields, context);
  if (login !== undefined && 'login' in login) return { keys: [login.key], login: login.login, source: login.source };
  return row !== undefined && !row.keyRequired ? { keys: [NO_KEY] } : { keys: [] };
}

function storedByCodex(env: Environment): Credentials | undefined {
  const stored = codexKey(env);
  return stored === undefined ? undefined : { keys: keysOf([new Secret(stored)]), source: 'auth.json of Codex' };
}

/** `$CODEX_HOME/auth.json`, `OPENAI_API_KEY` (openai/codex, codex-rs/login, read 2026-09). */
function codexKey(env: Environment): string | undefined {
  const home = env['CODEX_HOME'] || join(env['HOME'] || homedir(), '.codex');
  try {
    const content = JSON.parse(readFileSync(join(home, 'auth.json'), 'utf8')) as { OPENAI_API_KEY?: unknown };
    const key = content.OPENAI_API_KEY;
    return typeof key === 'string' && key.trim() !== '' && keyProblem(key.trim()) === undefined
      ? key.trim()
      : undefined;
  } catch {
    return undefined;
  }
}
