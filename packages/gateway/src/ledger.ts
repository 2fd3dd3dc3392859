import type { Plan } from '@standin/core/route/target';
import type { AttemptRecord } from '@standin/core/spec/errors';
import type { JsonObject } from '@standin/core/spec/json';
import type { DecodedRequest } from '@standin/core/wires/wire';
import type { EntryContent, RequestLog, TraceContext } from '@standin/store/entry';
import type { KeyRecord } from '@standin/store/keys';
import type { AdmissionRequest, LimitKeeper, Ticket } from '@standin/store/limit-types';
import type { SharedRates } from '@standin/store/rate-limits';
import { costOfAttempts, usdText, type PriceOf } from '@standin/store/money';
import type { CallerFailure } from './caller-errors.ts';
import { estimateTokens } from './count-tokens.ts';
import { headerValue, type Exchange } from './exchange.ts';
import { traceOf } from './trace-context.ts';
import { modelRefusal, overLimit, permitted, without } from './limits.ts';

/** What is counted and limited. Every part can be left out. */
export interface Accounting {
  /** Each hears of every finished call. */
  readonly logs?: readonly RequestLog[];
  readonly priceOf?: PriceOf;
  readonly limits?: LimitKeeper;
  /** Rates of keys that hold over several processes. Absent: `limits` counts them for this one. */
  readonly sharedRates?: SharedRates;
  /** The agent behind a requested model name, when it names one. */
  readonly agentOf?: (requestedModel: string) => string | undefined;
  /** Calls belong to traces: what they are called is told to vendors and to `logs`. Default false. */
  readonly traces?: boolean;
  /** Messages are kept: most of each request and answer, bytes. Absent: none is. */
  readonly contentBytes?: number;
}

/** What limits and records need to know of a call. */
export interface AccountedCall {
  readonly model: string | undefined;
  readonly mode: DecodedRequest['mode'];
  readonly routing?: JsonObject;
  /** By length; asked only when something is limited. */
  readonly inputTokens: () => number;
  readonly maxTokens?: number;
  /** What the caller's key may use was looked at before. */
  readonly permitted?: boolean;
}

/** How a call ended. */
export interface CallEnd {
  readonly outcome: 'ok' | 'failed' | 'left';
  /** What the caller got; 0: nothing. */
  readonly status: number;
  readonly errorKind?: string;
  readonly errorCode?: string;
  /** The answer was kept from an earlier call: who had given it. */
  readonly cached?: { readonly provider: string; readonly model: string };
}

export const ANSWERED: CallEnd = { outcome: 'ok', status: 200 };

/** The account of one call: what it may do, what it used, and the row that it leaves. */
export class CallAccount {
  readonly #accounting: Accounting;
  readonly #exchange: Exchange;
  readonly #attempts: AttemptRecord[] = [];
  /** Those of them whose money other tickets hold: an agent's later steps. */
  #further: AttemptRecord[] | undefined;
  #agentAlias: string | undefined;
  #steps = 1;
  readonly #startedAt: number;
  readonly #startedMs: number;
  readonly trace: TraceContext | undefined;
  #mode: DecodedRequest['mode'] = 'whole';
  #requestedModel = '';
  #ticket: Ticket | undefined;
  #isEnded = false;
  /** Of the attempts so far. */
  #knownCost: { readonly nanoUsd: number | undefined } | undefined;

  constructor(accounting: Accounting, exchange: Exchange) {
    this.#accounting = accounting;
    this.#exchange = exchange;
    this.#startedAt = exchange.context.clock.wallMs();
    this.#startedMs = exchange.context.clock.now();
    this.trace = accounting.traces === true ? traceOf(exchange.req.headers) : undefined;
  }

  /** The walk that this caller may take now, or why there is none. */
  admit({ request, routing, mode }: DecodedRequest, plan: Plan): Plan | CallerFailure | Promise<Plan | CallerFailure> {
    const { model, maxTokens } = request;
    return this.admitCall({ model, maxTokens, mode, routing, inputTokens: () => estimateTokens(request) }, plan);
  }

