import { createHash } from 'node:crypto';
import type { AgentTool } from '../tool.ts';
import { toolsOf } from './connect.ts';
import { McpConnection } from './connection.ts';
import type { McpServer } from './servers.ts';
import type { ConnectOptions } from './transports.ts';

/** Running MCP servers that many runs share. */
export interface McpPool {
  /** Their tools; those that do not run are started. What could not be reached is told in `problems`. */
  tools(
    servers: readonly McpServer[],
  ): Promise<{ readonly tools: readonly AgentTool[]; readonly problems: readonly string[] }>;
  /** Stops servers that are not (any more, or not as they run) among these. */
  keepOnly(servers: readonly McpServer[]): void;
  close(): Promise<void>;
}

/** One server runs once, whoever uses it; one whose config has changed is another server. */
export function createMcpPool(options: ConnectOptions): McpPool {
  const connections = new Map<string, McpConnection>();
  // Its values may be secrets.
  const idOf = (server: McpServer): string => createHash('sha256').update(JSON.stringify(server)).digest('base64');
  const connectionOf = (server: McpServer): McpConnection => {
    const id = idOf(server);
    let connection = connections.get(id);
    if (connection === undefined) {
      connection = new McpConnection(server, options);
      connections.set(id, connection);
    }
    return connection;
  };
  return {
    tools: async (servers) => toolsOf(servers.map(connectionOf)),
    keepOnly(servers) {
      const kept = new Set(servers.map(idOf));
      for (const [id, connection] of connections) {
        if (kept.has(id)) continue;
        connections.delete(id);
        void connection.close();
      }
    },
    async close() {
      const all = [...connections.values()];
      connections.clear();
      await Promise.allSettled(all.map(async (one) => one.close()));
    },
  };
}
