import type { Ledger } from '@standin/store/ledger';
import { failureOfThrown, ownFailure } from './caller-errors.ts';
import { sendFailure, sendText, type Exchange } from './exchange.ts';

/** What the operations endpoints answer from. */
export interface Operations {
  readonly ledger?: Ledger;
  /** The text of `GET /metrics`. */
  readonly metrics?: () => Promise<string>;
}

/** `GET /metrics`, for Prometheus. */
export function sendMetrics(exchange: Exchange): void {
  const { metrics } = exchange.context.operations;
  if (metrics === undefined)
    return sendFailure(exchange, ownFailure(404, 'not_found', 'This gateway was started without metrics.'));
  const send = (text: string): void =>
    sendText(exchange, 200, text, ['cache-control', 'no-store'], 'text/plain; version=0.0.4; charset=utf-8');
  metrics().then(send, (thrown: unknown) => {
    exchange.context.log('error', 'Metrics could not be told', { error: thrown });
    sendFailure(exchange, failureOfThrown(thrown));
  });
}
