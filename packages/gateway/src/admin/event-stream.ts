import { baseHeaders, type Exchange } from '../exchange.ts';
import { ADMIN_HEADERS } from './serve-route.ts';

/** Begins an answer of server-sent events, which ends at once when the gateway shuts down. */
export function beginEvents(exchange: Exchange, onDrain: () => void): void {
  const { res, context } = exchange;
  const headers = [...baseHeaders(exchange), ...ADMIN_HEADERS, 'x-accel-buffering', 'no'];
  res.writeHead(200, [...headers, 'content-type', 'text/event-stream; charset=utf-8']);
  context.onDrain.add(onDrain);
  res.on('close', () => context.onDrain.delete(onDrain));
}
