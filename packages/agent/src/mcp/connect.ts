import type { JsonObject } from '@standin/core/spec/json';
import type { AgentTool } from '../tool.ts';
import { McpConnection, type ListedTool } from './connection.ts';
import { mcpOutcome } from './content.ts';
import type { McpServer } from './servers.ts';
import { messageOf, type ConnectOptions } from './transports.ts';

/** Running MCP servers and what they offer. */
export interface McpTools {
  readonly tools: readonly AgentTool[];
  /** Servers that could not be reached, in words. */
  readonly problems: readonly string[];
  close(): Promise<void>;
}

/**
 * Connects to every server at once. One that cannot be reached is told in `problems` and left out: the others work.
 * Tools keep their own names; where two servers have the same one, both are called `<server>_<tool>`. A server that dies
 * later is started again by the next call of one of its tools.
 */
export async function connectMcp(servers: readonly McpServer[], options: ConnectOptions): Promise<McpTools> {
  const connections = servers.map((server) => new McpConnection(server, options));
  return {
    ...(await toolsOf(connections)),
    close: async () => void (await Promise.allSettled(connections.map((one) => one.close()))),
  };
}

/** What the servers offer together; those that do not run are started. */
export async function toolsOf(
  connections: readonly McpConnection[],
): Promise<{ readonly tools: readonly AgentTool[]; readonly problems: readonly string[] }> {
  const results = await Promise.allSettled(connections.map(async (one) => one.tools()));
  const problems: string[] = [];
  const counts = new Map<string, number>();
  for (const [at, result] of results.entries()) {
    if (result.status === 'rejected')
      problems.push(`MCP server "${connections[at]?.server.name}": ${messageOf(result.reason)}`);
    else for (const { name } of result.value) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const tools = connections.flatMap((connection, at) => {
    const result = results[at];
    if (result?.status !== 'fulfilled') return [];
    return result.value.map((tool) => agentTool(connection, tool, (counts.get(tool.name) ?? 0) > 1));
  });
  return { tools, problems };
}

function agentTool(connection: McpConnection, tool: ListedTool, isShared: boolean): AgentTool {
  const { name: server } = connection.server;
  return {
    name: isShared ? `${server}_${tool.name}` : tool.name,
    ...(tool.description === undefined ? {} : { description: tool.description }),
    parameters: tool.inputSchema as JsonObject,
    source: `MCP server ${server}`,
    timeoutMs: connection.timeoutMs,
    run: async (args, { signal }) => mcpOutcome(await connection.call(tool.name, args, signal)),
  };
}
