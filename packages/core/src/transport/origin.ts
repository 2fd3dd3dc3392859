import { isIP } from 'node:net';
import type { Connection } from './connection.ts';
import type { ProxySettings, ProxyTarget } from './proxy.ts';
import { proxyFor } from './proxy.ts';
import { TransportError } from './transport.ts';

/** One server as the pool sees it: scheme, host, port and extra certificate authority. */
export interface Origin {
  /** `https://host:port`, for messages: a path could hold a key. */
  readonly name: string;
  readonly tls: boolean;
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** Name to ask for in the handshake; an address has none. */
  readonly serverName: string | undefined;
  readonly caPath: string | undefined;
  readonly proxy: ProxyTarget | undefined;
  /** Last in, first out. */
  readonly idle: Connection[];
  /** Newest TLS session, for a short handshake. */
  session: Buffer | undefined;
}

/** A URL taken apart once. */
export interface UrlTarget {
  readonly origin: Origin;
  /** Request line and the transport's own headers for POST; other methods are put together when needed. */
  readonly postStart: string;
  readonly requestTarget: string;
  readonly ownHeaders: string;
}

const URLS_MAX = 1_000;

/** Turns URLs into targets and keeps them, with one `Origin` for all URLs of a server. */
export class Origins {
  readonly #targets = new Map<string, UrlTarget>();
  readonly #origins = new Map<string, Origin>();
  readonly #proxy: ProxySettings | undefined;

  constructor(proxy: ProxySettings | undefined) {
    this.#proxy = proxy;
  }

  /** Throws `TransportError` `BAD_URL`. */
  targetOf(url: string, caPath: string | undefined): UrlTarget {
    const key = caPath === undefined ? url : `${url}\n${caPath}`;
    const known = this.#targets.get(key);
    if (known !== undefined) return known;
    const parsed = parseUrl(url);
    const origin = this.#originOf(parsed, caPath);
    const path = `${parsed.pathname}${parsed.search}`;
    const plainProxy = origin.tls ? undefined : origin.proxy;
    const requestTarget = plainProxy === undefined ? path : `http://${parsed.host}${path}`;
    let ownHeaders = `host: ${parsed.host}\r\nconnection: keep-alive\r\n`;
    if (plainProxy?.authorization !== undefined) ownHeaders += `proxy-authorization: ${plainProxy.authorization}\r\n`;
    const target = { origin, requestTarget, ownHeaders, postStart: startOf('POST', requestTarget, ownHeaders) };
    if (this.#targets.size >= URLS_MAX) this.#targets.clear();
    this.#targets.set(key, target);
    return target;
  }

  all(): IterableIterator<Origin> {
    return this.#origins.values();
  }

  #originOf(url: URL, caPath: string | undefined): Origin {
    const tls = url.protocol === 'https:';
    const key = `${url.protocol}//${url.host}\n${caPath ?? ''}`;
    const known = this.#origins.get(key);
    if (known !== undefined) return known;
    const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
    const port = url.port === '' ? (tls ? 443 : 80) : Number(url.port);
    const origin: Origin = {
      name: `${url.protocol}//${url.host}`,
      tls,
      host,
      port,
      serverName: isIP(host) === 0 ? host : undefined,
      caPath: tls ? caPath : undefined,
      proxy: proxyFor(tls, host, port, this.#proxy),
      idle: [],
      session: undefined,
    };
    this.#origins.set(key, origin);
    return origin;
  }
}

export function requestStart(target: UrlTarget, method: string): string {
  if (method === 'POST') return target.postStart;
  if (!/^[A-Z]+$/.test(method)) throw new TransportError('bad HTTP method', 'BAD_URL', 'connect');
  return startOf(method, target.requestTarget, target.ownHeaders);
}

function startOf(method: string, requestTarget: string, ownHeaders: string): string {
  return `${method} ${requestTarget} HTTP/1.1\r\n${ownHeaders}`;
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // The URL itself is not printed: its query or user part may hold a key.
  if (url === undefined) throw new TransportError('the URL is not valid', 'BAD_URL', 'connect');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TransportError(`the URL must begin with http:// or https://, not ${url.protocol}`, 'BAD_URL', 'connect');
  }
  if (url.username !== '' || url.password !== '') {
    const message = `the URL of ${url.host} holds a user name or password; send them as a header`;
    throw new TransportError(message, 'BAD_URL', 'connect');
  }
  return url;
}
