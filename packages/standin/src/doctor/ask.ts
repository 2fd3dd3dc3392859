import { TransportError, type Transport } from '@standin/core/transport/transport';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Call {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

const LIMIT_MS = 10_000;
const CONNECT_MS = 5_000;
const BODY_LIMIT_BYTES = 8 * 1024 * 1024;

/** A whole answer within 10 seconds, or how it failed. Never rejects. */
export function createInflight(transport: Transport) {
  return ({ method, url, headers }: Call, tlsCaCertPath?: string): Promise<Answer | TransportError> =>
    new Promise((resolve) => {
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      let head: { status: number; headers: Readonly<Record<string, string>> } | undefined;
      const finish = (result: Answer | TransportError): void => {
        clearTimeout(timer);
        resolve(result);
      };
      const body = (): string => Buffer.concat(chunks).toString('utf8');
      const exchange = transport.start(
        {
          method,
          url,
          headers,
          connectTimeoutMs: CONNECT_MS,
          ...(tlsCaCertPath === undefined ? {} : { tlsCaCertPath }),
        },
        {
          onHead: (next) => void (head = next),
          onData: (chunk) => {
            chunks.push(chunk);
            if ((bytes += chunk.length) <= BODY_LIMIT_BYTES || head === undefined) return;
            exchange.abort();
            finish({ ...head, body: '' });
          },
          onEnd: () =>
            finish(
              head === undefined
                ? new TransportError('no answer', 'HTTP_PROTOCOL', 'headers')
                : { ...head, body: body() },
            ),
          onError: (error) => finish(error),
        },
      );
      const timer = setTimeout(() => {
        exchange.abort();
        if (head !== undefined) finish({ ...head, body: body() });
        else finish(new TransportError(`no answer within ${LIMIT_MS / 1000} s`, 'ETIMEDOUT', 'headers'));
      }, LIMIT_MS);
    });
}
