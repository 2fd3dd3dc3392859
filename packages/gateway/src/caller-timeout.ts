import type { IncomingHttpHeaders } from 'node:http';
import type { JsonObject } from '@standin/core/spec/index';

const SECONDS = /^\d+(\.\d+)?$/;

/**
 * The caller's own deadline in milliseconds: `x-stainless-timeout` and `x-server-timeout` of the official SDKs,
 * LiteLLM's `x-litellm-timeout` and `timeout` in the body, all in seconds; the shortest holds.
 */
export function callerTimeoutMs(headers: IncomingHttpHeaders, routing: JsonObject | undefined): number | undefined {
  const given = [
    headers['x-stainless-timeout'],
    headers['x-server-timeout'],
    headers['x-litellm-timeout'],
    routing?.timeout,
  ];
  let shortest: number | undefined;
  for (const value of given) {
    const seconds =
      typeof value === 'number' ? value : typeof value === 'string' && SECONDS.test(value) ? Number(value) : 0;
    if (seconds > 0 && Number.isFinite(seconds)) shortest = Math.min(shortest ?? seconds, seconds);
  }
  if (shortest === undefined) return undefined;
  const timeoutMs = shortest * 1000;
  // Answer just before the caller gives up: an error with its reasons, instead of a client that times out and asks again.
  return Math.max(1, Math.round(timeoutMs - Math.min(500, timeoutMs * 0.05)));
}
