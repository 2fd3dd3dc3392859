import { checkedIssuer, issuerOf, loginVendor } from '../auth/oauth/vendors.ts';
import type { LoginVendor } from '../auth/oauth/login-vendor.ts';
import { filePlace, memoryPlace, storedPlace, type LoginPlace } from '../auth/oauth/place.ts';
import type { IdentityHttp } from '../auth/oauth/http.ts';
import { createLoginSession, type LoginSession } from '../auth/oauth/session.ts';
import { createTokenStore, type TokenStore } from '../auth/store/token-store.ts';
import { systemClock, type Clock } from '../spec/clock.ts';
import { ProviderError } from '../spec/errors.ts';
import { silentLog, type Log } from '../spec/log.ts';
import type { Secret } from '../spec/secret.ts';
import { createHttpTransport } from '../transport/http-transport.ts';
import { proxyFromEnvironment } from '../transport/proxy.ts';
import type { Transport } from '../transport/transport.ts';
import { createIdentityHttp } from '../transport/whole-call.ts';
import type { Endpoint } from '../vendors/endpoint-types.ts';
import type { Environment } from './expand.ts';
import { standinHome } from './files.ts';
import type { LoginRef } from './login.ts';
import { createTokenCipher } from './secrets/token-cipher.ts';

export interface LoginOptions {
  readonly env: Environment;
  /** Default: one of its own over real sockets. */
  readonly transport?: Transport;
  readonly clock?: Clock;
  readonly log?: Log;
}

/** The accounts a program calls with; entries with the same login share one session. */
export interface LoginSessions {
  session(login: LoginRef, region?: string): LoginSession;
  /** How the vendors' own servers are asked for what belongs to a login. */
  readonly http: IdentityHttp;
}

export function createLoginSessions(options: LoginOptions): LoginSessions {
  const { env } = options;
  const clock = options.clock ?? systemClock;
  const log = options.log ?? silentLog;
  const sessions = new Map<string, LoginSession>();
  const transport = options.transport ?? createHttpTransport({ clock, proxy: proxyFromEnvironment(env) });
  const plain = createIdentityHttp(transport, { clock });
  let store: TokenStore | undefined;
  const storeOf = (): TokenStore =>
    (store ??= createTokenStore({ home: standinHome(env), cipher: createTokenCipher(env), clock }));
  return {
    http: plain,
    session(login, region) {
      const id = [login.slot, login.from, login.name, login.path ?? '', region ?? ''].join('\n');
      let session = sessions.get(id);
      if (session !== undefined) return session;
      const vendor = loginVendor(login.slot);
      if (vendor === undefined)
        throw new ProviderError({ kind: 'config', message: `${login.slot} has no sign-in; use an API key` });
      const issuer = issuerOf(vendor, env, region);
      const place = placeOf(login, vendor, storeOf);
      session = createLoginSession({ place, vendor: withClient(vendor, login), issuer, http: plain, clock, log });
      sessions.set(id, session);
      return session;
    },
  };
}

function placeOf(login: LoginRef, vendor: LoginVendor, store: () => TokenStore): LoginPlace {
  const { slot, name, metadata } = login;
  const first = { provider: slot, name, kind: 'oauth', refresh: login.token, metadata } as const;
  switch (login.from) {
    case 'github-token':
      return memoryPlace(first, `key:${name}`);
    case 'file':
      if (vendor.file !== undefined && login.path !== undefined) return filePlace(vendor.file, login.path, slot);
      return storedPlace(store(), slot, name, vendor.file);
    case 'profile':
      return storedPlace(store(), slot, name, vendor.file);
    case 'seed': {
      const kept = storedPlace(store(), slot, name);
      return {
        ...kept,
        label: 'oauth_refresh_token',
        read() {
          const stored = kept.read();
          return stored?.metadata['seed'] === metadata['seed'] ? stored : first;
        },
      };
    }
  }
}

/** The entry's own app registration beats what the login says about its. */
function withClient(vendor: LoginVendor, { clientId, clientSecret }: LoginRef): LoginVendor {
  if (clientId === undefined && clientSecret === undefined) return vendor;
  return {
    ...vendor,
    renew: (login, context) =>
      vendor.renew(
        clientId === undefined ? login : { ...login, metadata: { ...login.metadata, client_id: clientId } },
        {
          ...context,
          issuer: checkedIssuer(context.issuer, `${vendor.slot}: issuer`),
          clientSecret: clientSecret?.reveal(),
        },
      ),
  };
}

export interface EndpointLogin {
  readonly prepare: NonNullable<Endpoint['prepare']>;
  readonly secrets: () => readonly Secret[];
}

/** How the calls of one endpoint get their token. `base`: the endpoint's address without a path. */
export function endpointLogin(
  session: LoginSession,
  vendor: LoginVendor,
  entry: {
    readonly ref: string;
    readonly base: string;
    readonly hasOwnAddress: boolean;
    readonly hasOwnToken: boolean;
  },
): EndpointLogin {
  return {
    secrets: () => session.secrets(),
    async prepare(call, _key, how) {
      let login;
      try {
        login = await session.login(how);
      } catch (error) {
        throw ProviderError.is(error) ? error.with({ provider: entry.ref }) : error;
      }
      const base = entry.hasOwnAddress ? undefined : vendor.base?.(login);
      const isBelow = base !== undefined && call.url.startsWith(entry.base);
      const url = isBelow ? `${base}${call.url.slice(entry.base.length)}` : call.url;
      // What the user or the protocol set stays; the token itself is ours.
      const { authorization, ...others } = vendor.headers(login, call);
      const headers: Record<string, string> = { ...others, ...call.headers };
      if (!entry.hasOwnToken && authorization !== undefined) headers['authorization'] = authorization;
      return { ...call, url, headers };
    },
  };
}
