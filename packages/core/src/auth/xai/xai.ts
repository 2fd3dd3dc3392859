import { join } from 'node:path';
import { isIP } from 'node:net';
import { homedir } from 'node:os';

import { Secret } from '../../spec/secret.ts';
import { startCallbackServer } from '../oauth/callback-server.ts';
import { deviceGrant } from '../oauth/device-grant.ts';
import { loginError, renewalRefused, unreachable } from '../oauth/failure.ts';
import { bearer, oauthTokens, renewByForm } from '../oauth/form-renewal.ts';
import { bodyOf, formCall, getCall, textField } from '../oauth/http.ts';
import { emailOf, expiryOf } from '../oauth/jwt.ts';
import {
  homeOf,
  type FlowContext,
  type LoginDraft,
  type LoginFile,
  type LoginVendor,
  type VendorContext,
} from '../oauth/login-vendor.ts';
import type { Login } from '../oauth/login.ts';
import { createPkce, createState } from '../oauth/pkce.ts';
import { isRecord, timeOf, type JsonRecord } from '../store/profile-json.ts';

/** The published client of the Grok command line (read 2026-11). */
const CLIENT_ID = 'b1a00492-073a-47ea-816f-4c329264a828';
const SCOPE = 'openid profile email offline_access grok-cli:access api:access';
const CALLBACK = { port: 56_121, path: '/callback', host: '127.0.0.1' } as const;
const WHAT = 'xAI’s identity server';

interface Discovery {
  readonly authorize: string;
  readonly token: string;
  readonly device?: string;
}

/** OpenID Connect discovery; the endpoints must lie with the issuer, so that no answer can send tokens elsewhere. */
async function discover({ http, issuer, signal }: VendorContext): Promise<Discovery> {
  const answer = await http({ ...getCall(`${issuer}/.well-known/openid-configuration`), signal });
  if (answer.status !== 200) throw unreachable(WHAT, answer);
  const body = bodyOf(answer);
  const at = (name: string): string | undefined => {
    const url = textField(body, name);
    return url !== undefined && URL.canParse(url) && belongs(new URL(url), new URL(issuer)) ? url : undefined;
  };
  const authorize = at('authorization_endpoint');
  const token = at('token_endpoint');
  if (authorize === undefined || token === undefined)
    throw loginError('unsupported', `${WHAT} names no sign-in addresses of its own`, 'use an API key');
  const device = at('device_authorization_endpoint');
  return { authorize, token, ...(device === undefined ? {} : { device }) };
}

function belongs(url: URL, issuer: URL): boolean {
  if (url.protocol !== issuer.protocol) return false;
  if (isIP(issuer.hostname) !== 0) return url.host === issuer.host;
  const domain = issuer.hostname.split('.').slice(-2).join('.');
  return url.host === issuer.host || url.hostname.endsWith(`.${domain}`);
}

async function browser(context: FlowContext): Promise<LoginDraft> {
  const { http, clock, screen, signal } = context;
  const found = await discover(context);
  const pkce = createPkce();
  const state = createState();
  const server = await startCallbackServer({ ...CALLBACK, port: context.callbackPort ?? CALLBACK.port, state, signal });
  try {
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: CLIENT_ID,
      redirect_uri: server.redirectUri,
      scope: SCOPE,
      code_challenge: pkce.challenge,
      code_challenge_method: 'S256',
      state,
      nonce: createState(),
    });
    const url = `${found.authorize}?${query.toString()}`;
    screen.browser({ url, listening: server.redirectUri });
    await context.open?.(url);
    const fields = {
      grant_type: 'authorization_code',
      code: await server.code,
      redirect_uri: server.redirectUri,
      client_id: CLIENT_ID,
      code_verifier: pkce.verifier,
    };
    const answer = await http({ ...formCall(found.token, fields), signal });
    if (answer.status !== 200) throw renewalRefused(WHAT, answer, 'start the sign-in again');
    return draftOf(bodyOf(answer), clock.wallMs());
  } finally {
    server.close();
  }
}

