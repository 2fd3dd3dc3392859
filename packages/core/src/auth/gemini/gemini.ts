import { join } from 'node:path';
import { homedir } from 'node:os';

import { ProviderError } from '../../spec/errors.ts';
import { Secret } from '../../spec/secret.ts';
import { loginError, renewalRefused } from '../oauth/failure.ts';
import { bearer, oauthTokens, renewByForm } from '../oauth/form-renewal.ts';
import { bodyOf, formCall, textField } from '../oauth/http.ts';
import { claimsOf } from '../oauth/jwt.ts';
import { startCallbackServer } from '../oauth/callback-server.ts';
import { homeOf, type FlowContext, type LoginDraft, type LoginFile, type LoginVendor } from '../oauth/login-vendor.ts';
import { createPkce, createState } from '../oauth/pkce.ts';
import { isRecord, timeOf } from '../store/profile-json.ts';

const WHAT = 'Google’s identity server';
const CALLBACK = { port: 1456, path: '/auth/callback', host: 'localhost' } as const;
const SCOPE = 'openid email https://www.googleapis.com/auth/cloud-platform';
const AUTHORIZE = 'https://accounts.google.com/o/oauth2/v2/auth';

/** `~/.gemini/oauth_creds.json` of Gemini CLI; `expiry_date` is in milliseconds (github.com/google-gemini/gemini-cli, read 2026-11). */
const geminiFile: LoginFile = {
  program: 'Gemini CLI',
  paths: (env) => {
    const folder = join(homeOf(env, homedir()), '.gemini');
    return ['oauth_creds.json', 'oauth_credentials.json'].map((name) => join(folder, name));
  },
  parse(text) {
    const root: unknown = JSON.parse(text);
    if (!isRecord(root)) throw new Error('no object');
    const access = textField(root, 'access_token');
    const refresh = textField(root, 'refresh_token');
    if (access === undefined && refresh === undefined) return undefined;
    const id = textField(root, 'id_token');
    const idToken = id === undefined ? undefined : new Secret(id);
    const clientId = textField(root, 'client_id') ?? clientOf(idToken);
    const metadata: Record<string, string> = {};
    if (clientId !== undefined) metadata['client_id'] = clientId;
    return {
      kind: 'oauth',
      access: access === undefined ? undefined : new Secret(access),
      refresh: refresh === undefined ? undefined : new Secret(refresh),
      idToken,
      expiresAt: timeOf(root['expiry_date'] ?? root['expiry']),
      tokenType: textField(root, 'token_type'),
      scope: textField(root, 'scope'),
      metadata,
    } satisfies LoginDraft;
  },
  merge(text, login) {
    const before: unknown = text.trim() === '' ? {} : JSON.parse(text);
    const root = isRecord(before) ? before : {};
    const isText = typeof root['expiry'] === 'string' && root['expiry_date'] === undefined;
    const end = login.expiresAt;
    const given = {
      access_token: login.access?.reveal(),
      refresh_token: login.refresh?.reveal(),
      id_token: login.idToken?.reveal(),
      ...(end === undefined ? {} : isText ? { expiry: new Date(end).toISOString() } : { expiry_date: end }),
    };
    const fields = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    return `${JSON.stringify({ ...root, ...fields }, null, 2)}\n`;
  },
};

/** The app the tokens were made for, from the id token. */
function clientOf(idToken: Secret | undefined): string | undefined {
  const claims = claimsOf(idToken);
  return textField(claims, 'azp', 'aud');
}

/** Google's login; the app registration is the operator's (`oauth_client_id`, `oauth_client_secret`). */
export const geminiVendor: LoginVendor = {
  slot: 'gemini',
  name: 'Google Gemini',
  issuer: 'https://oauth2.googleapis.com',
  renewEarlyMs: 60_000,
  file: geminiFile,
  async browser(context: FlowContext): Promise<LoginDraft> {
    const { http, clock, issuer, screen, signal, clientId, clientSecret } = context;
    if (clientId === undefined)
      throw loginError(
        'unsupported',
        'Google wants an app registration of your own',
        'give --client-id and --client-secret, or sign in with Gemini CLI and run "standin auth import --provider gemini"',
      );
    const pkce = createPkce();
    const state = createState();
    const server = await startCallbackServer({
      ...CALLBACK,
      port: context.callbackPort ?? CALLBACK.port,
      state,
      signal,
    });
    try {
      const query = new URLSearchParams({
        response_type: 'code',
        client_id: clientId,
        redirect_uri: server.redirectUri,
        scope: SCOPE,
        access_type: 'offline',
        prompt: 'consent',
        code_challenge: pkce.challenge,
        code_challenge_method: 'S256',
        state,
      });
      const authorize = issuer === geminiVendor.issuer ? AUTHORIZE : `${issuer}/o/oauth2/v2/auth`;
      const url = `${authorize}?${query.toString()}`;
      screen.browser({ url, listening: server.redirectUri });
      await context.open?.(url);
      const fields = {
        grant_type: 'authorization_code',
        code: await server.code,
        redirect_uri: server.redirectUri,
        client_id: clientId,
        client_secret: clientSecret,
        code_verifier: pkce.verifier,
      };
      const answer = await http({ ...formCall(`${issuer}/token`, fields), signal });
      if (answer.status !== 200) throw renewalRefused(WHAT, answer, 'start the sign-in again');
      return { kind: 'oauth', ...oauthTokens(bodyOf(answer), clock.wallMs()), metadata: { client_id: clientId } };
    } finally {
      server.close();
    }
  },
  async renew(login, context) {
    const clientId = login.metadata['client_id'];
    if (clientId === undefined)
      throw loginError(
        'unsupported',
        'the login says not for which app it was made',
        'set oauth_client_id and oauth_client_secret',
      );
    const renewal = { what: WHAT, url: `${context.issuer}/token`, clientId, clientSecret: context.clientSecret };
    try {
      return (await renewByForm(login, renewal, context)).tokens;
    } catch (error) {
      const isApp = ProviderError.is(error) && /^invalid_(?:request|client)$/.test(error.code ?? '');
      if (!isApp || context.clientSecret !== undefined) throw error;
      const next = 'set oauth_client_secret in the entry, or GEMINI_OAUTH_CLIENT_SECRET';
      throw loginError('unsupported', `${WHAT} wants the secret of the app the login was made for`, next, error.code);
    }
  },
  headers: bearer,
};
