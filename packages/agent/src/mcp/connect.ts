import type { Client, Transport } from '@modelcontextprotocol/client';
import type { JsonObject } from '@standin/core/spec/json';
import type { AgentTool } from '../tool.ts';
import { mcpOutcome } from './content.ts';
import type { McpServer } from './servers.ts';

const DEFAULT_TIMEOUT_MS = 60_000;

/** Running MCP servers and what they offer. */
export interface McpTools {
  readonly tools: readonly AgentTool[];
  /** Servers that could not be reached, in words. */
  readonly problems: readonly string[];
  close(): Promise<void>;
}

/**
 * Connects to every server at once. One that cannot be reached is told in `problems` and left out: the others work.
 * Tools keep their own names; where two servers have the same one, both are called `<server>_<tool>`.
 */
export async function connectMcp(
  servers: readonly McpServer[],
  options: { readonly version: string; readonly onStderr?: (server: string, line: string) => void },
): Promise<McpTools> {
  const results = await Promise.allSettled(servers.map((server) => open(server, options)));
  const opened = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const problems = results.flatMap((result, at) =>
    result.status === 'rejected' ? [`MCP server "${servers[at]?.name}": ${messageOf(result.reason)}`] : [],
  );
  const counts = new Map<string, number>();
  for (const { listed } of opened) for (const { name } of listed) counts.set(name, (counts.get(name) ?? 0) + 1);
  const tools = opened.flatMap(({ server, listed, client }) =>
    listed.map((tool): AgentTool => {
      const isShared = (counts.get(tool.name) ?? 0) > 1;
      return {
        name: isShared ? `${server.name}_${tool.name}` : tool.name,
        ...(tool.description === undefined ? {} : { description: tool.description }),
        parameters: tool.inputSchema as JsonObject,
        source: `MCP server ${server.name}`,
        timeoutMs: server.timeoutMs ?? DEFAULT_TIMEOUT_MS,
        run: async (args, { signal }) => {
          const timeout = server.timeoutMs ?? DEFAULT_TIMEOUT_MS;
          return mcpOutcome(await client.callTool({ name: tool.name, arguments: args }, { signal, timeout }));
        },
      };
    }),
  );
  return {
    tools,
    problems,
    close: async () => void (await Promise.allSettled(opened.map(({ client }) => client.close()))),
  };
}

interface Opened {
  readonly server: McpServer;
  readonly client: Client;
  readonly listed: readonly { readonly name: string; readonly description?: string; readonly inputSchema: unknown }[];
}

async function open(
  server: McpServer,
  { version, onStderr }: { readonly version: string; readonly onStderr?: (server: string, line: string) => void },
): Promise<Opened> {
  const { Client: McpClient } = await import('@modelcontextprotocol/client');
  const timeout = server.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const connect = async (transport: Transport): Promise<Client> => {
    const client = new McpClient({ name: 'standin', version });
    try {
      await client.connect(transport, { timeout });
      return client;
    } catch (error) {
      await client.close().catch(() => {});
      throw error;
    }
  };
  const client = 'command' in server ? await connect(await spawned(server, onStderr)) : await reached(server, connect);
  try {
    const { tools } = await client.listTools(undefined, { timeout });
    return { server, client, listed: tools };
  } catch (error) {
    await client.close().catch(() => {});
    throw error;
  }
}

async function spawned(
  server: Extract<McpServer, { command: string }>,
  onStderr: ((server: string, line: string) => void) | undefined,
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
  const options = { requestInit: { headers: { ...server.headers } } };
  if (server.isSse) return connect(new SSEClientTransport(url, options));
  try {
    return await connect(new StreamableHTTPClientTransport(url, options));
  } catch (error) {
    if (!/\b(404|405|400)\b/.test(messageOf(error))) throw error;
    return connect(new SSEClientTransport(url, options)).catch(() => {
      throw error;
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
