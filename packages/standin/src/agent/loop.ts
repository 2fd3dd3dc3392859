import type { AgentBudget, AgentEvent, AgentLimits, AgentResult, AgentTool, AskPerson, Price } from '@standin/agent';
import type { Message } from '@standin/core/spec/message';
import type { ChatRequest } from '@standin/core/spec/request';
import type { PriceOf } from '@standin/store/money';
import type { OpenStandin } from '../cli/open.ts';
import { selectorFor, type RouteOptions } from '../cli/selector.ts';
import type { ToolBox } from './tools.ts';

type AgentModule = typeof import('@standin/agent'); // oxlint-disable-line typescript/consistent-type-imports

export interface LoopOptions {
  readonly route: RouteOptions;
  readonly messages: readonly Message[];
  readonly request: Partial<Omit<ChatRequest, 'messages' | 'tools' | 'model'>>;
  readonly stream: boolean;
  readonly signal: AbortSignal;
  readonly askPerson?: AskPerson;
  /** Told what a delegate does. */
  readonly onDelegate: (event: AgentEvent) => void;
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

  async *run(options: LoopOptions): AsyncGenerator<AgentEvent, AgentResult> {
    const alias = this.#aliasOf(options.route);
    const limits = this.#limitsOf(alias);
    const budget = new this.#agent.AgentBudget(limits);
    const selector = await selectorFor(options.route, this.#open);
    return yield* this.#one(alias, selector, [alias ?? 'agent'], budget, limits, options);
  }

  #one(
    alias: string | undefined,
    selector: string | undefined,
    path: readonly string[],
    budget: AgentBudget,
    limits: AgentLimits,
    options: LoopOptions,
  ): AsyncGenerator<AgentEvent, AgentResult> {
    const { standin, config } = this.#open;
    const fields = alias === undefined ? undefined : config.agents.get(alias)?.fields;
    const plan = standin.plan(selector);
    const tools: AgentTool[] = [...(this.#tools?.of(alias) ?? [])];
    const delegate = this.#delegateOf(alias, path, budget, options);
    if (delegate !== undefined) tools.push(delegate);
    return this.#agent.runAgent({
      agent: path.join(' > '),
      provider: standin.provider(selector),
      // Asked for by its alias an agent brings its prompt along; with another model it is given here.
      ...(plan.system === undefined && fields?.system_prompt !== undefined ? { system: fields.system_prompt } : {}),
      messages: options.messages,
      tools,
      parallelTools: fields?.parallel_tools !== false,
      limits,
      budget,
      // Handing work over needs no leave: what the other agent does is asked about by itself.
      approve: this.#agent.approvalFor({ ...fields?.approval, delegate: 'allow' }, options.askPerson),
      signal: options.signal,
      priceOf: this.#priceOf,
      dearest: this.#dearestOf(plan.targets),
      request: options.request,
      stream: options.stream,
      summarise: fields?.summarise === true,
    });
  }

  #limitsOf(alias: string | undefined): AgentLimits {
    const fields = alias === undefined ? undefined : this.#open.config.agents.get(alias)?.fields;
    return {
      maxSteps: fields?.max_steps,
      maxMs: fields?.max_secs === undefined ? undefined : fields.max_secs * 1_000,
      maxTokens: fields?.max_total_tokens,
      maxNanoUsd: fields?.max_cost_usd === undefined ? undefined : Math.round(fields.max_cost_usd * 1e9),
    };
  }

  #delegateOf(
    alias: string | undefined,
    path: readonly string[],
    budget: AgentBudget,
    options: LoopOptions,
  ): AgentTool | undefined {
    const { agents } = this.#open.config;
    const names = alias === undefined ? [] : (agents.get(alias)?.delegates ?? []);
    const delegates = names.flatMap((name) => {
      const agent = agents.get(name);
      if (agent === undefined || !agent.enabled) return [];
      const { description } = agent.fields;
      return [{ alias: name, ...(description === undefined ? {} : { description }) }];
    });
    return this.#agent.delegateTool({
      delegates,
      path,
      budget,
      onEvent: options.onDelegate,
      run: (name, task, context) => {
        const { request: _own, ...rest } = options;
        const inner = {
          ...rest,
          request: {},
          messages: [{ role: 'user', content: task } as const],
          signal: context.signal,
        };
        return this.#one(name, name, [...context.path, name], context.budget, this.#limitsOf(name), inner);
      },
    });
  }

  /** `undefined` where a target's price is not known: a money limit then lets nothing through. */
  #dearestOf(targets: readonly { readonly entry: string; readonly model: string }[]): Price | undefined {
    const dearest = { inputNanoUsd: 0, outputNanoUsd: 0 };
    for (const { entry, model } of targets) {
      const { inputNanoUsd, outputNanoUsd } = this.#priceOf(entry, model) ?? {};
      if (inputNanoUsd === undefined || outputNanoUsd === undefined) return undefined;
      dearest.inputNanoUsd = Math.max(dearest.inputNanoUsd, inputNanoUsd);
      dearest.outputNanoUsd = Math.max(dearest.outputNanoUsd, outputNanoUsd);
    }
    return dearest;
  }
}
