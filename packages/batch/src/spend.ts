import type { ModelPrice } from '@standin/core/catalog/prices';
import type { Plan } from '@standin/core/route/target';
import { textOf } from '@standin/core/spec/message';
import type { ChatRequest } from '@standin/core/spec/request';
import { costOf, type PriceOf } from '@standin/store/money';
import { BatchInputError } from './types.ts';

/** Output that a request without `max_tokens` is expected to have. */
const USUAL_OUTPUT_TOKENS = 1_024;
const CHARS_PER_TOKEN = 3;
const TOKENS_PER_MESSAGE = 8;
const TOKENS_PER_IMAGE = 1_600;

/**
 * Money of one batch, in whole nano-USD: what a call may cost is set aside before it and settled after it, so that calls
 * under way together do not pass the limit. An answer longer than expected may still pass it, by that one answer.
 */
export interface Spend {
  readonly spentNanoUsd: number;
  /** Results whose cost is not known. */
  readonly unknown: number;
  /** Nano-USD to set aside for a call; 0 where nothing limits. Throws `BatchInputError` where the price is not known. */
  estimate(request: ChatRequest, plan: Plan): number;
  /** `no`: the limit is reached. `later`: it would be, with what others under way may cost. */
  reserve(nanoUsd: number): 'yes' | 'later' | 'no';
  settle(reservedNanoUsd: number, costNanoUsd: number | undefined): void;
}

export function createSpend(options: {
  readonly maxNanoUsd?: number;
  readonly alreadyNanoUsd?: number;
  readonly priceOf: PriceOf;
}): Spend {
  const { maxNanoUsd, priceOf } = options;
  let spent = options.alreadyNanoUsd ?? 0;
  let reserved = 0;
  let unknown = 0;
  return {
    get spentNanoUsd() {
      return spent;
    },
    get unknown() {
      return unknown;
    },
    estimate(request, plan) {
      if (maxNanoUsd === undefined) return 0;
      const inputTokens = inputOf(request);
      const outputTokens = request.maxTokens ?? USUAL_OUTPUT_TOKENS;
      let most = 0;
      for (const { entry, model } of plan.targets) {
        const price: ModelPrice | undefined = priceOf(entry, model);
        const cost = costOf({ inputTokens, outputTokens }, price);
        if (cost === undefined)
          throw new BatchInputError(
            `--max-cost needs prices, and that of ${model} at ${entry} is not known; set pricing for it in the config (pricing = { "${model}" = { input = …, output = … } }), or leave --max-cost out.`,
          );
        most = Math.max(most, cost);
      }
      return most;
    },
    reserve(nanoUsd) {
      if (maxNanoUsd === undefined) return 'yes';
      if (spent + reserved + nanoUsd > maxNanoUsd) return reserved > 0 ? 'later' : 'no';
      reserved += nanoUsd;
      return 'yes';
    },
    settle(reservedNanoUsd, costNanoUsd) {
      reserved = maxNanoUsd === undefined ? 0 : Math.max(0, reserved - reservedNanoUsd);
      // What is not known counts as what was set aside: never as nothing.
      spent += costNanoUsd ?? reservedNanoUsd;
      if (costNanoUsd === undefined) unknown += 1;
    },
  };
}

function inputOf({ messages, tools = [] }: ChatRequest): number {
  let tokens = 0;
  for (const { content } of messages) {
    tokens += TOKENS_PER_MESSAGE + textOf(content).length / CHARS_PER_TOKEN;
    if (typeof content === 'string') continue;
    for (const part of content) if (part.type === 'image' || part.type === 'document') tokens += TOKENS_PER_IMAGE;
  }
  return Math.ceil(tokens + (tools.length === 0 ? 0 : JSON.stringify(tools).length / CHARS_PER_TOKEN));
}
