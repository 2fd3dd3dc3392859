import { BlockList, isIP } from 'node:net';
import { TransportError } from './transport.ts';

/** HTTP proxies as in `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`. */
export interface ProxySettings {
  /** Proxy URL for http targets. */
  readonly http?: string;
  /** Proxy URL for https targets, reached by a CONNECT tunnel. */
  readonly https?: string;
  /** Comma-separated hosts, domains, addresses or CIDR ranges that are reached directly; `*` is all. */
  readonly noProxy?: string;
}

export interface ProxyTarget {
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  /** `http://host:port`, without credentials. */
  readonly name: string;
  /** Ready `proxy-authorization` value; secret. */
  readonly authorization: string | undefined;
}

/** Reads the usual variables; lower case wins over upper case, as in curl. `undefined` when none is set. */
export function proxyFromEnvironment(env: Readonly<Record<string, string | undefined>>): ProxySettings | undefined {
  const read = (name: string): string | undefined => env[name] || env[name.toUpperCase()] || undefined;
  const http = read('http_proxy') ?? read('all_proxy');
  const https = read('https_proxy') ?? read('all_proxy');
  if (http === undefined && https === undefined) return undefined;
  return { http, https, noProxy: read('no_proxy') };
}

/** The proxy for a host, or `undefined` to go directly. Loopback is never sent to a proxy. Throws `PROXY_REFUSED`. */
export function proxyFor(
  tls: boolean,
  host: string,
  port: number,
  settings: ProxySettings | undefined,
): ProxyTarget | undefined {
  const url = tls ? settings?.https : settings?.http;
  if (url === undefined || isLoopback(host) || bypasses(host, port, settings?.noProxy)) return undefined;
  return parseProxy(url);
}

function parseProxy(text: string): ProxyTarget {
  const withScheme = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    const kind = url === undefined ? 'is not a URL' : `has the scheme ${url.protocol}`;
    const message = `the proxy setting ${kind}; use http://host:port or https://host:port`;
    throw new TransportError(message, 'PROXY_REFUSED', 'connect');
  }
  const tls = url.protocol === 'https:';
  const credentials = `${decoded(url.username)}:${decoded(url.password)}`;
  return {
    tls,
    host: url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname,
    port: url.port === '' ? (tls ? 443 : 80) : Number(url.port),
    name: `${url.protocol}//${url.host}`,
    authorization: credentials === ':' ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`,
  };
}

/** A stray percent sign in a password is meant as it stands. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isLoopback(host: string): boolean {
  const name = host.toLowerCase();
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
}

function bypasses(host: string, port: number, noProxy: string | undefined): boolean {
  if (noProxy === undefined) return false;
  const name = host.toLowerCase();
  for (const entry of noProxy.toLowerCase().split(/[\s,]+/)) {
    if (entry !== '' && matches(name, port, entry)) return true;
  }
  return false;
}

function matches(host: string, port: number, entry: string): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return inRange(host, entry);
  const portPart = /^(.*[^:]|\[.*\]):(\d+)$/.exec(entry);
  const hasPort = portPart !== null && (entry.startsWith('[') || !portPart[1]?.includes(':'));
  if (hasPort && Number(portPart[2]) !== port) return false;
  const bare = (hasPort ? (portPart[1] ?? '') : entry).replace(/^\[|\]$/g, '').replace(/^\*?\./, '');
  return host === bare || (isIP(host) === 0 && host.endsWith(`.${bare}`));
}

function inRange(host: string, range: string): boolean {
  const family = isIP(host);
  const [address = '', bits = ''] = range.split('/');
  const size = Number(bits);
  if (family === 0 || isIP(address) !== family || !/^\d{1,3}$/.test(bits) || size > (family === 4 ? 32 : 128))
    return false;
  const list = new BlockList();
  const type = family === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(address, size, type);
  return list.check(host, type);
}
