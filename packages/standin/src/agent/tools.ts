import { readFileSync } from 'node:fs';
import type { AgentTool, McpTools } from '@standin/agent';
import type { Config } from '@standin/core/config/model';
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
  const { configServers, connectMcp, isWished, parseServers, serversFor } = await import('@standin/agent');
  const given = toolsFile === undefined ? [] : parseServers(readTools(toolsFile), `--tools ${toolsFile}`, context.env);
  const wanted = [...config.agents.values()].flatMap(({ fields }) => fields.tools ?? []);
  const configured = wanted.length === 0 ? [] : serversFor(wanted, configServers(config));
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
      return mcp.tools.filter((tool) => isGiven.has(tool.source ?? '') || isWished(names, tool));
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
