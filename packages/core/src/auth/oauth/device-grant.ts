import { ProviderError } from '../../spec/errors.ts';
import { loginError, said, unreachable } from './failure.ts';
import { bodyOf, formCall, numberField, refusalOf, textField, type IdentityAnswer } from './http.ts';
import type { FlowContext } from './login-vendor.ts';
import { sleep } from './wait.ts';

export interface DeviceGrant {
  /** For messages: `GitHub`. */
  readonly what: string;
  readonly codeUrl: string;
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly scope: string;
  readonly extra?: Readonly<Record<string, string>>;
  /** Further fields of the token calls (`client_secret`, PKCE's `code_verifier`). */
  readonly tokenExtra?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const DEFAULT_EXPIRY_S = 900;
const DEFAULT_INTERVAL_S = 5;
/** RFC 8628 §3.5. */
const SLOW_DOWN_MS = 5_000;

/**
 * The device flow of RFC 8628, also as GitHub does it: errors of the poll come with status 200 or 400. Resolves with the
 * token answer's body. Rejects with kind `auth` when the person declined or the code ran out.
 */
export async function deviceGrant(
  grant: DeviceGrant,
  context: FlowContext,
): Promise<Readonly<Record<string, unknown>>> {
  const { http, clock, screen, signal } = context;
  const fields = { client_id: grant.clientId, scope: grant.scope, ...grant.extra };
  const begun = await http({ ...formCall(grant.codeUrl, fields, grant.headers), signal });
  if (begun.status < 200 || begun.status >= 300) throw notBegun(grant, begun);
  const start = bodyOf(begun);
  const deviceCode = textField(start, 'device_code');
  const code = textField(start, 'user_code');
  const url = textField(start, 'verification_uri', 'verification_url');
  if (deviceCode === undefined || code === undefined || url === undefined) throw notBegun(grant, begun);
  const expiryMs = (numberField(start, 'expires_in') ?? DEFAULT_EXPIRY_S) * 1000;
  const until = clock.now() + expiryMs;
  const direct = textField(start, 'verification_uri_complete');
  screen.device({ url, code, minutes: Math.round(expiryMs / 60_000), ...(direct === undefined ? {} : { direct }) });
  let intervalMs = Math.max(1, numberField(start, 'interval') ?? DEFAULT_INTERVAL_S) * 1000;
  const poll = { client_id: grant.clientId, device_code: deviceCode, grant_type: GRANT, ...grant.tokenExtra };
  while (clock.now() + intervalMs <= until) {
    await sleep(clock, intervalMs, signal);
    const answer = await ask(context, formCall(grant.tokenUrl, poll, grant.headers));
    const body = answer === undefined ? {} : bodyOf(answer);
    if (textField(body, 'access_token') !== undefined) return body;
    const verdict = answer === undefined ? 'pending' : verdictOf(grant, answer);
    if (typeof verdict !== 'string') throw verdict;
    // GitHub states the new interval; the RFC says five seconds more.
    if (verdict === 'slow_down')
      intervalMs = Math.max(intervalMs + SLOW_DOWN_MS, (numberField(body, 'interval') ?? 0) * 1000);
    screen.waiting?.();
  }
  throw expired();
}

const expired = (): ProviderError =>
  loginError('expired', 'the code ran out before it was entered', 'start the sign-in again');

function notBegun({ what }: DeviceGrant, answer: IdentityAnswer): ProviderError {
  if (answer.status === 429 || answer.status >= 500) return unreachable(what, answer);
  const detail = said(answer) || `status ${answer.status}`;
  return loginError('unsupported', `${what} has no device-code sign-in for this client (${detail})`, 'try --browser');
}

function verdictOf({ what }: DeviceGrant, answer: IdentityAnswer): 'pending' | 'slow_down' | ProviderError {
  const { code } = refusalOf(answer);
  switch (code) {
    case 'authorization_pending':
      return 'pending';
    case 'slow_down':
      return 'slow_down';
    case 'expired_token':
    case 'token_expired':
      return expired();
    case 'access_denied':
      return loginError('denied', 'the sign-in was declined', 'start it again to try once more', code);
    default:
  }
  if (answer.status === 429) return 'slow_down';
  if (answer.status >= 500) return 'pending';
  return loginError('denied', `${what} refused the sign-in (${said(answer) || answer.status})`, 'start it again', code);
}

/** A connection lost between two polls is not the end; a cancelled wait is. */
async function ask(
  { http, signal }: FlowContext,
  call: ReturnType<typeof formCall>,
): Promise<IdentityAnswer | undefined> {
  try {
    return await http({ ...call, signal });
  } catch (error) {
    if (ProviderError.is(error) && (error.kind === 'network' || error.kind === 'timeout')) return undefined;
    throw error;
  }
}
