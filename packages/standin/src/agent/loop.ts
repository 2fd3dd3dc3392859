import type { AgentEvent, AgentResult, ConfiguredRun } from '@standin/agent';
import type { PriceOf } from '@standin/store/money';
import type { OpenStandin } from '../cli/open.ts';
import { selectorFor, type RouteOptions } from '../cli/selector.ts';
import type { ToolBox } from './tools.ts';

type AgentModule = typeof import('@standin/agent'); // oxlint-disable-line typescript/consistent-type-imports

export interface LoopOptions extends Omit<ConfiguredRun, 'handBack' | 'mostMs'> {
  readonly route: RouteOptions;
}

/** Runs agents of the config: their models, prompts, tools, limits and delegates. */
export class AgentLoops {
  readonly #open: OpenStandin;
  readonly #tools: ToolBox | undefined;
  readonly #agent: AgentModule;
  readonly #priceOf: PriceOf;

  constructor(open: OpenStandin, tools: ToolBox | undefined, agent: AgentModule, priceOf: PriceOf) {
    this.#open = open;
    this.#tools = tools;
    this.#agent = agent;
    this.#priceOf = priceOf;
  }

  /** The agent that `route` leads to, when it leads to one. */
  #aliasOf({ agent, provider, model }: RouteOptions): string | undefined {
    if (agent !== undefined) return agent;
    const { agents, defaultAgent } = this.#open.config;
    if (model !== undefined) return agents.has(model) ? model : undefined;
    return provider === undefined ? defaultAgent : undefined;
  }

  async *run({ route, ...options }: LoopOptions): AsyncGenerator<AgentEvent, AgentResult> {
    const alias = this.#aliasOf(route);
    const { standin, config } = this.#open;
    const asked = await selectorFor(route, this.#open);
    return yield* this.#agent.runConfigured(
      {
        agents: config.agents,
        priceOf: this.#priceOf,
        toolsOf: (name) => this.#tools?.of(name) ?? [],
        modelOf(name, path) {
          const selector = path.length === 1 ? asked : name;
          const plan = standin.plan(selector);
          return {
            provider: standin.provider(selector),
            targets: plan.targets,
            hasPrompt: plan.system !== undefined,
          };
        },
      },
      alias,
      options,
    );
  }
}
