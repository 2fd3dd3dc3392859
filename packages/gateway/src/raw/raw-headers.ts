import type { IncomingHttpHeaders } from 'node:http';

/** Of the connection, of the caller's own identity, of browsers and proxies on the way: never the vendor's business. */
const KEPT_HERE = new Set([
  'authorization', 'proxy-authorization', 'x-api-key', 'api-key', 'x-goog-api-key', 'cookie', 'cookie2', 'host', 'connection',
  'content-length', 'transfer-encoding', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade', 'expect', 'accept-encoding',
  'forwarded', 'via', 'x-real-ip', 'x-request-id', 'origin', 'referer', 'dnt', 'priority',
  // Which account of ours pays is not for callers to choose.
  'openai-organization', 'openai-project', 'x-goog-user-project', 'chatgpt-account-id', 'cf-aig-authorization',
]); // prettier-ignore
const KEPT_PREFIXES = ['x-forwarded-', 'sec-', 'access-control-', 'x-standin-', 'x-amz-', 'proxy-', 'cf-'];

/** The caller's headers that go on to a vendor of the caller's own protocol. */
export function goingOn(headers: IncomingHttpHeaders): Record<string, string> {
  const own = (headers.connection ?? '').toLowerCase().split(/[\s,]+/);
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string' || KEPT_HERE.has(name) || own.includes(name)) continue;
    if (KEPT_PREFIXES.some((prefix) => name.startsWith(prefix))) continue;
    out[name] = value;
  }
  return out;
}

const ANSWERED = new Set([
  'content-type', 'content-disposition', 'content-range', 'content-language', 'accept-ranges', 'etag', 'last-modified',
  'cache-control', 'expires', 'retry-after', 'retry-after-ms', 'openai-model', 'openai-processing-ms', 'openai-version',
  'anthropic-fast-mode', 'x-models-dev', 'x-generation-id',
]); // prettier-ignore
const ANSWERED_PREFIXES = ['x-ratelimit-', 'anthropic-ratelimit-'];

/**
 * The vendor's headers that a caller may see (name, value, …): those of the document, and what is left of the rate. No
 * cookie, no organisation, nothing that would speak for the gateway itself.
 */
export function comingBack(headers: Readonly<Record<string, string>>): string[] {
  const out: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (ANSWERED.has(name) || ANSWERED_PREFIXES.some((prefix) => name.startsWith(prefix))) out.push(name, value);
  }
  return out;
}
