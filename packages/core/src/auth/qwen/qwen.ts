import { join } from 'node:path';
import { homedir } from 'node:os';

import { Secret } from '../../spec/secret.ts';
import { deviceGrant } from '../oauth/device-grant.ts';
import { bearer, oauthTokens, renewByForm } from '../oauth/form-renewal.ts';
import { textField } from '../oauth/http.ts';
import { homeOf, type FlowContext, type LoginDraft, type LoginFile, type LoginVendor } from '../oauth/login-vendor.ts';
import { createPkce } from '../oauth/pkce.ts';
import { isRecord, timeOf } from '../store/profile-json.ts';

/** The published client of Qwen Code (github.com/QwenLM/qwen-code, read 2026-11). */
const CLIENT_ID = 'f0304373b74a44d2b584a3fb70ca9e56';
const API = '/api/v1/oauth2';

/** `~/.qwen/oauth_creds.json`, shared with Qwen Code; renewal tokens rotate, so what is renewed must be written back. */
const qwenFile: LoginFile = {
  program: 'Qwen Code',
  paths: (env) => [join(homeOf(env, homedir()), '.qwen', 'oauth_creds.json')],
  parse(text) {
    const root: unknown = JSON.parse(text);
    if (!isRecord(root)) throw new Error('no object');
    const access = textField(root, 'access_token');
    const refresh = textField(root, 'refresh_token');
    if (access === undefined && refresh === undefined) return undefined;
    return {
      kind: 'oauth',
      access: access === undefined ? undefined : new Secret(access),
      refresh: refresh === undefined ? undefined : new Secret(refresh),
      expiresAt: timeOf(root['expiry_date']),
      tokenType: textField(root, 'token_type'),
      metadata: resourceIn(root),
    } satisfies LoginDraft;
  },
  merge(text, login) {
    const before: unknown = text.trim() === '' ? {} : JSON.parse(text);
    const given = {
      access_token: login.access?.reveal(),
      refresh_token: login.refresh?.reveal(),
      expiry_date: login.expiresAt,
      resource_url: login.metadata['resource_url'],
    };
    const fields = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    return `${JSON.stringify({ ...(isRecord(before) ? before : {}), ...fields }, null, 2)}\n`;
  },
};

/** Qwen's free login (`chat.qwen.ai`); the answer says at which address it may be used. */
export const qwenVendor: LoginVendor = {
  slot: 'qwen',
  name: 'Qwen',
  issuer: 'https://chat.qwen.ai',
  renewEarlyMs: 30_000,
  file: qwenFile,
  async device(context: FlowContext): Promise<LoginDraft> {
    const pkce = createPkce();
    const body = await deviceGrant(
      {
        what: 'Qwen',
        codeUrl: `${context.issuer}${API}/device/code`,
        tokenUrl: `${context.issuer}${API}/token`,
        clientId: CLIENT_ID,
        scope: 'openid profile email model.completion',
        extra: { code_challenge: pkce.challenge, code_challenge_method: 'S256' },
        tokenExtra: { code_verifier: pkce.verifier },
      },
      context,
    );
    return { kind: 'oauth', ...oauthTokens(body, context.clock.wallMs()), metadata: resourceIn(body) };
  },
  async renew(login, context) {
    const clientId = login.metadata['client_id'] ?? CLIENT_ID;
    const renewal = { what: 'Qwen’s identity server', url: `${context.issuer}${API}/token`, clientId };
    const { tokens, body } = await renewByForm(login, renewal, context);
    return { ...tokens, metadata: resourceIn(body) };
  },
  headers: bearer,
  base: (login) => baseOf(login.metadata['resource_url']),
};

function resourceIn(body: Readonly<Record<string, unknown>>): Record<string, string> {
  const resource = textField(body, 'resource_url');
  return resource === undefined ? {} : { resource_url: resource };
}

/** `portal.qwen.ai` → `https://portal.qwen.ai/v1`. */
function baseOf(resource: string | undefined): string | undefined {
  if (resource === undefined || resource.trim() === '') return undefined;
  const trimmed = resource.trim().replace(/\/+$/, '');
  const url = /^https?:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`;
  return url.endsWith('/v1') ? url : `${url}/v1`;
}
