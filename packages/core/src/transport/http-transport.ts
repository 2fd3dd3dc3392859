import type { Clock } from '../spec/clock.ts';
import { systemClock } from '../spec/clock.ts';
import { Exchange } from './exchange.ts';
import { Origins } from './origin.ts';
import type { UrlTarget } from './origin.ts';
import { Pool } from './pool.ts';
import type { ProxySettings } from './proxy.ts';
import type { HttpCall, HttpExchange, HttpHandler, Transport } from './transport.ts';

export interface HttpTransportOptions {
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Milliseconds to a usable connection when the call says nothing. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** Idle connections kept for one server. Default 256. */
  readonly maxIdlePerOrigin?: number;
  /** Milliseconds an idle connection stays usable; a server's `Keep-Alive: timeout` shortens it. Default 30,000. */
  readonly idleMs?: number;
  /** Largest response head in bytes. Default 65,536. */
  readonly maxHeadBytes?: number;
  /** HTTP proxies; see `proxyFromEnvironment`. Default none. */
  readonly proxy?: ProxySettings;
}

/**
 * The transport over real sockets: a small strict HTTP/1.1 client with a keep-alive pool per server. The handler is
 * never called from within `start`. See `TRANSPORT_CODES` for the codes it adds to Node's.
 */
export function createHttpTransport(options: HttpTransportOptions = {}): Transport {
  const pool = new Pool({
    clock: options.clock ?? systemClock,
    maxHeadBytes: options.maxHeadBytes ?? 65_536,
    maxIdlePerOrigin: options.maxIdlePerOrigin ?? 256,
    idleMs: options.idleMs ?? 30_000,
  });
  const connectTimeoutMs = options.connectTimeoutMs ?? 10_000;
  const origins = new Origins(options.proxy);
  const targetOf = (call: HttpCall): UrlTarget => origins.targetOf(call.url, call.tlsCaCertPath);
  const begin = (exchange: Exchange): void => exchange.begin(targetOf);
  return {
    start(call: HttpCall, handler: HttpHandler): HttpExchange {
      const exchange = new Exchange(pool, call, handler, connectTimeoutMs);
      process.nextTick(begin, exchange);
      return exchange;
    },
    close: () => pool.close(),
  };
}
