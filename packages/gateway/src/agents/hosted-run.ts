import type { AgentEvent, AgentModel, AgentResult, AgentWorld } from '@standin/agent';
import { capabilitiesOf } from '@standin/core/library/planned';
import { iterateRun } from '@standin/core/route/iterate';
import { needsOf } from '@standin/core/route/needs';
import type { RunHandle, RunSink } from '@standin/core/route/run-types';
import type { Plan, Target } from '@standin/core/route/target';
import { ProviderError, RequestError, type AttemptRecord } from '@standin/core/spec/errors';
import type { StreamEvent } from '@standin/core/spec/event';
import type { Message } from '@standin/core/spec/message';
import type { ChatOptions, Provider } from '@standin/core/spec/provider';
import type { ChatRequest } from '@standin/core/spec/request';
import type { Usage } from '@standin/core/spec/usage';
import { sumOf } from '@standin/store/writer';
import { AnswerEvents } from './answer-events.ts';
import type { HiddenSteps } from './hidden-steps.ts';
import type { HostedCall } from './host.ts';
import { reserveStep, type StepMoney } from './step-money.ts';

type Begin = (
  modelOf: AgentWorld['modelOf'],
) => Promise<{ readonly agent: typeof import('@standin/agent'); readonly world: AgentWorld }>; // oxlint-disable-line typescript/consistent-type-imports

interface OpenStep {
  readonly money: StepMoney | undefined;
  readonly attempts: AttemptRecord[];
}

/**
 * One request answered by an agent: its model calls, its tools between them, one answer. Each model call is a walk of its
 * own, with a record under the request's id and `.1`, `.2` …; the request has one row in the ledger with the attempts of all.
 */
export class HostedRun implements RunHandle {
  readonly #call: HostedCall;
  readonly #sink: RunSink;
  readonly #events: AnswerEvents;
  readonly #abort = new AbortController();
  readonly #attempts: AttemptRecord[] = [];
  readonly #open = new Set<OpenStep>();
  readonly #usages: { usage: Usage | undefined }[] = [];
  readonly #startedMs: number;
  readonly #hidden: HiddenSteps;
  readonly #owner: string;
  /** The conversation as the caller sent it, with what it does not see of it. */
  readonly #asked: readonly Message[];
  #calls = 0;
  #target: Target | undefined;
  #isOver = false;
  #resumed: { readonly wait: Promise<void>; readonly go: () => void } | undefined;

