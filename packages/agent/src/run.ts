import type { Provider } from '@standin/core/spec/provider';
import { ProviderError, type AttemptRecord } from '@standin/core/spec/errors';
import type { Message, ToolCallPart } from '@standin/core/spec/message';
import type { ChatRequest, Tool } from '@standin/core/spec/request';
import type { ChatResponse } from '@standin/core/spec/response';
import { createCollector } from '@standin/core/stream/collect';
import { costOfAttempts, type PriceOf } from '@standin/store/money';
import { Channel } from './channel.ts';
import { AgentBudget, type AgentLimits, type LimitName, type Price, type Reserved } from './budget.ts';
import { estimateTokens } from './estimate.ts';
import type { AgentEvent, AgentResult } from './events.ts';
import { LoopGuard } from './loop-guard.ts';
import { notRun, resultsOf } from './results.ts';
import { runTool, type Approve } from './run-tool.ts';
import type { AgentTool, ToolOutcome } from './tool.ts';
import { SUMMARY_TOKENS, summaryOf } from './summary.ts';
import { fitWindow } from './window.ts';

export interface RunAgentOptions {
  /** Path of aliases, for the events. Default `agent`. */
  readonly agent?: string;
  readonly provider: Provider;
  readonly system?: string;
  /** The conversation so far, the new question last. */
  readonly messages: readonly Message[];
  readonly tools?: readonly AgentTool[];
  /** Tools of whoever asked: the model may call them, and the run ends with these calls, which are not run here. */
  readonly handBack?: readonly Tool[];
  /** Calls of one step run at the same time. Default true. */
  readonly parallelTools?: boolean;
  readonly limits?: AgentLimits;
  /** Shared with whoever delegated this; its limits are then the outer ones. */
  readonly budget?: AgentBudget;
  /** Default: every tool may run. */
  readonly approve?: Approve;
  readonly signal?: AbortSignal;
  /** Prices, for cost and money limits: by target that answered. */
  readonly priceOf?: PriceOf;
  /** The dearest price among the targets, for what a call may cost before it is made. */
  readonly dearest?: Price;
  /** Further fields of each request (`temperature`, `outputFormat` …); a tool it demands is demanded of the first only. */
  readonly request?: Partial<Omit<ChatRequest, 'messages' | 'tools'>>;
  /** Default true. */
  readonly stream?: boolean;
  /** Tokens the model can read. Default: the provider's, else unknown and not trimmed beforehand. */
  readonly contextWindow?: number;
  /** Put a summary in the place of what no longer fits. Default false. */
  readonly summarise?: boolean;
  /** Characters of a tool's result that the model is given. Default 60,000. */
  readonly mostResultChars?: number;
}

export const DEFAULT_MAX_STEPS = 25;
/** Output that is expected where the request does not say. */
const USUAL_OUTPUT_TOKENS = 4_096;
/** Of the window; the rest is for the answer and for what the estimate misses. */
const WINDOW_SHARE = 0.85;
const MOST_PARALLEL = 8;

/**
 * Asks the model, runs the tools it calls, gives it the results, and again, until it answers without a call or a limit
 * ends it. Yields what happens; returns the result. Throws `ProviderError` when a model call fails on its whole chain,
 * and an `AbortError` when the signal aborts; the last `checkpoint` then holds the conversation to go on from.
 */
export async function* runAgent(options: RunAgentOptions): AsyncGenerator<AgentEvent, AgentResult> {
  return yield* new AgentRun(options).run();
}

class AgentRun {
  readonly #options: RunAgentOptions;
  readonly #name: string;
  readonly #budget: AgentBudget;
  readonly #signal: AbortSignal;
  readonly #deadline: AbortSignal | undefined;
  readonly #tools: ReadonlyMap<string, AgentTool>;
  /** What the model is told of. */
  readonly #offered: readonly Tool[];
  readonly #guard = new LoopGuard();
  #messages: readonly Message[];
  #steps = 0;
  /** Real input tokens per estimated one, from the last answer. */
  #scale = 1;

