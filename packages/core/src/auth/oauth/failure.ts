import { ProviderError, type ErrorKind } from '../../spec/errors.ts';
import type { Secret } from '../../spec/secret.ts';
import { createTextRedactor } from '../../vendors/classify/redact-text.ts';
import { refusalOf, type IdentityAnswer } from './http.ts';

/** Why a login gives no token, told apart because the next step differs. */
export type LoginTrouble =
  | 'missing' // nobody signed in under this name
  | 'expired' // signed in long ago: the server no longer renews it
  | 'revoked' // withdrawn at the vendor, or its renewal token was used up elsewhere
  | 'denied' // the person said no, or the account has no right to this
  | 'unreadable' // stored, but the file or its key is damaged
  | 'unsupported'; // the server or the vendor has no such way to sign in

/** The command that mends a login. */
export function loginCommand(provider: string, name?: string): string {
  const profile = name === undefined || name === 'default' ? '' : ` --profile ${name}`;
  return `standin auth login --provider ${provider}${profile}`;
}

/**
 * A login that is of no use until somebody acts: kind `auth`, no status, so that the walk does not try to renew it.
 * `rule` is `login:<trouble>`.
 */
export function loginError(trouble: LoginTrouble, message: string, next: string, code?: string): ProviderError {
  return new ProviderError({ kind: 'auth', rule: `login:${trouble}`, message: `${message}; ${next}`, code });
}

export function troubleOf(error: unknown): LoginTrouble | undefined {
  if (!ProviderError.is(error) || error.rule?.startsWith('login:') !== true) return undefined;
  const trouble = error.rule.slice('login:'.length);
  return trouble === 'unreachable' ? undefined : (trouble as LoginTrouble);
}

/** The identity server failed in a way that may pass: asked again by the walk like any vendor. */
export function unreachable(what: string, answer: IdentityAnswer, secrets?: readonly Secret[]): ProviderError {
  const { code } = refusalOf(answer);
  const kind: ErrorKind = answer.status === 429 ? 'rate-limit' : answer.status === 503 ? 'overloaded' : 'server';
  const detail = said(answer, secrets);
  return new ProviderError({
    kind,
    rule: 'login:unreachable',
    message: `${what} answered ${answer.status}${detail === '' ? '' : ` (${detail})`}; the login itself may be fine`,
    code,
  });
}

/** What the server said, short and without anything shaped like a token. */
export function said(answer: IdentityAnswer, secrets: readonly Secret[] = []): string {
  const { code, message } = refusalOf(answer);
  const text = [code, message].filter((part) => part !== undefined && part !== '').join(': ');
  return createTextRedactor(secrets)(text).replaceAll(/\s+/g, ' ').slice(0, 200);
}

const ENDED = /expired|too old|inactive/i;
const WITHDRAWN = /revoked|reused|invalidated|already.*used|invalid_grant|unauthorized_client|invalid_client/i;

/**
 * A refused renewal: a permanent refusal as a login error, anything else as a failure that may pass. OAuth answers 400
 * `invalid_grant` for a renewal token that ended (RFC 6749 §5.2), OpenAI 401 with its own codes.
 */
export function renewalRefused(
  what: string,
  answer: IdentityAnswer,
  next: string,
  secrets: readonly Secret[] = [],
): ProviderError {
  const { code, message } = refusalOf(answer);
  const text = `${code ?? ''} ${message ?? ''}`;
  const permanent = answer.status === 400 || answer.status === 401 || answer.status === 403;
  if (!permanent) return unreachable(what, answer, secrets);
  const detail = said(answer, secrets);
  const because = detail === '' ? `status ${answer.status}` : detail;
  if (ENDED.test(text))
    return loginError('expired', `the login has expired (${because})`, `sign in again: ${next}`, code);
  if (WITHDRAWN.test(text) || answer.status === 401)
    return loginError(
      'revoked',
      `the login was revoked or used up elsewhere (${because})`,
      `sign in again: ${next}`,
      code,
    );
  return unreachable(what, answer, secrets);
}
