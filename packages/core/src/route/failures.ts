import { ProviderError, RequestError, type ErrorDetails, type ErrorKind, type ErrorPhase } from '../spec/errors.ts';
import type { TransportError } from '../transport/transport.ts';
import { classifyTransportError } from '../vendors/classify/transport.ts';
import type { TimeoutCause, WatchLimits } from './watch.ts';

/** What is learnt about an attempt while it runs, for its record. */
export interface AttemptFacts {
  url?: string;
  status?: number;
  requestId?: string;
  bytes?: number;
  /** Vendor attempts that a Standin behind this target made for this one attempt. */
  attempts?: number;
  lost: readonly string[];
}

const LOST_AFTER: Readonly<Record<string, ErrorKind>> = { network: 'truncated', protocol: 'truncated' };

/** A failure below HTTP. Once content was delivered, a lost connection is a cut answer. */
export function fromTransport(error: TransportError, sawContent: boolean): ErrorDetails {
  const { kind, rule } = classifyTransportError(error.code, error.phase);
  return {
    kind: sawContent ? (LOST_AFTER[kind] ?? kind) : kind,
    message: error.message,
    code: error.code,
    phase: error.phase === 'content' && !sawContent ? 'first-content' : error.phase,
    rule,
    cause: error,
  };
}

export function timedOut(cause: TimeoutCause, limits: WatchLimits & { readonly connectMs: number }): ErrorDetails {
  const seconds = (ms: number) => `${Math.round(ms / 100) / 10} s`;
  const { minCharsPerSecond, throughputWindowMs = 0 } = limits;
  const say: Record<TimeoutCause, string> = {
    connect: `No connection within ${seconds(limits.firstContentMs)}.`,
    headers: `No answer within ${seconds(limits.firstContentMs)}.`,
    'first-content': `The answer began but no content came within ${seconds(limits.firstContentMs)}.`,
    content: `The answer fell silent for ${seconds(limits.idleMs)}.`,
    total: `The attempt took longer than ${seconds(limits.totalMs)}.`,
    'too-slow': `The answer dripped: fewer than ${minCharsPerSecond} characters a second over ${seconds(throughputWindowMs)}.`,
  };
  const phase = cause === 'too-slow' ? 'content' : cause;
  return { kind: 'timeout', message: say[cause], phase, rule: `timeout:${cause}` };
}

/** The request could not be written for this target. */
export function notStarted(error: unknown): ErrorDetails {
  if (error instanceof RequestError) {
    return { kind: 'invalid-request', message: error.message, parameter: error.param, status: error.status };
  }
  return fromUnknown(error, 'connect');
}

const STATUS_KINDS: Readonly<Record<number, ErrorKind>> = {
  400: 'invalid-request',
  401: 'auth',
  402: 'quota',
  403: 'permission',
  404: 'model-not-found',
  413: 'request-too-large',
  422: 'invalid-request',
  429: 'rate-limit',
  503: 'overloaded',
  529: 'overloaded',
};

/** Any thrown thing as a typed failure; a hand-written provider's plain error counts as its server's. */
export function fromUnknown(error: unknown, phase: ErrorPhase): ErrorDetails {
  if (ProviderError.is(error)) return { ...error.toJSON(), phase: error.phase ?? phase, cause: error };
  const { message, name, status, code } = Object(error) as {
    message?: unknown;
    name?: unknown;
    status?: unknown;
    code?: unknown;
  };
  const text = typeof message === 'string' && message !== '' ? message : String(error);
  if (name === 'AbortError') return { kind: 'cancelled', message: text, phase, cause: error };
  if (typeof status === 'number') {
    return {
      kind: STATUS_KINDS[status] ?? (status >= 400 && status < 500 ? 'invalid-request' : 'server'),
      status,
      message: text,
      phase,
      cause: error,
    };
  }
  if (typeof code === 'string' && /^E[A-Z]+$/.test(code))
    return { kind: 'network', code, message: text, phase, cause: error };
  return { kind: 'server', message: text, phase, rule: 'thrown', cause: error };
}
