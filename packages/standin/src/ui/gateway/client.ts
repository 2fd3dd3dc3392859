import { request as httpRequest, type IncomingMessage } from 'node:http';
import { createSseDecoder } from '@standin/core/framing/sse';
import type { Issue } from '@standin/dashboard/api/config-types';

const PATIENCE_MS = 10_000;
const MOST_BYTES = 64 * 1024 * 1024;
/** The gateway says something every 15 s; silence of that length is a dead line. */
const SILENCE_MS = 45_000;

/** The gateway refused (`code`, `issues` as it said), or did not answer: `code` is then `unreachable` or `foreign`. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly status: number;
  readonly code: string;
  readonly issues: readonly Issue[];

  constructor(status: number, code: string, message: string, issues: readonly Issue[] = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.issues = issues;
  }
}

/** Headers that say who asks. */
export type Credentials = Readonly<Record<string, string>>;

/** The admin API of one gateway. */
export interface GatewayClient {
  /** Throws `GatewayError`. */
  ask<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  /** Server-sent events until `close` or the end, of which `onEnd` hears once. */
  follow(
    path: string,
    onEvent: (name: string, data: unknown) => void,
    onEnd: (error: GatewayError) => void,
  ): { close(): void };
}

export function createGatewayClient(base: URL, credentials: () => Credentials): GatewayClient {
  const open = async (method: 'GET' | 'POST', path: string, body?: unknown): Promise<IncomingMessage> => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const request = base.protocol === 'https:' ? (await import('node:https')).request : httpRequest;
    return new Promise((resolve, reject) => {
      const headers = {
        ...credentials(),
        accept: path.startsWith('/api/live') ? 'text/event-stream' : 'application/json',
        ...(text === undefined ? {} : { 'content-type': 'application/json' }),
      };
      const sent = request(new URL(path, base), { method, headers, timeout: PATIENCE_MS });
      sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
      sent.on('error', (error) => reject(unreachable(base, error)));
      sent.on('response', resolve);
      sent.end(text);
    });
  };
  const ask = async <T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> => {
    const answer = await open(method, path, body);
    const text = await textOf(answer, base);
    const status = answer.statusCode ?? 0;
    if (status !== 200) throw refusal(base, status, text);
    return parsed(base, text) as T;
  };
  return {
    ask: (path) => ask('GET', path),
    post: (path, body) => ask('POST', path, body),
    follow(path, onEvent, onEnd) {
      let answer: IncomingMessage | undefined;
      let isOver = false;
      const end = (error: GatewayError): void => {
        if (isOver) return;
        isOver = true;
        answer?.destroy();
        onEnd(error);
      };
      open('GET', path)
        .then(
          async (opened) => {
            answer = opened;
            if (isOver) return void opened.destroy();
            const status = opened.statusCode ?? 0;
            if (status !== 200) return end(refusal(base, status, await textOf(opened, base)));
            const decoder = createSseDecoder();
            const tell = (data: string, name: string): void => onEvent(name, JSON.parse(data));
            opened.setTimeout(SILENCE_MS, () => end(unreachable(base, new Error('it fell silent'))));
            opened.on('data', (bytes: Buffer) => {
              try {
                decoder.push(bytes, tell);
              } catch {
                end(foreign(base));
              }
            });
            opened.on('error', (error) => end(unreachable(base, error)));
            opened.on('close', () => end(unreachable(base, new Error('the connection ended'))));
          },
          (error: unknown) => end(error instanceof GatewayError ? error : unreachable(base, error)),
        )
        .catch((error: unknown) => end(unreachable(base, error)));
      return {
        close() {
          isOver = true;
          answer?.destroy();
        },
      };
    },
  };
}

async function textOf(answer: IncomingMessage, base: URL): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size > MOST_BYTES) throw new Error('its answer is too large');
    }
  } catch (error) {
    throw unreachable(base, error);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(base: URL, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw foreign(base);
  }
}

function refusal(base: URL, status: number, text: string): GatewayError {
  try {
    const { error } = JSON.parse(text) as { error?: { code?: unknown; message?: unknown; issues?: unknown } };
    if (typeof error?.code === 'string' && typeof error.message === 'string')
      return new GatewayError(status, error.code, error.message, Array.isArray(error.issues) ? error.issues : []);
  } catch {
    // Said below.
  }
  return foreign(base);
}

function unreachable(base: URL, error: unknown): GatewayError {
  const { code, message } = error as NodeJS.ErrnoException;
  const why = code === 'ECONNREFUSED' ? 'nothing listens there' : (message ?? code ?? 'it does not answer');
  return new GatewayError(0, 'unreachable', `${base.origin}: ${why}`);
}

export function foreign(base: URL): GatewayError {
  return new GatewayError(0, 'foreign', `What answers at ${base.origin} is no gateway of Standin.`);
}
