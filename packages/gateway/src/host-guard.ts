import { hostname } from 'node:os';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** Loopback by address or by name. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '');
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
}

/**
 * A gateway without keys listens on loopback, but web pages in the user's browser can reach loopback too: by a plain
 * cross-site POST, and by a DNS name of theirs that turns to 127.0.0.1. So the `Host` must be an address or a local
 * name, and an `Origin`, which only browsers send, a local one. Returns what is wrong, or nothing.
 */
export function foreignHost({ headers }: IncomingMessage, extraHosts: readonly string[]): Foreign | undefined {
  const { host } = headers;
  if (host === undefined || isLocalName(hostnameOf(host), extraHosts)) return undefined;
  const message = 'This gateway answers requests to local host names only; the Host header names another.';
  return { status: 421, code: 'host_not_allowed', message };
}

interface Foreign {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export function foreignOrigin({ headers }: IncomingMessage, extraHosts: readonly string[]): Foreign | undefined {
  const { origin } = headers;
  if (origin !== undefined && isForeignOrigin(origin, extraHosts)) {
    const message =
      'This gateway does not answer requests made by web pages of other sites (the Origin header names one).';
    return { status: 400, code: 'origin_not_allowed', message };
  }
  return undefined;
}

const FORWARDING = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

/** From this machine, and not passed on by a proxy on it. */
export function isLocalCaller({ socket, headers }: IncomingMessage): boolean {
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  return isLoopback(address) && FORWARDING.every((name) => headers[name] === undefined);
}

/** The request names this machine, and not a DNS name of somebody's that was made to point here. */
export function hasLocalHost({ headers }: IncomingMessage): boolean {
  return headers.host === undefined || isLocalName(hostnameOf(headers.host), []);
}

function hostnameOf(host: string): string {
  if (host.startsWith('[')) return host.slice(1, host.indexOf(']'));
  const colon = host.indexOf(':');
  return (colon < 0 ? host : host.slice(0, colon)).toLowerCase();
}

function isLocalName(name: string, extraHosts: readonly string[]): boolean {
  if (isIP(name) !== 0 || isLoopback(name) || extraHosts.includes(name)) return true;
  // Names no public DNS zone can hold; containers reach their host by such ones.
  return name.endsWith('.local') || name.endsWith('.internal') || name === hostname().toLowerCase();
}

function isForeignOrigin(origin: string, extraHosts: readonly string[]): boolean {
  // A sandboxed frame of any site says `null`; other schemes (app:, vscode-webview:) are not web pages.
  if (origin === 'null') return true;
  if (!/^https?:\/\//i.test(origin)) return false;
  const name = hostnameOf(origin.slice(origin.indexOf('//') + 2));
  return !isLoopback(name) && !extraHosts.includes(name);
}
