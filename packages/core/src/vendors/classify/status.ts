import type { ErrorKind } from '../../spec/errors.ts';

/** What a bare HTTP status means when nothing in the answer says more. */
const STATUS_KINDS: Readonly<Record<number, ErrorKind>> = {
  401: 'auth',
  402: 'quota',
  403: 'permission',
  404: 'model-not-found',
  407: 'config',
  408: 'server',
  409: 'server',
  410: 'model-not-found',
  413: 'request-too-large',
  421: 'network',
  423: 'server',
  424: 'server',
  425: 'server',
  429: 'rate-limit',
  451: 'permission',
  498: 'overloaded', // Groq: flex capacity
  499: 'server', // the vendor's own peer gave up
  503: 'overloaded',
  529: 'overloaded',
};

export function kindOfStatus(status: number): ErrorKind {
  const known = STATUS_KINDS[status];
  if (known !== undefined) return known;
  if (status >= 500) return 'server';
  if (status >= 400) return 'invalid-request';
  // We follow no redirect, because it would carry the key to another host: a 3xx is a wrong base URL.
  if (status >= 300) return 'config';
  // An error inside a 2xx, about which nothing else is known.
  return 'server';
}
