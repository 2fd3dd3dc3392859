import { Secret } from '../../spec/secret.ts';
import { ProviderError } from '../../spec/errors.ts';
import { loginCommand, loginError, renewalRefused } from './failure.ts';
import { bodyOf, formCall, numberField, textField } from './http.ts';
import { expiryOf } from './jwt.ts';
import type { VendorContext } from './login-vendor.ts';
import type { Login } from './login.ts';

/** Tokens of an OAuth answer (RFC 6749 §5.1); what it leaves out is `undefined`. */
export function oauthTokens(body: Readonly<Record<string, unknown>>, wallMs: number): Partial<Login> {
  const secret = (name: string): Secret | undefined => {
    const value = textField(body, name);
    return value === undefined ? undefined : new Secret(value);
  };
  const access = secret('access_token');
  const seconds = numberField(body, 'expires_in', 'expired_in');
  return {
    access,
    refresh: secret('refresh_token'),
    idToken: secret('id_token'),
    expiresAt: seconds === undefined ? expiryOf(access) : wallMs + seconds * 1000,
    tokenType: textField(body, 'token_type'),
    scope: textField(body, 'scope'),
  };
}

export interface FormRenewal {
  readonly what: string;
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  /** Some servers refuse with status 200; a text is why. */
  readonly refusedBy?: (body: Readonly<Record<string, unknown>>) => string | undefined;
}

/** The refresh grant of RFC 6749 §6, as a form. */
export async function renewByForm(login: Login, renewal: FormRenewal, context: VendorContext) {
  const next = loginCommand(login.provider, login.name);
  if (login.refresh === undefined)
    throw loginError('expired', 'the token has expired and cannot be renewed', `run: ${next}`);
  const fields = {
    grant_type: 'refresh_token',
    refresh_token: login.refresh.reveal(),
    client_id: renewal.clientId,
    client_secret: renewal.clientSecret,
  };
  const answer = await context.http({ ...formCall(renewal.url, fields), signal: context.signal });
  const known = [login.refresh, login.access].filter((secret) => secret !== undefined);
  if (answer.status < 200 || answer.status >= 300) throw renewalRefused(renewal.what, answer, next, known);
  const body = bodyOf(answer);
  const refused = renewal.refusedBy?.(body);
  if (refused !== undefined)
    throw renewalRefused(
      renewal.what,
      { ...answer, status: 401, text: JSON.stringify({ error: refused }) },
      next,
      known,
    );
  const tokens = oauthTokens(body, context.clock.wallMs());
  if (tokens.access === undefined) {
    const message = `${renewal.what} answered without an access token`;
    throw new ProviderError({ kind: 'protocol', rule: 'login:unreachable', message });
  }
  return { tokens, body };
}

export const bearer = (login: Login): Readonly<Record<string, string>> => ({
  authorization: `Bearer ${login.access?.reveal() ?? ''}`,
});