  constructor(options: RunAgentOptions) {
    this.#options = options;
    this.#name = options.agent ?? 'agent';
    this.#budget = options.budget ?? new AgentBudget(options.limits ?? {});
    const { maxMs } = options.limits ?? {};
    this.#deadline = maxMs === undefined ? undefined : AbortSignal.timeout(maxMs);
    const signals = [options.signal, this.#deadline].filter((signal) => signal !== undefined);
    this.#signal = AbortSignal.any(signals);
    this.#tools = new Map((options.tools ?? []).map((tool) => [tool.name, tool]));
    const own = [...this.#tools.values()].map(({ name, description, parameters }) => ({
      name,
      description,
      parameters,
    }));
    this.#offered = [...own, ...(options.handBack ?? [])];
    this.#messages = options.messages;
  }

  async *run(): AsyncGenerator<AgentEvent, AgentResult> {
    const agent = this.#name;
    const maxSteps = this.#options.limits?.maxSteps ?? DEFAULT_MAX_STEPS;
    yield { type: 'checkpoint', agent, messages: this.#messages };
    let last: ChatResponse | undefined;
    try {
      for (;;) {
        const isLast = this.#steps + 1 >= maxSteps;
        const answer = yield* this.#step(isLast && this.#tools.size > 0 && this.#steps > 0);
        if (typeof answer === 'string') return yield* this.#stopped(answer, last);
        last = answer;
        const calls = answer.content.filter((part) => part.type === 'tool-call');
        if (calls.length === 0) {
          this.#append({ role: 'assistant', content: answer.content });
          yield { type: 'checkpoint', agent, messages: this.#messages };
          return this.#result('answer', answer);
        }
        const own = calls.filter(({ name }) => !this.#isHandedBack(name));
        if (own.length < calls.length) {
          const outcomes = own.length === 0 ? [] : yield* this.#runTools(own);
          const results = own.length === 0 ? [] : [resultsOf(own, outcomes)];
          this.#append({ role: 'assistant', content: answer.content }, ...results);
          return this.#result('calls', answer);
        }
        if (isLast) {
          this.#append(
            { role: 'assistant', content: answer.content },
            resultsOf(calls, notRun(calls, 'The limit of steps is reached.')),
          );
          yield { type: 'checkpoint', agent, messages: this.#messages };
          return yield* this.#stopped('steps', answer);
        }
        const verdict = this.#guard.look(calls);
        if (verdict === 'stop') {
          this.#append({ role: 'assistant', content: answer.content }, resultsOf(calls, notRun(calls, REPEATED)));
          return yield* this.#stopped('loop', answer);
        }
        const outcomes = verdict === 'refuse' ? notRun(calls, REPEATED) : yield* this.#runTools(calls);
        this.#append({ role: 'assistant', content: answer.content }, resultsOf(calls, outcomes));
        yield { type: 'checkpoint', agent, messages: this.#messages };
      }
    } catch (error) {
      if (this.#deadline?.aborted === true && this.#options.signal?.aborted !== true)
        return yield* this.#stopped('time', last);
      throw error;
    }
  }

  #isHandedBack(name: string): boolean {
    return !this.#tools.has(name) && this.#options.handBack?.some((tool) => tool.name === name) === true;
  }

  #append(...messages: readonly Message[]): void {
    this.#messages = [...this.#messages, ...messages];
  }

  /** One model call. With `mustAnswer` no tool may be called: the limit of steps is near. */
  async *#step(mustAnswer: boolean): AsyncGenerator<AgentEvent, ChatResponse | LimitName> {
    for (let shrink = 1; ; shrink *= 0.6) {
      const messages = yield* this.#fitted(shrink);
      const tools = this.#offered;
      const inputTokens = Math.ceil(estimateTokens(messages, tools) * this.#scale);
      const wanted = this.#options.request?.maxTokens ?? USUAL_OUTPUT_TOKENS;
      const reserved = this.#budget.reserve(inputTokens, wanted, this.#options.dearest);
      if (typeof reserved === 'string') return reserved;
      this.#steps += 1;
      yield { type: 'step-start', agent: this.#name, step: this.#steps };
      try {
        return yield* this.#call(messages, tools, reserved, mustAnswer);
      } catch (error) {
        // The window was smaller than known: less of the conversation, once or twice.
        const isTooLong = ProviderError.is(error) && error.kind === 'context-window' && shrink > 0.3;
        if (!isTooLong || messages.length <= 1) throw error;
        this.#steps -= 1;
      }
    }
  }

  async *#call(
    messages: readonly Message[],
    tools: readonly Tool[],
    reserved: Reserved,
    mustAnswer: boolean,
  ): AsyncGenerator<AgentEvent, ChatResponse> {
    const { provider, request, stream, priceOf, system } = this.#options;
    const attempts: AttemptRecord[] = [];
    const collector = createCollector();
    let response: ChatResponse | undefined;
    const asked: ChatRequest = {
      ...request,
      messages: system === undefined ? messages : [{ role: 'system', content: system }, ...messages],
      ...(tools.length === 0 ? {} : { tools }),
      ...this.#choice(mustAnswer),
      // Only a limit that bites is told: else the vendor's own default holds.
      ...(reserved.isCut || this.#budget.limitsMoney ? { maxTokens: reserved.outputTokens } : {}),
    };
    const costOf = (): number | undefined => (priceOf === undefined ? undefined : costOfAttempts(attempts, priceOf));
    try {
      for await (const event of provider.chat(asked, {
        stream: stream !== false,
        signal: this.#signal,
        onAttempt: (attempt) => void attempts.push(attempt),
      })) {
        collector.push(event);
        yield { type: 'model', agent: this.#name, event };
      }
      this.#signal.throwIfAborted();
      response = collector.finish();
    } finally {
      // A failed call that no vendor billed costs nothing; whatever else is not known counts as set aside.
      const isFree =
        response === undefined &&
        attempts.every(({ usage, firstContentMs }) => usage === undefined && firstContentMs === undefined);
      this.#budget.settle(
        reserved,
        isFree ? { inputTokens: 0, outputTokens: 0 } : response?.usage,
        isFree ? 0 : costOf(),
      );
    }
    const { inputTokens } = response.usage ?? {};
    const estimated = estimateTokens(asked.messages, tools);
    if (inputTokens !== undefined && estimated > 0) this.#scale = Math.min(4, Math.max(0.5, inputTokens / estimated));
    const costNanoUsd = costOf();
    yield {
      type: 'step-end',
      agent: this.#name,
      step: this.#steps,
      response,
      attempts,
      ...(costNanoUsd === undefined ? {} : { costNanoUsd }),
    };
    return response;
  }

  #choice(mustAnswer: boolean): Pick<ChatRequest, 'toolChoice'> {
    if (mustAnswer) return { toolChoice: { type: 'none' } };
    const { toolChoice } = this.#options.request ?? {};
    // Demanded again after its result, the same call would be made for ever.
    return this.#steps > 1 && toolChoice?.type !== 'none' ? { toolChoice: undefined } : {};
  }

  async *#fitted(shrink: number): AsyncGenerator<AgentEvent, readonly Message[]> {
    const { provider, contextWindow = provider.capabilities.contextWindow, summarise } = this.#options;
    const own = estimateTokens([{ role: 'system', content: this.#options.system ?? '' }], this.#offered) * this.#scale;
    const known = contextWindow === undefined ? undefined : contextWindow * WINDOW_SHARE * shrink;
    const room = known ?? (shrink === 1 ? Infinity : estimateTokens(this.#messages) * this.#scale * shrink);
    const fitted = fitWindow(this.#messages, Math.max(200, room - own), this.#scale);
    if (fitted.dropped.length === 0 && fitted.emptied === 0) return fitted.messages;
    let { messages } = fitted;
    let isSummarised = false;
    if (summarise === true && fitted.dropped.length > 0) {
      const summary = await this.#summary(fitted.dropped.flat(), provider);
      if (summary !== undefined) {
        messages = [
          { role: 'user', content: `Summary of the conversation before this point:\n${summary}` },
          { role: 'assistant', content: 'Understood.' },
          ...messages,
        ];
        isSummarised = true;
        // From now on the summary is the conversation's beginning: it is not made again for every step.
        this.#messages = messages;
      }
    }
    yield {
      type: 'trimmed',
      agent: this.#name,
      turns: fitted.dropped.length,
      results: fitted.emptied,
      summarised: isSummarised,
    };
    return messages;
  }

  /** A summary is paid from the same budget; `undefined` where that has no room for one. */
  async #summary(dropped: readonly Message[], provider: Provider): Promise<string | undefined> {
    const { dearest, priceOf } = this.#options;
    const reserved = this.#budget.reserve(SUMMARY_TOKENS.input, SUMMARY_TOKENS.output, dearest);
    if (typeof reserved === 'string') return undefined;
    const attempts: AttemptRecord[] = [];
    let response: ChatResponse | undefined;
    try {
      response = await summaryOf(dropped, provider, {
        signal: this.#signal,
        maxTokens: reserved.outputTokens,
        onAttempt: (attempt) => void attempts.push(attempt),
      });
    } finally {
      const cost = priceOf === undefined ? undefined : costOfAttempts(attempts, priceOf);
      this.#budget.settle(reserved, response?.usage, cost);
    }
    const text = response?.text.trim() ?? '';
    return text === '' ? undefined : text;
  }

  async *#runTools(calls: readonly ToolCallPart[]): AsyncGenerator<AgentEvent, readonly ToolOutcome[]> {
    const channel = new Channel<AgentEvent>();
    const outcomes: ToolOutcome[] = [];
    const one = async (call: ToolCallPart, at: number): Promise<void> => {
      const startedAt = performance.now();
      channel.push({ type: 'tool-start', agent: this.#name, call });
      const outcome = await runTool(call, this.#tools, {
        signal: this.#signal,
        approve: this.#options.approve ?? (async () => true),
        mostChars: this.#options.mostResultChars,
      });
      outcomes[at] = outcome;
      channel.push({ type: 'tool-end', agent: this.#name, call, outcome, tookMs: performance.now() - startedAt });
    };
    const lanes = this.#options.parallelTools === false ? 1 : Math.min(MOST_PARALLEL, calls.length);
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let at = next++; at < calls.length; at = next++) {
        const call = calls[at];
        if (call !== undefined) await one(call, at);
      }
    };
    channel.closeAfter(Promise.all(Array.from({ length: lanes }, lane)));
    yield* channel;
    return outcomes;
  }

  async *#stopped(limit: LimitName, response: ChatResponse | undefined): AsyncGenerator<AgentEvent, AgentResult> {
    yield { type: 'limit', agent: this.#name, limit, message: LIMITS[limit] };
    return this.#result(limit, response);
  }

  #result(ended: AgentResult['ended'], response: ChatResponse | undefined): AgentResult {
    const { tokens, nanoUsd, unknownCosts } = this.#budget;
    return {
      text: response?.text ?? '',
      response,
      messages: this.#messages,
      steps: this.#steps,
      ended,
      tokens,
      nanoUsd,
      unknownCosts,
    };
  }
}

const REPEATED =
  'This very call was just made several times. Its result will not change: use what you have, or do something else.';

const LIMITS: Readonly<Record<LimitName, string>> = {
  steps: 'The limit of steps is reached.',
  time: 'The time of this run is up.',
  tokens: 'The limit of tokens is reached.',
  money: 'The limit of money is reached, or a price is not known.',
  loop: 'The model made the same call again and again.',
};
