import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface RawVendor {
  readonly url: string;
  readonly requests: SeenRequest[];
  readonly server: Server;
}

/** A vendor that answers as the test says; it has read the whole body by then. Closed when the test ends. */
export async function startRawVendor(
  answer: (request: SeenRequest, res: ServerResponse, count: number) => void,
): Promise<RawVendor> {
  const requests: SeenRequest[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('error', () => {});
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const { method = '', url = '', headers } = req;
      const seen = { method, url, headers, body: Buffer.concat(chunks) };
      requests.push(seen);
      answer(seen, res, requests.length);
    });
  });
  const url = await listening(server);
  return { url, requests, server };
}

/** Starts to listen on loopback; closed when the test ends. */
export async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export function json(res: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  res.writeHead(status, { 'content-type': 'application/json', ...headers });
  res.end(JSON.stringify(body));
}

export function jsonOf({ body }: SeenRequest): Record<string, unknown> {
  return JSON.parse(body.toString('utf8')) as Record<string, unknown>;
}
