import { FIRST_PAGE, readModelPage, type AdvertisedModel } from '../catalog/advertised.ts';
import { systemClock, type Clock } from '../spec/clock.ts';
import { ProviderError } from '../spec/errors.ts';
import type { HttpExchange, Transport, TransportError } from '../transport/transport.ts';
import { classifyTransportError } from '../vendors/classify/transport.ts';
import type { Endpoint, Key, OutgoingCall } from '../vendors/endpoint-types.ts';
import type { VendorRow } from '../vendors/row.ts';

export interface ListOptions {
  readonly transport: Transport;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  /** Milliseconds for each page. Default 15,000. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 15_000;
const MAX_BYTES = 16 * 1024 * 1024;
const MAX_PAGES = 20;

/** The address of an endpoint's model list; `undefined` when its vendor or protocol has none. */
export function modelListUrl(row: VendorRow, endpoint: Endpoint): string | undefined {
  if (row.listPath === null) return undefined;
  const paths: Readonly<Record<string, string>> = {
    'anthropic-messages': '/v1/models',
    'ollama-chat': '/api/tags',
    'openai-chat': row.listPath ?? '/models',
    'openai-responses': row.listPath ?? '/models',
    gemini: '/models',
    'gemini-interactions': '/models',
    'cohere-chat': '/v1/models',
  };
  const path = paths[endpoint.wire.id];
  return path === undefined ? undefined : endpoint.urlFor(path);
}

/**
 * What an endpoint advertises, all pages, each id once, in its order.
 * Throws `ProviderError`: kind `config` when there is no list, the classified kind of a refusal, `protocol` for an
 * answer that is no list, `timeout`, `network`, `cancelled`.
 */
export async function listAdvertised(
  row: VendorRow,
  endpoint: Endpoint,
  key: Key,
  options: ListOptions,
): Promise<readonly AdvertisedModel[]> {
  const { entry } = endpoint;
  const first = modelListUrl(row, endpoint);
  if (first === undefined) {
    throw new ProviderError({ kind: 'config', provider: entry, message: `${row.name} has no list of its models.` });
  }
  const found = new Map<string, AdvertisedModel>();
  let query: Readonly<Record<string, string>> | undefined = FIRST_PAGE[endpoint.wire.id] ?? {};
  for (let page = 0; query !== undefined && page < MAX_PAGES; page++) {
    const url = new URL(first);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const call = { method: 'GET', url: url.href, headers: endpoint.headersFor(key), body: '' };
    const ready = (await endpoint.prepare?.(call, key, { renew: false })) ?? call;
    const answer = await wholeAnswer(endpoint, ready, options);
    if (answer.status < 200 || answer.status > 299) {
      const error = endpoint.wire.readError(answer.status, answer.body);
      throw new ProviderError(endpoint.classify(error, answer.headers));
    }
    const read = readModelPage(answer.body);
    if (read === undefined) {
      const message = `${entry}: the answer of ${url.origin}${url.pathname} is no list of models`;
      throw new ProviderError({ kind: 'protocol', provider: entry, status: answer.status, message });
    }
    const before = found.size;
    for (const model of read.models) if (!found.has(model.id)) found.set(model.id, model);
    // A server that ignores the page asked for would be read for ever.
    query =
      read.next === undefined || found.size === before ? undefined : { ...FIRST_PAGE[endpoint.wire.id], ...read.next };
  }
  return [...found.values()];
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function wholeAnswer(endpoint: Endpoint, call: OutgoingCall, options: ListOptions): Promise<Answer> {
  const { transport, signal, clock = systemClock, timeoutMs = TIMEOUT_MS } = options;
  const { entry, tlsCaCertPath } = endpoint;
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    let exchange: HttpExchange | undefined;
    let head: Omit<Answer, 'body'> = { status: 0, headers: {} };
    const stop = (): void => {
      clock.clear(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    const fail = (error: ProviderError): void => {
      stop();
      exchange?.abort();
      reject(error);
    };
    const onAbort = (): void => fail(new ProviderError({ kind: 'cancelled', provider: entry, message: 'Cancelled.' }));
    const timer = clock.after(timeoutMs, () => {
      const message = `${entry}: no list of models within ${Math.round(timeoutMs / 1000)} s`;
      fail(new ProviderError({ kind: 'timeout', provider: entry, message }));
    });
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) return onAbort();
    exchange = transport.start(
      { method: call.method, url: call.url, headers: call.headers, tlsCaCertPath },
      {
        onHead: ({ status, headers }) => void (head = { status, headers }),
        onData(chunk) {
          bytes += chunk.byteLength;
          if (bytes <= MAX_BYTES) return void chunks.push(chunk);
          fail(new ProviderError({ kind: 'protocol', provider: entry, message: `${entry}: the list is over 16 MiB` }));
        },
        onEnd() {
          stop();
          resolve({ ...head, body: Buffer.concat(chunks).toString('utf8') });
        },
        onError: (error) => fail(lineError(entry, error)),
      },
    );
    return undefined;
  });
}

function lineError(provider: string, error: TransportError): ProviderError {
  const { kind, rule } = classifyTransportError(error.code, error.phase);
  const { message, code, phase } = error;
  return new ProviderError({ kind, rule, provider, code, phase, message: `${provider}: ${message}`, cause: error });
}