async function device(context: FlowContext): Promise<LoginDraft> {
  const found = await discover(context);
  if (found.device === undefined)
    throw loginError('unsupported', `${WHAT} has no device-code sign-in`, 'use --browser');
  const grant = { what: 'xAI', codeUrl: found.device, tokenUrl: found.token, clientId: CLIENT_ID, scope: SCOPE };
  return draftOf(await deviceGrant(grant, context), context.clock.wallMs());
}

function draftOf(body: Readonly<Record<string, unknown>>, wallMs: number): LoginDraft {
  const tokens = oauthTokens(body, wallMs);
  if (tokens.access === undefined)
    throw loginError('unsupported', `${WHAT} answered without a token`, 'start the sign-in again');
  const email = emailOf(tokens.idToken);
  return { kind: 'oauth', ...tokens, metadata: email === undefined ? {} : { email } };
}

/** `~/.grok/auth.json`, one object or one per issuer and client; the fields of tokens are looked for wherever they stand. */
const grokFile: LoginFile = {
  program: 'Grok CLI',
  paths: (env) => [join(homeOf(env, homedir()), '.grok', 'auth.json')],
  parse(text) {
    const found = tokensOf(objectOf(text));
    if (found === undefined) return undefined;
    const access = textField(found, 'access_token', 'accessToken', 'key');
    const refresh = textField(found, 'refresh_token', 'refreshToken');
    const secret = access === undefined ? undefined : new Secret(access);
    return {
      kind: 'oauth',
      access: secret,
      refresh: refresh === undefined ? undefined : new Secret(refresh),
      expiresAt: timeOf(found['expires_at'] ?? found['expiresAt'] ?? found['expiry']) ?? expiryOf(secret),
      metadata: {},
    } satisfies LoginDraft;
  },
  merge(text, login: Login) {
    const root = text.trim() === '' ? {} : objectOf(text);
    const place = tokensOf(root) ?? root;
    const isCamel = 'accessToken' in place;
    const names = isCamel ? (['accessToken', 'refreshToken'] as const) : (['access_token', 'refresh_token'] as const);
    const access = 'key' in place && !(names[0] in place) ? 'key' : names[0];
    if (login.access !== undefined) place[access] = login.access.reveal();
    if (login.refresh !== undefined) place[names[1]] = login.refresh.reveal();
    if (login.expiresAt !== undefined) {
      const name = ['expires_at', 'expiresAt', 'expiry'].find((key) => key in place) ?? 'expires_at';
      const before = place[name];
      if (typeof before !== 'number') place[name] = new Date(login.expiresAt).toISOString();
      else place[name] = before < 1e11 ? Math.floor(login.expiresAt / 1000) : login.expiresAt;
    }
    return `${JSON.stringify(root, null, 2)}\n`;
  },
};

function objectOf(text: string): JsonRecord {
  const value: unknown = JSON.parse(text);
  if (!isRecord(value)) throw new Error('no object');
  return value;
}

function tokensOf(record: JsonRecord, depth = 0): JsonRecord | undefined {
  if (['refresh_token', 'refreshToken', 'access_token', 'accessToken'].some((name) => typeof record[name] === 'string'))
    return record;
  if (depth >= 2) return undefined;
  for (const value of Object.values(record)) {
    const found = isRecord(value) ? tokensOf(value, depth + 1) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Sign-in with an xAI account, as the Grok command line has it. */
export const xaiVendor: LoginVendor = {
  slot: 'xai',
  name: 'xAI',
  issuer: 'https://auth.x.ai',
  renewEarlyMs: 60_000,
  browser,
  device,
  file: grokFile,
  async renew(login, context) {
    const { token } = await discover(context);
    const { tokens } = await renewByForm(login, { what: WHAT, url: token, clientId: CLIENT_ID }, context);
    return tokens;
  },
  headers: bearer,
};
