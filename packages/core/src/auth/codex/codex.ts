import { randomUUID } from 'node:crypto';

import { loginCommand, loginError, renewalRefused } from '../oauth/failure.ts';
import { bodyOf, jsonCall } from '../oauth/http.ts';
import type { LoginVendor } from '../oauth/login-vendor.ts';
import { RENEW_EARLY_MS } from '../oauth/login.ts';
import { timeOf } from '../store/profile-json.ts';
import { codexFile } from './auth-file.ts';
import { codexBrowser, codexDevice } from './sign-in.ts';
import { CODEX_CLIENT_ID, CODEX_ISSUER, tokensIn } from './tokens.ts';

/** The Codex CLI renews a login that was not renewed for eight days (codex-rs/login, read 2026-11). */
const DUE_MS = 8 * 24 * 3_600_000;
const SESSION_ID = randomUUID();

/** Sign-in with a ChatGPT account, as the Codex CLI has it. */
export const codexVendor: LoginVendor = {
  slot: 'openai-codex',
  name: 'OpenAI Codex',
  issuer: CODEX_ISSUER,
  renewEarlyMs: RENEW_EARLY_MS,
  device: codexDevice,
  browser: codexBrowser,
  file: codexFile,
  isDue(login, wallMs) {
    const last = timeOf(login.metadata['last_refresh']);
    return last !== undefined && login.refresh !== undefined && wallMs - last > DUE_MS;
  },
  async renew(login, { http, clock, issuer, signal }) {
    const next = loginCommand(login.provider, login.name);
    if (login.refresh === undefined)
      throw loginError('expired', 'the token has expired and cannot be renewed', `run: ${next}`);
    const answer = await http({
      ...jsonCall(`${issuer}/oauth/token`, {
        client_id: CODEX_CLIENT_ID,
        grant_type: 'refresh_token',
        refresh_token: login.refresh.reveal(),
        scope: 'openid profile email',
      }),
      signal,
    });
    const known = [login.refresh, login.access, login.idToken].filter((secret) => secret !== undefined);
    if (answer.status < 200 || answer.status >= 300)
      throw renewalRefused('OpenAI’s identity server', answer, next, known);
    return tokensIn(bodyOf(answer), clock.wallMs());
  },
  headers(login, call) {
    return {
      authorization: `Bearer ${login.access?.reveal() ?? ''}`,
      ...(login.accountId === undefined ? {} : { 'chatgpt-account-id': login.accountId }),
      accept: 'text/event-stream',
      session_id: call.headers['session_id'] ?? SESSION_ID,
      'x-client-request-id': randomUUID(),
    };
  },
};
