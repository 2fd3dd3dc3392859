import type { Usage } from '@standin/core/spec/usage';

/** What one run, with everything it delegates, may use. Absent: not limited. */
export interface AgentLimits {
  /** Model calls of one agent. Default 25; each delegate has its own. */
  readonly maxSteps?: number;
  /** Milliseconds from the beginning, delegates included. */
  readonly maxMs?: number;
  /** Input and output tokens of all calls together. */
  readonly maxTokens?: number;
  /** Nano-USD of all calls together. */
  readonly maxNanoUsd?: number;
}

export type LimitName = 'steps' | 'time' | 'tokens' | 'money' | 'loop';

/** Tokens and money of a run and its delegates, shared by all of them, set aside before each call. */
export class AgentBudget {
  readonly #maxTokens: number;
  readonly #maxNanoUsd: number;
  #tokens = 0;
  #nanoUsd = 0;
  #unknownCosts = 0;
  #reservedTokens = 0;
  #reservedNanoUsd = 0;

  constructor({ maxTokens, maxNanoUsd }: AgentLimits) {
    this.#maxTokens = maxTokens ?? Infinity;
    this.#maxNanoUsd = maxNanoUsd ?? Infinity;
  }

  get tokens(): number {
    return this.#tokens;
  }

  /** Of the calls whose cost is known. */
  get nanoUsd(): number {
    return this.#nanoUsd;
  }

  get unknownCosts(): number {
    return this.#unknownCosts;
  }

  get limitsMoney(): boolean {
    return this.#maxNanoUsd < Infinity;
  }

  /**
   * Sets a call's share aside: its input, and as much output as is left, `wanted` tokens at most. Says how much output
   * it may have, or which limit is in the way.
   */
  reserve(inputTokens: number, wanted: number, price: Price | undefined): Reserved | LimitName {
    const tokensLeft = this.#maxTokens - this.#tokens - this.#reservedTokens - inputTokens;
    if (tokensLeft < LEAST_OUTPUT) return 'tokens';
    let outputTokens = Math.min(wanted, tokensLeft);
    let nanoUsd = 0;
    if (this.limitsMoney) {
      if (price === undefined) return 'money';
      const moneyLeft = this.#maxNanoUsd - this.#nanoUsd - this.#reservedNanoUsd - inputTokens * price.inputNanoUsd;
      const affordable = price.outputNanoUsd === 0 ? outputTokens : Math.floor(moneyLeft / price.outputNanoUsd);
      if (moneyLeft < 0 || affordable < LEAST_OUTPUT) return 'money';
      outputTokens = Math.min(outputTokens, affordable);
      nanoUsd = Math.ceil(inputTokens * price.inputNanoUsd + outputTokens * price.outputNanoUsd);
    }
    const tokens = inputTokens + outputTokens;
    this.#reservedTokens += tokens;
    this.#reservedNanoUsd += nanoUsd;
    return { outputTokens, tokens, nanoUsd, isCut: outputTokens < wanted };
  }

  /** What the call used; what is not known counts as what was set aside. */
  settle(reserved: Reserved, usage: Usage | undefined, costNanoUsd: number | undefined): void {
    this.#reservedTokens -= reserved.tokens;
    this.#reservedNanoUsd -= reserved.nanoUsd;
    const { inputTokens, outputTokens } = usage ?? {};
    this.#tokens +=
      inputTokens === undefined || outputTokens === undefined ? reserved.tokens : inputTokens + outputTokens;
    this.#nanoUsd += costNanoUsd ?? reserved.nanoUsd;
    if (costNanoUsd === undefined) this.#unknownCosts += 1;
  }
}

/** Nano-USD a token. */
export interface Price {
  readonly inputNanoUsd: number;
  readonly outputNanoUsd: number;
}

export interface Reserved {
  readonly outputTokens: number;
  readonly tokens: number;
  readonly nanoUsd: number;
  /** Less output than was wanted: the limit must be told to the vendor. */
  readonly isCut: boolean;
}

/** A call that may write less than this is not worth its input. */
const LEAST_OUTPUT = 16;
