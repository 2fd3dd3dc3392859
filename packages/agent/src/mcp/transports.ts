import type { Client, Transport } from '@modelcontextprotocol/client';
import type { McpServer } from './servers.ts';

export interface ConnectOptions {
  /** Of this program, told to servers. */
  readonly version: string;
  readonly onStderr?: (server: string, line: string) => void;
}

/** A connected client of the server, over the transport its config names. Throws what the connection failed of. */
export async function connectedClient(server: McpServer, options: ConnectOptions, timeout: number): Promise<Client> {
  const { Client: McpClient } = await import('@modelcontextprotocol/client');
  const connect = async (transport: Transport): Promise<Client> => {
    const client = new McpClient({ name: 'standin', version: options.version });
    try {
      await client.connect(transport, { timeout });
      return client;
    } catch (error) {
      await client.close().catch(() => {});
      throw error;
    }
  };
  return 'command' in server ? connect(await spawned(server, options.onStderr)) : reached(server, connect);
}

async function spawned(
  server: Extract<McpServer, { command: string }>,
  onStderr: ConnectOptions['onStderr'],
): Promise<Transport> {
  const { getDefaultEnvironment, StdioClientTransport } = await import('@modelcontextprotocol/client/stdio');
  const transport = new StdioClientTransport({
    command: server.command,
    args: [...server.args],
    // Only what a program needs to run, and what the config gives it: no key of ours.
    env: { ...getDefaultEnvironment(), ...server.env },
    ...(server.cwd === undefined ? {} : { cwd: server.cwd }),
    stderr: 'pipe',
    maxBufferSize: 64 * 1024 * 1024,
  });
  transport.stderr?.on('data', (chunk: Buffer) => onStderr?.(server.name, chunk.toString('utf8').trimEnd()));
  return transport;
}

/** Streamable HTTP, and the older SSE transport where the server says that it does not know it. */
async function reached(
  server: Extract<McpServer, { url: string }>,
  connect: (transport: Transport) => Promise<Client>,
): Promise<Client> {
  const { SSEClientTransport, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  const url = new URL(server.url);
  const options = { requestInit: { headers: { ...server.headers } }, fetch: withoutRedirects };
  if (server.isSse) return connect(new SSEClientTransport(url, options));
  try {
    return await connect(new StreamableHTTPClientTransport(url, { ...options, reconnectionOptions: COMING_BACK }));
  } catch (error) {
    if (!/\b(404|405|400)\b/.test(messageOf(error))) throw error;
    return connect(new SSEClientTransport(url, options)).catch(() => {
      throw error;
    });
  }
}

/** An answer whose stream broke is asked for again where the server can go on with it; a dead one does not hold a run up. */
const COMING_BACK = {
  initialReconnectionDelay: 300,
  maxReconnectionDelay: 2_000,
  reconnectionDelayGrowFactor: 2,
  maxRetries: 2,
};

/** The headers may hold a key: it goes to the address in the config and nowhere else, not even on the same host. */
const withoutRedirects = async (address: string | URL, init?: RequestInit): Promise<Response> => {
  const response = await fetch(address, { ...init, redirect: 'manual' });
  if (response.status < 300 || response.status > 399 || response.status === 304) return response;
  await response.body?.cancel();
  const { origin, pathname } = new URL(response.headers.get('location') ?? '/', response.url || address);
  throw new Error(`it redirects to ${origin}${pathname}, which is not followed: set "url" to the server's own address`);
};

export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  return cause instanceof Error ? `${error.message} (${cause.message})` : error.message;
}
