import type { Config } from '@standin/core/config/model';
import { globMatches } from '@standin/core/vendors/glob';
import type { AgentTool } from '../tool.ts';
import { ToolsFileError, type McpServer } from './servers.ts';

/** The servers of `[mcp.servers]` that are on. Throws `ToolsFileError` for one that says neither how to start nor to reach it. */
export function configServers(config: Config): McpServer[] {
  return Object.entries(config.document.mcp?.servers ?? {}).flatMap(([name, fields]): McpServer[] => {
    if (fields.enabled === false) return [];
    const timeout = fields.timeout_secs === undefined ? {} : { timeoutMs: fields.timeout_secs * 1_000 };
    const texts = (secrets: typeof fields.env = {}): Record<string, string> =>
      Object.fromEntries(Object.entries(secrets).map(([key, secret]) => [key, secret.reveal()]));
    if (fields.command !== undefined) {
      const { command, args = [], env, cwd } = fields;
      return [{ name, ...timeout, command, args, env: texts(env), ...(cwd === undefined ? {} : { cwd }) }];
    }
    if (fields.url === undefined)
      throw new ToolsFileError(`mcp.servers.${name} needs "command" or "url" (in ${config.file ?? 'the config'}).`);
    return [{ name, ...timeout, url: fields.url, headers: texts(fields.headers), isSse: fields.transport === 'sse' }];
  });
}

/** Servers among which the tools that `wishes` names can be: those named, or all where a wish is no server's name. */
export function serversFor(wishes: readonly string[], servers: readonly McpServer[]): McpServer[] {
  if (wishes.some((wish) => !servers.some(({ name }) => name === wish))) return [...servers];
  return servers.filter(({ name }) => wishes.includes(name));
}

/** Whether an agent whose `tools` are these may have the tool. */
export function isWished(wishes: readonly string[], { name, source = '' }: AgentTool): boolean {
  return wishes.some(
    (wish) => source === `MCP server ${wish}` || wish === name || (wish.includes('*') && globMatches(wish, name)),
  );
}