  constructor(call: HostedCall, sink: RunSink, begin: Begin, hidden: HiddenSteps) {
    this.#call = call;
    this.#hidden = hidden;
    // Steps are one caller's own, and those of the agent that was asked.
    this.#owner = `${call.exchange.caller?.id ?? ''}\n${call.plan.agent ?? ''}`;
    this.#asked = hidden.restore(this.#owner, call.request.messages);
    this.#sink = sink;
    this.#startedMs = call.exchange.context.clock.now();
    const { tools = [], outputFormat } = call.request;
    this.#events = new AnswerEvents({
      id: call.answerId,
      handedBack: new Set(tools.map(({ name }) => name)),
      lastStepOnly: outputFormat !== undefined && outputFormat.type !== 'text',
    });
    void this.#run(begin);
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#abort.abort();
    // The account is closed right after: what the steps under way took belongs to it.
    for (const step of this.#open) step.money?.settle(step.attempts);
    this.#resumed?.go();
  }

  pause(): void {
    if (this.#resumed !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#resumed = { wait: promise, go: resolve };
  }

  resume(): void {
    this.#resumed?.go();
    this.#resumed = undefined;
  }

  async #run(begin: Begin): Promise<void> {
    try {
      const { plan, request, options } = this.#call;
      refuseState(request);
      const { agent, world } = await begin((alias, path) => this.#modelOf(alias, path));
      if (this.#isOver) return;
      const { messages: _told, tools = [], ...rest } = request;
      const mostMs = Math.min(plan.limits.deadlineMs, options.timeoutMs ?? Infinity);
      const run = agent.runConfigured(this.#guarded(world), plan.agent, {
        messages: this.#asked,
        request: rest,
        handBack: tools,
        stream: options.mode === 'stream',
        signal: this.#abort.signal,
        mostMs,
        onDelegate: () => {},
      });
      const result = await this.#drain(run);
      if (result !== undefined && !this.#isOver) this.#end(result);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** A tool of the caller's under the name of one of the agent's: whose call it was, nobody could say. */
  #guarded(world: AgentWorld): AgentWorld {
    const given = new Set((this.#call.request.tools ?? []).map(({ name }) => name));
    if (given.size === 0) return world;
    const { plan } = this.#call;
    if (given.has('delegate') && (world.agents.get(plan.agent ?? '')?.delegates ?? []).length > 0)
      throw nameTaken('delegate', plan.agent);
    return {
      ...world,
      toolsOf: async (alias) => {
        const tools = await world.toolsOf(alias);
        const taken = alias === plan.agent ? tools.find(({ name }) => given.has(name)) : undefined;
        if (taken !== undefined) throw nameTaken(taken.name, alias);
        return tools;
      },
    };
  }

  /** To the end of the run; `undefined`: the caller left. */
  async #drain(run: AsyncGenerator<AgentEvent, AgentResult>): Promise<AgentResult | undefined> {
    const lead = this.#call.plan.agent;
    for (;;) {
      const next = await run.next();
      if (this.#isOver) {
        await run.return(undefined as never).catch(() => {});
        return undefined;
      }
      if (next.done === true) return next.value;
      const event = next.value;
      if (event.agent !== lead) continue;
      if (event.type === 'step-start') this.#events.stepBegins();
      else if (event.type === 'model') this.#send(this.#events.push(event.event));
      else if (event.type === 'limit') this.#tell(event);
      await this.#resumed?.wait;
    }
  }

  #tell({ agent, limit, message: reason }: Extract<AgentEvent, { type: 'limit' }>): void {
    const { context, requestId } = this.#call.exchange;
    context.log('info', 'An agent was stopped by a limit', { requestId, agent, limit, reason });
  }

  #send(events: readonly StreamEvent[]): void {
    if (events.length > 0 && !this.#isOver) this.#sink.onEvents(events);
  }

  #end({ ended, messages }: AgentResult): void {
    if (ended === 'calls') this.#hidden.keep(this.#owner, messages.slice(this.#asked.length));
    const isAnswer = ended === 'answer' || ended === 'calls';
    const target = this.#target;
    if (target === undefined || (!isAnswer && !this.#events.hasText)) {
      const message = `The agent "${this.#call.plan.agent ?? ''}" was stopped by its limit of ${ended} before it answered.`;
      return this.#failed(new ProviderError({ kind: 'deadline', message }));
    }
    const { reason = 'stop', ...own } = this.#events.finish ?? { type: 'finish' as const };
    const usage = sumOf(this.#usages);
    const finish: StreamEvent = isAnswer
      ? { ...own, reason: ended === 'calls' ? 'tool-calls' : reason, usage }
      : // Cut off by a limit: every protocol has a way to say so.
        { type: 'finish', reason: 'length', usage };
    this.#send(this.#events.end(finish));
    this.#isOver = true;
    this.#sink.onDone({ target, attempts: this.#attempts });
  }

  #failed(error: unknown): void {
    if (this.#isOver) return;
    if (!ProviderError.is(error)) return this.#call.onFailure(error);
    this.#isOver = true;
    this.#sink.onError(error, this.#attempts);
  }

  /** Who answers for an agent of this run: the lead by the walk that was admitted, a delegate by its own. */
  #modelOf(alias: string | undefined, path: readonly string[]): AgentModel {
    const plan = path.length === 1 ? this.#call.plan : this.#call.standin.plan(alias);
    const provider: Provider = {
      name: alias ?? 'agent',
      capabilities: capabilitiesOf(plan.targets),
      chat: (request, options = {}) => this.#step(plan, path, request, options),
    };
    return { provider, targets: plan.targets, hasPrompt: true };
  }

  /** One model call. */
  async *#step(
    plan: Plan,
    path: readonly string[],
    request: ChatRequest,
    { stream, signal, onAttempt }: ChatOptions,
  ): AsyncGenerator<StreamEvent> {
    const { exchange, standin, options } = this.#call;
    const number = ++this.#calls;
    // The first one's money was reserved when the request was admitted.
    const money = number === 1 ? undefined : reserveStep(exchange, plan, path, request);
    const step: OpenStep = { money, attempts: [] };
    this.#open.add(step);
    const shiftMs = exchange.context.clock.now() - this.#startedMs;
    const isLead = path.length === 1;
    const how = isLead ? (number === 1 ? '' : `step ${number}: `) : `${path.at(-1) ?? ''}: `;
    const saw = (attempt: AttemptRecord): void => {
      const told = renumbered(attempt, this.#attempts.length + 1, shiftMs, how);
      step.attempts.push(told);
      this.#attempts.push(told);
      this.#call.onAttempt(told, number);
      onAttempt?.(attempt);
    };
    const { timeoutMs: _own, relay: _none, ...rest } = options;
    const start = (sink: RunSink): RunHandle =>
      standin.start(
        money?.plan ?? plan,
        request,
        {
          ...rest,
          mode: stream === false ? 'whole' : 'stream',
          signal,
          requestId: `${exchange.requestId}.${number}`,
          onAttempt: saw,
        },
        isLead ? this.#telling(sink) : sink,
      );
    try {
      for await (const event of iterateRun(start)) {
        if (event.type === 'finish') this.#usages.push({ usage: event.usage });
        yield event;
      }
    } finally {
      this.#open.delete(step);
      money?.settle(step.attempts);
    }
  }

  /** Who answers is told to the answer, for its headers. */
  #telling(sink: RunSink): RunSink {
    const own = this.#sink;
    return {
      onAnswering: (answering) => {
        this.#target = answering.target;
        if (!this.#isOver) own.onAnswering?.(answering);
      },
      onCommit: (answering) => void (this.#target = answering.target),
      onRescue: (rescue) => own.onRescue?.(rescue),
      onEvents: (events, frames) => sink.onEvents(events, frames),
      onDone: (result) => {
        this.#target = result.target;
        sink.onDone(result);
      },
      onError: (error, attempts) => sink.onError(error, attempts),
    };
  }
}

/** Times from the beginning of the run, numbers over all its steps. */
function renumbered(attempt: AttemptRecord, number: number, shiftMs: number, how: string): AttemptRecord {
  const { startedMs, firstContentMs, endedMs, reason } = attempt;
  return {
    ...attempt,
    attempt: number,
    startedMs: startedMs + shiftMs,
    ...(firstContentMs === undefined ? {} : { firstContentMs: firstContentMs + shiftMs }),
    endedMs: endedMs + shiftMs,
    reason: `${how}${reason}`,
  };
}

/** A conversation that a vendor keeps has no place for the steps in between. */
function refuseState(request: ChatRequest): void {
  const { stored } = needsOf(request);
  if (stored === undefined) return;
  const message = `${stored.field} names what one vendor keeps, and an agent whose tools run on the gateway answers over several calls: send the whole conversation instead.`;
  throw new RequestError(message, { code: 'unsupported_parameter', param: stored.field });
}

function nameTaken(name: string, agent: string | undefined): RequestError {
  const message = `The request has a tool "${name}", and the agent "${agent ?? ''}" has one of its own by that name: rename it.`;
  return new RequestError(message, { code: 'tool_name_taken', param: 'tools' });
}
