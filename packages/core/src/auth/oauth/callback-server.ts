import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { loginError } from './failure.ts';
import { cancelled } from './wait.ts';

export interface CallbackServer {
  /** `http://localhost:1455/auth/callback`. */
  readonly redirectUri: string;
  /** The authorization code. Rejects with kind `auth` when the person declined, `cancelled` when the signal fired. */
  readonly code: Promise<string>;
  close(): void;
}

export interface CallbackOptions {
  /** 0: any free port. */
  readonly port: number;
  readonly path: string;
  /** Host in the redirect address as registered at the vendor. */
  readonly host: string;
  readonly state: string;
  readonly signal?: AbortSignal;
}

const page = (title: string, text: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>` +
  `<body style="font-family:system-ui;margin:4rem auto;max-width:32rem"><h1>${title}</h1><p>${text}</p></body></html>`;

const DONE = page('You are signed in', 'You can close this window and go back to the terminal.');
const FAILED = page('Not signed in', 'The terminal says why. You can close this window.');
const OTHER = page('Not the expected answer', 'This page is for the sign-in that is running in the terminal.');

/**
 * Waits on loopback for the browser to come back with a code. Only an answer with the right `state` counts; anything
 * else is turned away and the wait goes on. Rejects when the port is taken.
 */
export function startCallbackServer(options: CallbackOptions): Promise<CallbackServer> {
  const { promise: code, resolve: found, reject: failed } = Promise.withResolvers<string>();
  // Whoever started the flow may give up before it waits for the code.
  code.catch(() => {});
  const server = createServer((request, response) => {
    const outcome = readCallback(request, options);
    answer(response, outcome);
    if ('code' in outcome) found(outcome.code);
    else if ('error' in outcome) failed(outcome.error);
  });
  const stop = (): void => failed(cancelled());
  options.signal?.addEventListener('abort', stop, { once: true });
  const close = (): void => {
    options.signal?.removeEventListener('abort', stop);
    server.close();
    server.closeAllConnections();
  };
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      close();
      const taken = error.code === 'EADDRINUSE';
      const message = taken
        ? `port ${options.port} is in use, and the sign-in page can only come back to it`
        : `the sign-in page cannot come back: port ${options.port} cannot be opened (${error.code ?? error.message})`;
      reject(loginError('unsupported', message, 'end the other sign-in, or use the device code (--device)'));
    });
    server.listen(options.port, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      resolve({ redirectUri: `http://${options.host}:${port}${options.path}`, code, close });
    });
  });
}

type Outcome = { readonly code: string } | { readonly error: Error } | { readonly other: number };

function readCallback(request: IncomingMessage, { path, state }: CallbackOptions): Outcome {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (request.method !== 'GET' || url.pathname !== path) return { other: 404 };
  if (url.searchParams.get('state') !== state) return { other: 400 };
  const error = url.searchParams.get('error');
  if (error !== null) {
    const why = (url.searchParams.get('error_description') ?? error).replaceAll(/[^\x20-\x7e]/g, ' ').slice(0, 200);
    return {
      error: loginError('denied', `the sign-in was declined (${why})`, 'start it again to try once more', error),
    };
  }
  const code = url.searchParams.get('code');
  return code === null || code === '' ? { other: 400 } : { code };
}

function answer(response: ServerResponse, outcome: Outcome): void {
  const [status, text] = 'code' in outcome ? [200, DONE] : 'error' in outcome ? [200, FAILED] : [outcome.other, OTHER];
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8', connection: 'close' });
  response.end(text);
}
