import type { AgentTool, AgentWorld, McpPool } from '@standin/agent';
import type { Config } from '@standin/core/config/model';
import type { Standin, StartOptions } from '@standin/core/library/standin-types';
import type { RunHandle, RunSink } from '@standin/core/route/run-types';
import type { Plan } from '@standin/core/route/target';
import type { AttemptRecord } from '@standin/core/spec/errors';
import type { ChatRequest } from '@standin/core/spec/request';
import type { Log } from '@standin/core/spec/log';
import type { PriceOf } from '@standin/store/money';
import { ownFailure } from '../caller-errors.ts';
import type { Exchange } from '../exchange.ts';
import { createHiddenSteps, type HiddenSteps } from './hidden-steps.ts';
import { HostedRun } from './hosted-run.ts';
import { Refused } from './refused.ts';

export interface AgentsOptions {
  /** The current one: of the Standin that answers. */
  readonly config: () => Config;
  /** Of this program, told to MCP servers. */
  readonly version: string;
}

/** One request that an agent of this gateway answers. */
export interface HostedCall {
  readonly exchange: Exchange;
  readonly standin: Standin;
  readonly plan: Plan;
  readonly request: ChatRequest;
  readonly options: StartOptions;
  /** The answer's own id: it is no vendor's. */
  readonly answerId: string;
  /** `step`: the model call it belongs to; the money of those after the first was reserved by itself. Attempts are numbered over the whole run. */
  readonly onAttempt: (attempt: AttemptRecord, step: number) => void;
  /** The run ended of something that is no vendor's failure: `Refused`, a mistake in the request, a bug. */
  readonly onFailure: (error: unknown) => void;
}

/** Agents whose tools this gateway runs (`run_tools = "gateway"`). */
export interface AgentHost {
  /** Whether the walk is that of such an agent. */
  hosts(plan: Plan): boolean;
  /** As `Standin.start`, over as many model calls as the agent makes. */
  start(call: HostedCall, sink: RunSink): RunHandle;
  /** Stops the tool servers. */
  close(): Promise<void>;
}

type AgentModule = typeof import('@standin/agent'); // oxlint-disable-line typescript/consistent-type-imports

/** The agent's code and its tool servers are loaded and started by the first call that needs them. */
export function createAgentHost(options: AgentsOptions, log: Log, priceOf: PriceOf = () => undefined): AgentHost {
  let pool: McpPool | undefined;
  const hidden: HiddenSteps = createHiddenSteps();
  let isClosed = false;
  let seen: Config | undefined;
  const poolOf = (agent: AgentModule, config: Config): McpPool => {
    if (isClosed) throw new Refused(ownFailure(503, 'shutting_down', 'The gateway is shutting down.'));
    pool ??= agent.createMcpPool({
      version: options.version,
      onStderr: (server, line) => log('debug', 'An MCP server says', { server, line }),
    });
    if (seen !== undefined && seen !== config) pool.keepOnly(agent.configServers(config));
    seen = config;
    return pool;
  };
  const runsTools = (config: Config, alias: string): boolean =>
    config.agents.get(alias)?.fields.run_tools === 'gateway';
  const toolsOf = async (agent: AgentModule, config: Config, alias: string): Promise<readonly AgentTool[]> => {
    const wishes = config.agents.get(alias)?.fields.tools ?? [];
    if (wishes.length === 0) return [];
    const servers = agent.serversFor(wishes, agent.configServers(config));
    const { tools, problems } = await poolOf(agent, config).tools(servers);
    for (const reason of problems) log('warn', 'A tool server is left out', { agent: alias, reason });
    const own = tools.filter((tool) => agent.isWished(wishes, tool));
    if (own.length > 0 || problems.length === 0) return own;
    const message = `None of the tool servers of the agent "${alias}" could be reached; the gateway's log says why.`;
    throw new Refused(
      ownFailure(502, 'tool_servers_unavailable', message, ['x-should-retry', 'true', 'retry-after', '1']),
    );
  };
  return {
    hosts({ agent: alias }) {
      if (alias === undefined) return false;
      const config = options.config();
      const agent = config.agents.get(alias);
      return (
        runsTools(config, alias) && ((agent?.fields.tools ?? []).length > 0 || (agent?.delegates ?? []).length > 0)
      );
    },
    start(call, sink) {
      const config = options.config();
      const begin = async (modelOf: AgentWorld['modelOf']): Promise<{ agent: AgentModule; world: AgentWorld }> => {
        const agent = await import('@standin/agent');
        const world: AgentWorld = {
          agents: config.agents,
          priceOf,
          modelOf,
          mayRunTools: (alias) => runsTools(config, alias),
          toolsOf: (alias) => (alias === undefined ? [] : toolsOf(agent, config, alias)),
        };
        return { agent, world };
      };
      return new HostedRun(call, sink, begin, hidden);
    },
    async close() {
      isClosed = true;
      await pool?.close();
    },
  };
}