  admitCall(call: AccountedCall, plan: Plan): Plan | CallerFailure | Promise<Plan | CallerFailure> {
    this.#mode = call.mode;
    this.#requestedModel = plan.requestedModel === '' ? (call.model ?? '') : plan.requestedModel;
    this.#agentAlias = plan.agent ?? this.#accounting.agentOf?.(this.#requestedModel);
    const { caller } = this.#exchange;
    const isFree = caller?.models === undefined || call.permitted === true;
    const allowed = isFree ? plan : permitted(plan, caller.models, call.routing);
    if (allowed === undefined) return modelRefusal(caller, this.#requestedModel);
    const { limits, sharedRates } = this.#accounting;
    if (limits === undefined) return allowed;
    const asked: AdmissionRequest = {
      caller,
      agent: this.#agentAlias,
      targets: allowed.targets,
      inputTokens: call.inputTokens,
      maxTokens: call.maxTokens,
    };
    if (caller === undefined || sharedRates?.limits(caller) !== true) return this.#admitted(limits, allowed, asked);
    return this.#admitShared(limits, sharedRates, allowed, { ...asked, caller });
  }

  async #admitShared(
    limits: LimitKeeper,
    rates: SharedRates,
    allowed: Plan,
    asked: AdmissionRequest & { readonly caller: KeyRecord },
  ): Promise<Plan | CallerFailure> {
    const rate = await rates.reserve(asked.caller, limits.tokens(asked));
    return 'status' in rate ? overLimit(rate) : this.#admitted(limits, allowed, { ...asked, rate });
  }

  #admitted(limits: LimitKeeper, allowed: Plan, asked: AdmissionRequest): Plan | CallerFailure {
    const admission = limits.admit(asked);
    if (admission.type === 'free') return allowed;
    if (admission.type === 'refused') return overLimit(admission.refusal);
    this.#ticket = admission.ticket;
    // The caller left while another process was asked.
    if (this.#isEnded) admission.ticket.settle([]);
    return without(allowed, admission.ticket.without);
  }

  /** An attempt of the call ended. `step`: the model call it belongs to; the money of those after the first was reserved by itself. */
  saw(attempt: AttemptRecord, step = 1): void {
    this.#attempts.push(attempt);
    this.#knownCost = undefined;
    if (step === 1) return;
    (this.#further ??= []).push(attempt);
    this.#steps = Math.max(this.#steps, step);
  }

  /** Whether a target's cost can be told. */
  isPriced(entry: string, model: string): boolean {
    return this.#accounting.priceOf?.(entry, model) !== undefined;
  }

  /** Warnings of limits, as headers. */
  warnings(): readonly string[] {
    const list = this.#ticket?.warnings ?? [];
    return list.length === 0 ? [] : ['x-standin-budget-warning', headerValue(list.join('; '))];
  }

  /** `x-standin-cost-usd`, when it is known. */
  costHeader(): readonly string[] {
    const cost = this.#cost();
    return cost === undefined ? [] : ['x-standin-cost-usd', usdText(cost)];
  }

  #cost(): number | undefined {
    const { priceOf } = this.#accounting;
    if (priceOf === undefined) return undefined;
    this.#knownCost ??= { nanoUsd: costOfAttempts(this.#attempts, priceOf) };
    return this.#knownCost.nanoUsd;
  }

  /** What is said is to be kept. Absent: it is not. */
  get contentBytes(): number | undefined {
    return this.#accounting.contentBytes;
  }

  end(end: CallEnd, content?: EntryContent): void {
    const { logs = [] } = this.#accounting;
    const attempts = this.#attempts;
    this.#isEnded = true;
    const further = this.#further;
    this.#ticket?.settle(further === undefined ? attempts : attempts.filter((one) => !further.includes(one)), further);
    if (logs.length === 0) return;
    const { context, requestId, dialect, caller } = this.#exchange;
    const telling = attempts.findLast((one) => one.outcome === 'ok') ?? attempts.at(-1);
    const entry = {
      id: requestId,
      startedAt: this.#startedAt,
      tookMs: context.clock.now() - this.#startedMs,
      firstContentMs: (this.#steps === 1 ? telling : attempts.find((one) => one.outcome === 'ok'))?.firstContentMs,
      outcome: end.outcome,
      status: end.status,
      errorKind: end.errorKind,
      errorCode: end.errorCode,
      protocol: dialect.id,
      mode: this.#mode,
      requestedModel: this.#requestedModel,
      provider: telling?.provider ?? end.cached?.provider,
      model: telling?.model ?? end.cached?.model,
      isCached: end.cached !== undefined,
      callerKey: caller?.id,
      trace: this.trace,
      agent: this.#agentAlias,
      attempts,
      ...(this.#steps === 1 ? {} : { steps: this.#steps }),
      costNanoUsd: this.#cost(),
      ...(content === undefined ? {} : { content }),
    };
    for (const log of logs) log.ended(entry);
  }
}
