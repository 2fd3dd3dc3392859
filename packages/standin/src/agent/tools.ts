import { readFileSync } from 'node:fs';
import type { AgentTool, McpServer, McpTools } from '@standin/agent';
import type { Config } from '@standin/core/config/model';
import { globMatches } from '@standin/core/vendors/glob';
import type { CommandContext } from '../cli/context.ts';
import { UsageError } from '../cli/exit.ts';
import { reasonOf } from '../cli/reason.ts';

/** Every tool that is there, and which of them an agent has. */
export interface ToolBox extends Pick<McpTools, 'close'> {
  /** Tools of an agent: what its config names, and those of `--tools`. */
  of(alias: string | undefined): readonly AgentTool[];
}

/** Starts the servers of `[mcp.servers]` that some agent uses, and those of `--tools FILE`. Throws `UsageError`. */
export async function openTools(
  config: Config,
  toolsFile: string | undefined,
  context: CommandContext,
): Promise<ToolBox | undefined> {
  const { connectMcp, parseServers } = await import('@standin/agent');
  const given = toolsFile === undefined ? [] : parseServers(readTools(toolsFile), `--tools ${toolsFile}`, context.env);
  const wanted = [...config.agents.values()].flatMap(({ fields }) => fields.tools ?? []);
  const configured = wanted.length === 0 ? [] : configServers(config);
  if (given.length + configured.length === 0) return undefined;
  const servers = [...configured.filter(({ name }) => !given.some((one) => one.name === name)), ...given];
  const { log } = context.logger();
  const mcp = await connectMcp(servers, {
    version: context.version,
    onStderr: (server, line) => log('debug', 'An MCP server says', { server, line }),
  });
  for (const problem of mcp.problems) log('warn', 'A tool server is left out', { reason: problem });
  if (mcp.problems.length === servers.length) {
    await mcp.close();
    throw new UsageError(`No tool server could be reached. ${mcp.problems.join(' ')}`);
  }
  const isGiven = new Set(given.map(({ name }) => `MCP server ${name}`));
  return {
    close: () => mcp.close(),
    of: (alias) => {
      const names = alias === undefined ? [] : (config.agents.get(alias)?.fields.tools ?? []);
      return mcp.tools.filter(
        ({ name, source = '' }) =>
          isGiven.has(source) ||
          names.some(
            (wish) =>
              source === `MCP server ${wish}` || wish === name || (wish.includes('*') && globMatches(wish, name)),
          ),
      );
    },
  };
}

function readTools(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`--tools ${path}: cannot be read (${reasonOf(error)}).`, { cause: error });
  }
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const place = /position \d+( \(line \d+ column \d+\))?/.exec(String(error))?.[0];
    throw new UsageError(`--tools ${path}: not valid JSON${place === undefined ? '' : ` at ${place}`}.`, {
      cause: error,
    });
  }
}

function configServers(config: Config): McpServer[] {
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
      throw new UsageError(`mcp.servers.${name} needs "command" or "url" (in ${config.file ?? 'the config'}).`);
    return [{ name, ...timeout, url: fields.url, headers: texts(fields.headers), isSse: fields.transport === 'sse' }];
  });
}
