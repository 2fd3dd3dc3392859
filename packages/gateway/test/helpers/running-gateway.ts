import { onTestFinished } from 'vitest';
import { createGateway, type Gateway, type GatewayOptions } from '../../src/index.ts';

export interface RunningGateway {
  readonly gateway: Gateway;
  readonly url: string;
  readonly port: number;
}

/** A gateway on a free loopback port, closed when the test ends. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const gateway = createGateway(options);
  const { url, port } = await gateway.listen({ port: 0 });
  onTestFinished(async () => {
    gateway.server.closeAllConnections();
    await gateway.close({ graceMs: 0 });
  });
  return { gateway, url, port };
}

/** Waits for something another socket will bring about, at most `limitMs`. */
export async function until(what: string, holds: () => boolean, limitMs = 5_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`did not happen in ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export const CHAT = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
export const MESSAGES = { model: 'm', max_tokens: 50, messages: [{ role: 'user', content: 'hi' }] };

export async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(url, { method: 'POST', body: text, headers: { 'content-type': 'application/json', ...headers } });
}

/** What `run` rejects with; `undefined` when it does not. */
export async function thrownBy(run: () => Promise<unknown>): Promise<unknown> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error;
  }
}
