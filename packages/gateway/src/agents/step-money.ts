import type { Plan } from '@standin/core/route/target';
import type { AttemptRecord } from '@standin/core/spec/errors';
import type { ChatRequest } from '@standin/core/spec/request';
import type { RateHold } from '@standin/store/rate-limits';
import { estimateTokens } from '../count-tokens.ts';
import type { Exchange } from '../exchange.ts';
import { overLimit, without } from '../limits.ts';
import { Refused } from './refused.ts';

/** The money of one model call. */
export interface StepMoney {
  readonly plan: Plan;
  settle(attempts: readonly AttemptRecord[]): void;
}

/** The rates of the caller's key count the whole run as one request; its tokens are told when it ends. */
const COUNTED_ELSEWHERE: RateHold = { settle() {}, release() {} };

/**
 * Reserves what a further model call of a run may cost, in every limit that concerns it. `path`: aliases from the agent
 * that was asked to the one that calls. Throws `Refused` when there is nothing left.
 */
export function reserveStep(exchange: Exchange, plan: Plan, path: readonly string[], request: ChatRequest): StepMoney {
  const { limits } = exchange.context.accounting ?? {};
  const free: StepMoney = { plan, settle() {} };
  if (limits === undefined) return free;
  const admission = limits.admit({
    caller: exchange.caller,
    agent: path.at(-1),
    handedBy: path.slice(0, -1),
    targets: plan.targets,
    inputTokens: () => estimateTokens(request),
    maxTokens: request.maxTokens,
    rate: COUNTED_ELSEWHERE,
  });
  if (admission.type === 'free') return free;
  if (admission.type === 'refused') throw new Refused(overLimit(admission.refusal));
  const { ticket } = admission;
  return { plan: without(plan, ticket.without), settle: (attempts) => ticket.settle(attempts) };
}
