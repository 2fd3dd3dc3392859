import type { IdentityAnswer, IdentityCall, IdentityHttp } from '../auth/oauth/http.ts';
import type { Clock } from '../spec/clock.ts';
import { ProviderError } from '../spec/errors.ts';
import { classifyTransportError } from '../vendors/classify/transport.ts';
import type { HttpExchange, Transport } from './transport.ts';

export interface WholeCallOptions {
  readonly clock: Clock;
  /** Milliseconds for one call. Default 30,000. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;
const MAX_BYTES = 1024 * 1024;

/** Small calls over a transport, answered as a whole: what identity servers are asked with. */
export function createIdentityHttp(transport: Transport, options: WholeCallOptions): IdentityHttp {
  return (call) => wholeCall(transport, call, options);
}

function wholeCall(
  transport: Transport,
  call: IdentityCall,
  { clock, timeoutMs = TIMEOUT_MS }: WholeCallOptions,
): Promise<IdentityAnswer> {
  const { method, url, headers, body, signal } = call;
  const host = new URL(url).host;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let status = 0;
    let answered: IdentityAnswer['headers'] = {};
    let over = false;
    let exchange: HttpExchange | undefined;
    const end = (finish: () => void): void => {
      if (over) return;
      over = true;
      clock.clear(timer);
      signal?.removeEventListener('abort', onAbort);
      finish();
    };
    const fail = (error: ProviderError): void =>
      end(() => {
        exchange?.abort();
        reject(error);
      });
    const onAbort = (): void => fail(new ProviderError({ kind: 'cancelled', message: 'The login was cancelled.' }));
    const timer = clock.after(timeoutMs, () => {
      const message = `${host} did not answer within ${Math.round(timeoutMs / 1000)} s`;
      fail(new ProviderError({ kind: 'timeout', rule: 'login:unreachable', phase: 'connect', message }));
    });
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) return onAbort();
    exchange = transport.start(
      { method, url, headers, body, connectTimeoutMs: Math.min(timeoutMs, 10_000) },
      {
        onHead(head) {
          ({ status, headers: answered } = head);
        },
        onData(chunk) {
          bytes += chunk.byteLength;
          if (bytes <= MAX_BYTES) return void chunks.push(Buffer.from(chunk));
          const message = `${host} answered with more than 1 MiB`;
          fail(new ProviderError({ kind: 'protocol', rule: 'login:unreachable', message }));
        },
        onEnd: () => end(() => resolve({ status, headers: answered, text: Buffer.concat(chunks).toString('utf8') })),
        onError(error) {
          const { kind } = classifyTransportError(error.code, error.phase);
          const { message, code, phase } = error;
          fail(
            new ProviderError({
              kind,
              rule: 'login:unreachable',
              message: `${host}: ${message}`,
              code,
              phase,
              cause: error,
            }),
          );
        },
      },
    );
    if (over) exchange.abort();
  });
}
