import { randomUUID } from 'node:crypto';

import { ProviderError } from '../../spec/errors.ts';
import { Secret } from '../../spec/secret.ts';
import { deviceGrant } from '../oauth/device-grant.ts';
import { loginCommand, loginError, said, unreachable } from '../oauth/failure.ts';
import { bodyOf, getCall, numberField, textField } from '../oauth/http.ts';
import type { FlowContext, LoginDraft, LoginVendor, VendorContext } from '../oauth/login-vendor.ts';
import type { Login } from '../oauth/login.ts';
import { isRecord } from '../store/profile-json.ts';
import { initiatorOf } from './initiator.ts';

const GITHUB = 'https://github.com';
/** The published editor client; facts of protocols and headers from the Copilot Chat clients, read 2026-11. */
const CLIENT_ID = 'Iv1.b507a08c87ecfe98';
const EDITOR = {
  'editor-version': 'vscode/1.104.1',
  'editor-plugin-version': 'copilot-chat/0.31.0',
  'user-agent': 'GitHubCopilotChat/0.31.0',
  'x-github-api-version': '2025-04-01',
};

/** The API lies on its own host at github.com, below the same host at an enterprise server or a stand-in. */
function apiOf(issuer: string): string {
  if (issuer === GITHUB) return 'https://api.github.com';
  const url = new URL(issuer);
  return url.hostname.endsWith('.ghe.com') ? `${url.protocol}//api.${url.host}` : issuer;
}

/**
 * GitHub Copilot: GitHub's own token (kept as the renewal token) buys a Copilot token of about half an hour. A token of
 * GitHub's that was withdrawn is 401, an account without Copilot 403 or 404.
 */
export const copilotVendor: LoginVendor = {
  slot: 'copilot',
  name: 'GitHub Copilot',
  issuer: GITHUB,
  renewEarlyMs: 180_000,
  async device(context: FlowContext): Promise<LoginDraft> {
    const { issuer } = context;
    const body = await deviceGrant(
      {
        what: 'GitHub',
        codeUrl: `${issuer}/login/device/code`,
        tokenUrl: `${issuer}/login/oauth/access_token`,
        clientId: CLIENT_ID,
        scope: 'read:user',
        headers: EDITOR,
      },
      context,
    );
    const refresh = new Secret(textField(body, 'access_token') ?? '');
    // Asked at once, so that an account without Copilot hears it while somebody is looking.
    return { kind: 'oauth', metadata: {}, refresh, ...(await exchange(refresh, context, loginCommand('copilot'))) };
  },
  renew(login, context) {
    const next = loginCommand(login.provider, login.name);
    if (login.refresh === undefined) throw loginError('missing', 'GitHub’s token is not there', `run: ${next}`);
    return exchange(login.refresh, context, next);
  },
  headers(login, call) {
    const { initiator, vision } = initiatorOf(call.body);
    return {
      authorization: `Bearer ${login.access?.reveal() ?? ''}`,
      'x-github-api-version': EDITOR['x-github-api-version'],
      'x-request-id': randomUUID(),
      'x-initiator': initiator,
      ...(vision ? { 'copilot-vision-request': 'true' } : {}),
    };
  },
  base: (login) => login.metadata['api'],
};

async function exchange(github: Secret, context: VendorContext, next: string): Promise<Partial<Login>> {
  const url = `${apiOf(context.issuer)}/copilot_internal/v2/token`;
  const headers = { authorization: `token ${github.reveal()}`, ...EDITOR };
  const answer = await context.http({ ...getCall(url, headers), signal: context.signal });
  const detail = said(answer, [github]);
  const because = detail === '' ? `status ${answer.status}` : detail;
  if (answer.status === 401) throw loginError('revoked', `GitHub withdrew the login (${because})`, `run: ${next}`);
  if (answer.status === 403 || answer.status === 404)
    throw loginError(
      'denied',
      `this GitHub account has no Copilot (${because})`,
      `subscribe at github.com/settings/copilot, or sign in with another account: ${next}`,
    );
  if (answer.status < 200 || answer.status >= 300) throw unreachable('GitHub', answer, [github]);
  const body = bodyOf(answer);
  const token = textField(body, 'token');
  if (token === undefined) {
    const message = 'GitHub answered without a Copilot token; its protocol may have changed';
    throw new ProviderError({ kind: 'protocol', rule: 'login:unreachable', message });
  }
  return { access: new Secret(token), expiresAt: endOf(body, token, context.clock.wallMs()), metadata: apiIn(body) };
}

/** `expires_at`, else the `exp=` inside the token, else `refresh_in`; half an hour as GitHub has it otherwise. */
function endOf(body: Readonly<Record<string, unknown>>, token: string, wallMs: number): number {
  const stated = numberField(body, 'expires_at') ?? Number(/(?:^|;)exp=(\d+)/.exec(token)?.[1] ?? Number.NaN);
  if (Number.isFinite(stated) && stated > 0) return stated * 1000;
  const seconds = numberField(body, 'refresh_in');
  return wallMs + (seconds === undefined ? 1_800_000 : (seconds + 300) * 1000);
}

function apiIn(body: Readonly<Record<string, unknown>>): Record<string, string> {
  const endpoints = isRecord(body['endpoints']) ? body['endpoints'] : {};
  const api = textField(endpoints, 'api')?.replace(/\/+$/, '');
  return api === undefined || !/^https?:\/\//.test(api) ? {} : { api };
}

/** A token GitHub itself gave, as opposed to a Copilot token (`tid=…;exp=…`). */
export function isGithubToken(value: string): boolean {
  return /^(?:gh[pousr]_|github_pat_)/.test(value);
}
