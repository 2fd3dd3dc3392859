import { ProviderError } from '../../spec/errors.ts';
import { startCallbackServer } from '../oauth/callback-server.ts';
import { loginError, renewalRefused, said, unreachable } from '../oauth/failure.ts';
import { bodyOf, formCall, jsonCall, numberField, textField, type IdentityAnswer } from '../oauth/http.ts';
import type { FlowContext, LoginDraft } from '../oauth/login-vendor.ts';
import { createPkce, createState } from '../oauth/pkce.ts';
import { sleep } from '../oauth/wait.ts';
import { CODEX_CLIENT_ID, tokensIn } from './tokens.ts';

const WHAT = 'OpenAI’s identity server';
const SCOPE = 'openid profile email offline_access';
const DEVICE_LIMIT_MS = 15 * 60_000;
const DEFAULT_INTERVAL_S = 5;
const CALLBACK = { port: 1455, path: '/auth/callback', host: 'localhost' } as const;

/**
 * The device code as the Codex CLI does it (codex-rs/login, read 2026-11): not RFC 8628 but OpenAI's own calls, in which
 * the server makes the PKCE pair and 403 or 404 mean that the person has not answered yet.
 */
export async function codexDevice(context: FlowContext): Promise<LoginDraft> {
  const { http, clock, issuer, screen, signal } = context;
  const api = `${issuer}/api/accounts/deviceauth`;
  const begun = await http({ ...jsonCall(`${api}/usercode`, { client_id: CODEX_CLIENT_ID }), signal });
  if (begun.status === 404) {
    const message = 'this account or server has no device-code sign-in';
    throw loginError('unsupported', message, 'use the browser: standin auth login --provider openai-codex --browser');
  }
  const start = bodyOf(expectOk(begun));
  const id = textField(start, 'device_auth_id');
  const code = textField(start, 'user_code', 'usercode');
  if (id === undefined || code === undefined) throw incomplete('the device code');
  const intervalMs = Math.max(1, numberField(start, 'interval') ?? DEFAULT_INTERVAL_S) * 1000;
  const until = clock.now() + DEVICE_LIMIT_MS;
  screen.device({ url: `${issuer}/codex/device`, code, minutes: DEVICE_LIMIT_MS / 60_000 });
  let waitMs = intervalMs;
  while (clock.now() + waitMs <= until) {
    await sleep(clock, waitMs, signal);
    const answer = await poll(context, `${api}/token`, { device_auth_id: id, user_code: code });
    if (answer !== undefined && answer.status < 300) return exchangeDevice(context, bodyOf(answer));
    // An outage or a 429 in the middle is no reason to start over: asked again, less often.
    waitMs = answer === undefined || answer.status === 429 || answer.status >= 500 ? waitMs + 1000 : intervalMs;
    if (answer !== undefined && !isPending(answer)) throw refusedPoll(answer);
    screen.waiting?.();
  }
  throw loginError('expired', 'the code was not entered within 15 minutes', 'start the sign-in again');
}

const isPending = ({ status }: IdentityAnswer): boolean =>
  status === 403 || status === 404 || status === 429 || status >= 500;

function refusedPoll(answer: IdentityAnswer): ProviderError {
  return loginError('denied', `the sign-in was refused (${said(answer) || answer.status})`, 'start it again');
}

/** A connection lost between two polls is not the end; a cancelled wait is. */
async function poll(
  { http, signal }: FlowContext,
  url: string,
  body: { readonly device_auth_id: string; readonly user_code: string },
): Promise<IdentityAnswer | undefined> {
  try {
    return await http({ ...jsonCall(url, body), signal });
  } catch (error) {
    if (ProviderError.is(error) && (error.kind === 'network' || error.kind === 'timeout')) return undefined;
    throw error;
  }
}

function exchangeDevice(context: FlowContext, body: Readonly<Record<string, unknown>>): Promise<LoginDraft> {
  const code = textField(body, 'authorization_code');
  const verifier = textField(body, 'code_verifier');
  if (code === undefined || verifier === undefined) throw incomplete('the authorization code');
  return exchange(context, code, verifier, `${context.issuer}/deviceauth/callback`);
}

/** The browser: PKCE with a callback to this machine, on the port registered for the client. */
export async function codexBrowser(context: FlowContext): Promise<LoginDraft> {
  const { issuer, screen, signal } = context;
  const pkce = createPkce();
  const state = createState();
  const server = await startCallbackServer({ ...CALLBACK, port: context.callbackPort ?? CALLBACK.port, state, signal });
  try {
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: CODEX_CLIENT_ID,
      redirect_uri: server.redirectUri,
      scope: SCOPE,
      code_challenge: pkce.challenge,
      code_challenge_method: 'S256',
      id_token_add_organizations: 'true',
      codex_cli_simplified_flow: 'true',
      state,
      originator: 'standin',
    });
    const url = `${issuer}/oauth/authorize?${query.toString()}`;
    screen.browser({ url, listening: server.redirectUri });
    await context.open?.(url);
    return await exchange(context, await server.code, pkce.verifier, server.redirectUri);
  } finally {
    server.close();
  }
}

async function exchange(
  { http, clock, issuer, signal }: FlowContext,
  code: string,
  verifier: string,
  redirectUri: string,
): Promise<LoginDraft> {
  const fields = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    client_id: CODEX_CLIENT_ID,
    code_verifier: verifier,
  };
  const answer = expectOk(await http({ ...formCall(`${issuer}/oauth/token`, fields), signal }));
  const tokens = tokensIn(bodyOf(answer), clock.wallMs());
  if (tokens.access === undefined) throw incomplete('the tokens');
  return { kind: 'oauth', metadata: {}, ...tokens };
}

function expectOk(answer: IdentityAnswer): IdentityAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer;
  if (answer.status >= 500 || answer.status === 429) throw unreachable(WHAT, answer);
  throw renewalRefused(WHAT, answer, 'start the sign-in again');
}

function incomplete(what: string): ProviderError {
  const message = `${WHAT} answered without ${what}; its protocol may have changed`;
  return new ProviderError({ kind: 'protocol', rule: 'login:unreachable', message });
}
