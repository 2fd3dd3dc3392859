import { Secret } from '../../spec/secret.ts';
import { textField } from '../oauth/http.ts';
import { claimsOf, emailOf, expiryOf } from '../oauth/jwt.ts';
import type { Login } from '../oauth/login.ts';

/** Facts of the published client: github.com/openai/codex, codex-rs/login, read 2026-11. */
export const CODEX_CLIENT_ID = 'app_EMoamEEZ73f0CkXaXp7hrann';
export const CODEX_ISSUER = 'https://auth.openai.com';

const AUTH_CLAIM = 'https://api.openai.com/auth';

/** The ChatGPT account behind a token, `chatgpt_account_id`, nested as OpenAI writes it or flat. */
export function accountIdOf(...tokens: readonly (Secret | undefined)[]): string | undefined {
  for (const token of tokens) {
    const claims = claimsOf(token);
    const nested = claims[AUTH_CLAIM];
    const own = typeof nested === 'object' && nested !== null ? (nested as Record<string, unknown>) : {};
    const id = textField(own, 'chatgpt_account_id') ?? textField(claims, 'chatgpt_account_id');
    if (id !== undefined) return id;
  }
  return undefined;
}

export function planOf(...tokens: readonly (Secret | undefined)[]): string | undefined {
  for (const token of tokens) {
    const nested = claimsOf(token)[AUTH_CLAIM];
    if (typeof nested !== 'object' || nested === null) continue;
    const plan = textField(nested as Record<string, unknown>, 'chatgpt_plan_type');
    if (plan !== undefined) return plan;
  }
  return undefined;
}

/** Tokens of an answer of `/oauth/token`; each of them may be missing. */
export function tokensIn(body: Readonly<Record<string, unknown>>, wallMs: number): Partial<Login> {
  const secret = (name: string): Secret | undefined => {
    const value = textField(body, name);
    return value === undefined ? undefined : new Secret(value);
  };
  const access = secret('access_token');
  const idToken = secret('id_token');
  const seconds = body['expires_in'];
  const stated = typeof seconds === 'number' && access !== undefined ? wallMs + seconds * 1000 : undefined;
  return {
    access,
    idToken,
    refresh: secret('refresh_token'),
    expiresAt: expiryOf(access) ?? stated,
    accountId: accountIdOf(idToken, access),
    metadata: facts(idToken, access, wallMs),
  };
}

function facts(idToken: Secret | undefined, access: Secret | undefined, wallMs: number): Record<string, string> {
  const email = emailOf(idToken);
  const plan = planOf(idToken, access);
  return {
    ...(email === undefined ? {} : { email }),
    ...(plan === undefined ? {} : { plan }),
    last_refresh: new Date(wallMs).toISOString(),
  };
}
