import type { IncomingMessage, ServerResponse } from 'node:http';

const EXPOSED = [
  'x-request-id', 'request-id', 'x-standin-provider', 'x-standin-model', 'x-standin-attempts', 'x-standin-cost-usd',
  'x-standin-cache', 'x-standin-budget-warning', 'x-should-retry', 'retry-after', 'retry-after-ms',
].join(', '); // prettier-ignore
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';
const ASKED = /^[\w\s,!#$%&'*+.^`|~-]{1,4096}$/;

/** Lets a web page read the answer. Only for an `Origin` that the guard lets pass, and never for the admin API. */
export function allowOrigin({ headers }: IncomingMessage, res: ServerResponse): void {
  const { origin } = headers;
  if (origin === undefined) return;
  res.setHeader('access-control-allow-origin', origin);
  res.setHeader('access-control-expose-headers', EXPOSED);
  res.setHeader('vary', 'origin');
}

/** Whether a browser asks if it may ask. It shows no key, so this comes before any is looked for. */
export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}

export function answerPreflight(req: IncomingMessage, res: ServerResponse): void {
  const asked = req.headers['access-control-request-headers'];
  allowOrigin(req, res);
  res.setHeader('access-control-allow-methods', METHODS);
  if (asked !== undefined && ASKED.test(asked)) res.setHeader('access-control-allow-headers', asked);
  if (req.headers['access-control-request-private-network'] === 'true')
    res.setHeader('access-control-allow-private-network', 'true');
  res.setHeader('access-control-max-age', '600');
  res.writeHead(204);
  res.end();
}
