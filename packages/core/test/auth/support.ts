import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { FlowContext, LoginVendor } from '../../src/auth/oauth/login-vendor.ts';
import type { Login } from '../../src/auth/oauth/login.ts';
import type { TokenCipher } from '../../src/auth/store/profile-json.ts';
import { createTokenStore, type TokenStore } from '../../src/auth/store/token-store.ts';
import { systemClock, type Clock } from '../../src/spec/clock.ts';
import { ProviderError } from '../../src/spec/errors.ts';
import { Secret } from '../../src/spec/secret.ts';
import { createHttpTransport } from '../../src/transport/http-transport.ts';
import { createIdentityHttp } from '../../src/transport/whole-call.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

export function tempFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'standin-auth-'));
  cleanups.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Form or JSON fields. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Reply {
  readonly status?: number;
  readonly json?: unknown;
  readonly text?: string;
  /** Closes the socket instead of answering. */
  readonly reset?: boolean;
  readonly afterMs?: number;
}

export interface IdentityServer {
  readonly url: string;
  readonly asked: Asked[];
}

/** An identity server on loopback that answers as scripted. */
export async function identityServer(answer: (asked: Asked, count: number) => Reply): Promise<IdentityServer> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const isJson = request.headers['content-type']?.includes('json') === true;
      const fields = isJson
        ? (JSON.parse(text) as Record<string, unknown>)
        : Object.fromEntries(new URLSearchParams(text));
      const one: Asked = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        text,
        fields,
      };
      asked.push(one);
      const reply = answer(one, asked.filter((other) => other.path === one.path).length);
      if (reply.reset === true) return void request.socket.destroy();
      setTimeout(() => {
        const type = reply.json === undefined ? 'text/html' : 'application/json';
        response.writeHead(reply.status ?? 200, { 'content-type': type });
        response.end(reply.json === undefined ? (reply.text ?? '') : JSON.stringify(reply.json));
      }, reply.afterMs ?? 0);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** Waits take no time but are counted: a quarter of an hour of polling runs in milliseconds. */
export function skippingClock(): Clock & { readonly waits: number[] } {
  let now = 0;
  const waits: number[] = [];
  const gone = new Set<unknown>();
  return {
    waits,
    now: () => now,
    wallMs: () => Date.now() + now,
    after(ms, run) {
      const handle = {};
      setImmediate(() => {
        if (gone.has(handle)) return;
        now += ms;
        waits.push(ms);
        run();
      });
      return handle;
    },
    clear: (handle) => void gone.add(handle),
  };
}

export function realHttp() {
  const transport = createHttpTransport();
  cleanups.push(() => transport.close());
  return createIdentityHttp(transport, { clock: systemClock, timeoutMs: 5_000 });
}

export interface Shown {
  url?: string;
  code?: string;
  browserUrl?: string;
  listening?: string;
  waited: number;
}

export function flow(
  issuer: string,
  extra: Partial<FlowContext> = {},
): FlowContext & { shown: Shown; clock: ReturnType<typeof skippingClock> } {
  const shown: Shown = { waited: 0 };
  return {
    http: realHttp(),
    issuer,
    shown,
    screen: {
      device: (step) => void Object.assign(shown, { url: step.url, code: step.code }),
      browser: (step) => void Object.assign(shown, { browserUrl: step.url, listening: step.listening }),
      waiting: () => void shown.waited++,
    },
    callbackPort: 0,
    ...extra,
    clock: skippingClock(),
  };
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** An unsigned JWT with these claims; `n` makes it another token. */
export function jwt(claims: Readonly<Record<string, unknown>>, n = 0): string {
  return `${part({ alg: 'none' })}.${part({ ...claims, n })}.${part(`sig-${n}`)}`;
}

/** Seals visibly, so that a test sees what is sealed. */
export const plainCipher: TokenCipher = {
  seal: (plain) => `enc2:${Buffer.from(plain).toString('hex')}`,
  open(stored) {
    if (!stored.startsWith('enc2:')) return stored;
    const hex = stored.slice(5);
    if (hex.startsWith('bad')) throw new Error('it cannot be decrypted; restore the key');
    return Buffer.from(hex, 'hex').toString('utf8');
  },
};

export function storeIn(home: string, cipher: TokenCipher = plainCipher): TokenStore {
  return createTokenStore({ home, cipher, clock: systemClock });
}

export function loginFor(vendor: LoginVendor | string, part: Partial<Login> = {}): Login {
  const provider = typeof vendor === 'string' ? vendor : vendor.slot;
  return {
    provider,
    name: 'default',
    kind: 'oauth',
    access: new Secret('access-0'),
    refresh: new Secret('refresh-0'),
    expiresAt: Date.now() - 1000,
    metadata: {},
    ...part,
  };
}

/** The error of a promise that must fail. */
export async function failureOf(promise: Promise<unknown>): Promise<ProviderError> {
  try {
    await promise;
  } catch (error) {
    if (ProviderError.is(error)) return error;
    throw error;
  }
  throw new Error('expected it to fail');
}
