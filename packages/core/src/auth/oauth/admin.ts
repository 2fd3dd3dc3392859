import { join } from 'node:path';
import { homedir } from 'node:os';

import type { Clock } from '../../spec/clock.ts';
import type { TokenCipher } from '../store/profile-json.ts';
import { createTokenStore, PROFILES_FILE, readProfiles, type TokenStore } from '../store/token-store.ts';
import { loginError, troubleOf } from './failure.ts';
import { homeOf, type FlowContext, type LoginVendor, type SignIn, type Variables } from './login-vendor.ts';
import { isFresh, type Login } from './login.ts';
import { findLoginFile, readLoginFile } from './place.ts';

export type Way = 'device' | 'browser';

/** Signs somebody in; without a stated way the device code comes first and the browser where there is none. */
export async function signIn(
  vendor: LoginVendor,
  way: Way | undefined,
  context: FlowContext,
): Promise<Omit<Login, 'name'>> {
  const draft = await run(vendor, way, context);
  const issuer: Record<string, string> = context.issuer === vendor.issuer ? {} : { issuer: context.issuer };
  return { ...draft, provider: vendor.slot, metadata: { ...draft.metadata, ...issuer } };
}

async function run(vendor: LoginVendor, way: Way | undefined, context: FlowContext): ReturnType<SignIn> {
  const { device, browser } = vendor;
  if (way === 'device' || (way === undefined && device !== undefined)) {
    if (device === undefined) throw noSuchWay(vendor, 'device-code', '--browser');
    try {
      return await device(context);
    } catch (error) {
      if (way !== undefined || browser === undefined || troubleOf(error) !== 'unsupported') throw error;
      return browser(context);
    }
  }
  if (browser === undefined) throw noSuchWay(vendor, 'browser', '--device');
  return browser(context);
}

function noSuchWay(vendor: LoginVendor, way: string, other: string): Error {
  const hasOther = vendor.device !== undefined || vendor.browser !== undefined;
  const message = `${vendor.name} has no ${hasOther ? `${way} sign-in` : 'sign-in that Standin can do'}`;
  const file = vendor.file === undefined ? '' : `; or sign in with ${vendor.file.program} and import that`;
  return loginError(
    'unsupported',
    message,
    hasOther ? `use ${other}` : `set oauth_refresh_token or api_key in the entry${file}`,
  );
}

export interface FoundLogin {
  readonly login: Login;
  /** Where it was found. */
  readonly from: string;
  /** Its program goes on using the same tokens. */
  readonly isShared: boolean;
}

/** Folders in which ZeroClaw keeps `auth-profiles.json`, and those of its key. */
export function zeroclawHomes(env: Variables): readonly string[] {
  const named = ['ZEROCLAW_CONFIG_DIR', 'ZEROCLAW_DATA_DIR', 'ZEROCLAW_WORKSPACE'].map((name) => env[name] ?? '');
  const bases = [...named.filter((path) => path !== ''), join(homeOf(env, homedir()), '.zeroclaw')];
  return bases.flatMap((base) => [base, join(base, 'state'), join(base, 'data', 'state')]);
}

export interface ImportOptions {
  readonly vendor: LoginVendor;
  readonly env: Variables;
  readonly clock: Clock;
  /** Opens tokens sealed with the key of another home. */
  readonly cipherOf: (home: string) => TokenCipher;
  /** A file to import instead of looking for one. */
  readonly from?: string;
  /** ZeroClaw's name of the profile, where it has several. */
  readonly profile?: string;
}

/**
 * The login of another program: of the vendor's own, else ZeroClaw's. `undefined` when there is none. Throws kind `auth`,
 * rule `login:unreadable`, for a file that is no such thing.
 */
export function findImport(options: ImportOptions): FoundLogin | undefined {
  const { vendor, env, from } = options;
  if (from !== undefined) {
    if (from.endsWith(PROFILES_FILE)) return fromZeroclaw(join(from, '..'), options);
    return vendor.file === undefined ? undefined : fromFile(vendor, from);
  }
  const path = findLoginFile(vendor, env);
  const own = path === undefined ? undefined : fromFile(vendor, path);
  if (own !== undefined) return own;
  for (const home of zeroclawHomes(env)) {
    const found = fromZeroclaw(home, options);
    if (found !== undefined) return found;
  }
  return undefined;
}

function fromFile(vendor: LoginVendor, path: string): FoundLogin | undefined {
  if (vendor.file === undefined) return undefined;
  const login = readLoginFile(vendor.file, path, vendor.slot, 'default');
  return login === undefined ? undefined : { login, from: path, isShared: true };
}

function fromZeroclaw(home: string, { vendor, clock, cipherOf, profile }: ImportOptions): FoundLogin | undefined {
  const path = join(home, PROFILES_FILE);
  const { profiles } = readProfiles(path);
  if (!Object.keys(profiles).some((id) => id.startsWith(`${vendor.slot}:`))) return undefined;
  // The key lies in the config folder, the profiles may lie below it.
  const keyed = [home, join(home, '..'), join(home, '..', '..')];
  let last: unknown;
  for (const folder of keyed) {
    const store: TokenStore = createTokenStore({ home, cipher: cipherOf(folder), clock });
    const name = profile ?? store.active(vendor.slot) ?? 'default';
    try {
      const login = store.get(vendor.slot, name);
      return login === undefined ? undefined : { login, from: path, isShared: false };
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

/** How a login stands, for people and scripts. */
export type LoginState = 'good' | 'renewable' | 'expired' | 'revoked' | 'denied' | 'unreadable';

export function stateOf(login: Login, wallMs: number): LoginState {
  const problem = login.metadata['problem'];
  if (isFresh(login, wallMs, 0)) return 'good';
  if (problem === 'expired' || problem === 'revoked' || problem === 'denied') return problem;
  return login.refresh === undefined || login.kind === 'token' ? 'expired' : 'renewable';
}
