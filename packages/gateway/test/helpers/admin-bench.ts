import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPairingCode } from '@standin/store';
import { onTestFinished } from 'vitest';
import { pairingPath, type GatewayOptions } from '../../src/index.ts';
import { startGateway, type RunningGateway } from './running-gateway.ts';

export interface AdminBench extends RunningGateway {
  readonly home: string;
  /** Pairs a browser; its requests then carry cookie and CSRF header. */
  readonly pair: () => Promise<Browser>;
  /** A pairing code as `serve` makes it. */
  readonly code: (now?: number) => string;
}

export interface Browser {
  readonly cookie: string;
  readonly csrf: string;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** The JSON of an answer that must be well. */
  json(path: string): Promise<Record<string, never>>;
}

export function temporaryFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'standin-admin-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A gateway with an admin side in a home of its own. */
export async function startAdmin(
  options: Omit<GatewayOptions, 'admin'> & { readonly admin?: Partial<NonNullable<GatewayOptions['admin']>> },
): Promise<AdminBench> {
  const home = options.admin?.home ?? temporaryFolder();
  const running = await startGateway({ ...options, admin: { version: '1.2.3', ...options.admin, home } });
  const code = (now = (options.clock ?? { wallMs: Date.now }).wallMs()): string =>
    createPairingCode(pairingPath(home), now).code;
  return {
    ...running,
    home,
    code,
    async pair() {
      const answer = await postJson(`${running.url}/api/pair`, { code: code() });
      if (answer.status !== 200) throw new Error(`pairing failed: ${answer.status} ${await answer.text()}`);
      const { csrf } = (await answer.json()) as { csrf: string };
      return browserOf(running.url, cookieOf(answer), csrf);
    },
  };
}

export function cookieOf(answer: Response): string {
  return (answer.headers.getSetCookie()[0] ?? '').split(';')[0] ?? '';
}

export function browserOf(url: string, cookie: string, csrf: string): Browser {
  const own = { cookie, 'sec-fetch-site': 'same-origin' };
  const get: Browser['get'] = (path, headers = {}) => fetch(url + path, { headers: { ...own, ...headers } });
  return {
    cookie,
    csrf,
    get,
    post: (path, body = {}, headers = {}) =>
      postJson(url + path, body, { ...own, origin: url, 'x-standin-csrf': csrf, ...headers }),
    async json(path) {
      const answer = await get(path);
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as Record<string, never>;
    },
  };
}

export function postJson(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
}
