import { signal } from '@preact/signals';
import type { Issue } from './config-types.ts';
import type { SessionAnswer } from './types.ts';

/** `unknown` until the first answer; `none`: the pairing page is shown. */
export const session = signal<'unknown' | 'none' | SessionAnswer>('unknown');

/** A refusal by the gateway, or that it did not answer (`code` "unreachable"). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly issues: readonly Issue[];
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, code: string, message: string, issues: readonly Issue[] = [], retryAfter?: number) {
    super(message);
    this.status = status;
    this.code = code;
    this.issues = issues;
    this.retryAfterSeconds = retryAfter;
  }
}

export function csrfHeaders(): Record<string, string> {
  const { value } = session;
  return typeof value === 'object' && value.csrf !== null ? { 'x-standin-csrf': value.csrf } : {};
}

interface Asked {
  readonly method?: 'GET' | 'POST';
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** One question to the gateway. Throws `ApiError`; a lost session leads to the pairing page. */
export async function ask<T>(path: string, { method = 'GET', body, signal: abort }: Asked = {}): Promise<T> {
  const init: RequestInit = { method, credentials: 'same-origin', headers: { accept: 'application/json' } };
  if (abort !== undefined) init.signal = abort;
  if (method === 'POST') {
    init.headers = { ...init.headers, 'content-type': 'application/json', ...csrfHeaders() };
    init.body = JSON.stringify(body ?? {});
  }
  let answer: Response;
  try {
    answer = await fetch(path, init);
  } catch (error) {
    if (abort?.aborted === true) throw error;
    throw new ApiError(0, 'unreachable', 'The gateway does not answer. Is it still running?');
  }
  if (answer.ok) return (await answer.json()) as T;
  throw await errorOf(answer);
}

export function post<T>(path: string, body: unknown = {}): Promise<T> {
  return ask<T>(path, { method: 'POST', body });
}

async function errorOf(answer: Response): Promise<ApiError> {
  let code = 'failed';
  let message = `The gateway answered with status ${answer.status}.`;
  let issues: readonly Issue[] = [];
  try {
    const { error } = (await answer.json()) as { error?: { code?: string; message?: string; issues?: Issue[] } };
    code = error?.code ?? code;
    message = error?.message ?? message;
    issues = error?.issues ?? issues;
  } catch {
    // Not from the gateway itself: the status has to do.
  }
  if (answer.status === 401 && code === 'session_required') session.value = 'none';
  const retryAfter = Number(answer.headers.get('retry-after') ?? Number.NaN);
  return new ApiError(answer.status, code, message, issues, Number.isFinite(retryAfter) ? retryAfter : undefined);
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
