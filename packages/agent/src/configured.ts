import type { Config } from '@standin/core/config/model';
import type { Target } from '@standin/core/route/target';
import type { Message } from '@standin/core/spec/message';
import type { Provider } from '@standin/core/spec/provider';
import type { ChatRequest, Tool } from '@standin/core/spec/request';
import type { PriceOf } from '@standin/store/money';
import { approvalFor, type AskPerson } from './approval.ts';
import { AgentBudget, type AgentLimits, type Price } from './budget.ts';
import { delegateTool } from './delegate.ts';
import type { AgentEvent, AgentResult } from './events.ts';
import { runAgent } from './run.ts';
import type { AgentTool } from './tool.ts';

/** Who answers for an agent. */
export interface AgentModel {
  readonly provider: Provider;
  /** Of its walk: their prices bound what a call may cost. */
  readonly targets: readonly Pick<Target, 'entry' | 'model'>[];
  /** Its prompt comes with the provider. */
  readonly hasPrompt: boolean;
}

/** What agents of a config need from the program that runs them. */
export interface AgentWorld {
  readonly agents: Config['agents'];
  /** `path`: aliases from the one that was asked to this one. */
  readonly modelOf: (alias: string | undefined, path: readonly string[]) => AgentModel;
  readonly toolsOf: (alias: string | undefined) => readonly AgentTool[] | Promise<readonly AgentTool[]>;
  /** False: it is asked without tools and delegates. Default: every agent has them. */
  readonly mayRunTools?: (alias: string) => boolean;
  readonly priceOf: PriceOf;
}

export interface ConfiguredRun {
  readonly messages: readonly Message[];
  readonly request: Partial<Omit<ChatRequest, 'messages' | 'tools' | 'model'>>;
  readonly stream: boolean;
  readonly signal: AbortSignal;
  /** Tools of whoever asked; see `RunAgentOptions`. */
  readonly handBack?: readonly Tool[];
  /** Absent: nobody is there to be asked, and what would be asked about is denied. */
  readonly askPerson?: AskPerson;
  /** Longest time of the whole run, milliseconds, where the agent's own is longer or none. */
  readonly mostMs?: number;
  /** Told what a delegate does. */
  readonly onDelegate: (event: AgentEvent) => void;
}

/** Runs an agent of the config, or a model without one: prompt, tools, limits and delegates are those of the config. */
export async function* runConfigured(
  world: AgentWorld,
  alias: string | undefined,
  options: ConfiguredRun,
): AsyncGenerator<AgentEvent, AgentResult> {
  const own = limitsOf(world, alias);
  const maxMs = Math.min(own.maxMs ?? Infinity, options.mostMs ?? Infinity);
  const limits = { ...own, maxMs: maxMs === Infinity ? undefined : maxMs };
  return yield* one(world, alias, [alias ?? 'agent'], new AgentBudget(limits), limits, options);
}

async function* one(
  world: AgentWorld,
  alias: string | undefined,
  path: readonly string[],
  budget: AgentBudget,
  limits: AgentLimits,
  options: ConfiguredRun,
): AsyncGenerator<AgentEvent, AgentResult> {
  const fields = alias === undefined ? undefined : world.agents.get(alias)?.fields;
  const { provider, targets, hasPrompt } = world.modelOf(alias, path);
  const mayRun = alias === undefined || world.mayRunTools?.(alias) !== false;
  const tools: AgentTool[] = mayRun ? [...(await world.toolsOf(alias))] : [];
  const delegate = mayRun ? delegateOf(world, alias, path, budget, options) : undefined;
  if (delegate !== undefined) tools.push(delegate);
  return yield* runAgent({
    agent: path.join(' > '),
    provider,
    // Asked for by its alias an agent brings its prompt along; with another model it is given here.
    ...(!hasPrompt && fields?.system_prompt !== undefined ? { system: fields.system_prompt } : {}),
    messages: options.messages,
    tools,
    handBack: options.handBack,
    parallelTools: fields?.parallel_tools !== false,
    limits,
    budget,
    // Handing work over needs no leave: what the other agent does is asked about by itself.
    approve: approvalFor({ ...fields?.approval, delegate: 'allow' }, options.askPerson),
    signal: options.signal,
    priceOf: world.priceOf,
    dearest: dearestOf(targets, world.priceOf),
    request: options.request,
    stream: options.stream,
    summarise: fields?.summarise === true,
  });
}

function limitsOf({ agents }: AgentWorld, alias: string | undefined): AgentLimits {
  const fields = alias === undefined ? undefined : agents.get(alias)?.fields;
  return {
    maxSteps: fields?.max_steps,
    maxMs: fields?.max_secs === undefined ? undefined : fields.max_secs * 1_000,
    maxTokens: fields?.max_total_tokens,
    maxNanoUsd: fields?.max_cost_usd === undefined ? undefined : Math.round(fields.max_cost_usd * 1e9),
  };
}

function delegateOf(
  world: AgentWorld,
  alias: string | undefined,
  path: readonly string[],
  budget: AgentBudget,
  options: ConfiguredRun,
): AgentTool | undefined {
  const { agents } = world;
  const names = alias === undefined ? [] : (agents.get(alias)?.delegates ?? []);
  const delegates = names.flatMap((name) => {
    const agent = agents.get(name);
    if (agent === undefined || !agent.enabled) return [];
    const { description } = agent.fields;
    return [{ alias: name, ...(description === undefined ? {} : { description }) }];
  });
  return delegateTool({
    delegates,
    path,
    budget,
    onEvent: options.onDelegate,
    run: (name, task, context) => {
      const { handBack: _tools, mostMs: _most, ...rest } = options;
      const inner: ConfiguredRun = {
        ...rest,
        request: {},
        messages: [{ role: 'user', content: task } as const],
        signal: context.signal,
      };
      return one(world, name, [...context.path, name], context.budget, limitsOf(world, name), inner);
    },
  });
}

/** `undefined` where a target's price is not known: a money limit then lets nothing through. */
function dearestOf(targets: AgentModel['targets'], priceOf: PriceOf): Price | undefined {
  const dearest = { inputNanoUsd: 0, outputNanoUsd: 0 };
  for (const { entry, model } of targets) {
    const { inputNanoUsd, outputNanoUsd } = priceOf(entry, model) ?? {};
    if (inputNanoUsd === undefined || outputNanoUsd === undefined) return undefined;
    dearest.inputNanoUsd = Math.max(dearest.inputNanoUsd, inputNanoUsd);
    dearest.outputNanoUsd = Math.max(dearest.outputNanoUsd, outputNanoUsd);
  }
  return dearest;
}
