import type { AttemptRecord } from '@standin/core/spec/errors';
import type { StreamEvent } from '@standin/core/spec/event';
import type { Message, ToolCallPart } from '@standin/core/spec/message';
import type { ChatResponse } from '@standin/core/spec/response';
import type { LimitName } from './budget.ts';
import type { ToolOutcome } from './tool.ts';

/** What happens in a run, as it happens. `agent` is the path of aliases: `main`, `main > researcher`. */
export type AgentEvent =
  | { readonly type: 'step-start'; readonly agent: string; readonly step: number }
  | { readonly type: 'model'; readonly agent: string; readonly event: StreamEvent }
  | {
      readonly type: 'step-end';
      readonly agent: string;
      readonly step: number;
      readonly response: ChatResponse;
      readonly attempts: readonly AttemptRecord[];
      /** Nano-USD; absent: not known. */
      readonly costNanoUsd?: number;
    }
  | { readonly type: 'tool-start'; readonly agent: string; readonly call: ToolCallPart }
  | {
      readonly type: 'tool-end';
      readonly agent: string;
      readonly call: ToolCallPart;
      readonly outcome: ToolOutcome;
      readonly tookMs: number;
    }
  /** What no longer fits into the model's window was left out. */
  | {
      readonly type: 'trimmed';
      readonly agent: string;
      readonly turns: number;
      readonly results: number;
      readonly summarised: boolean;
    }
  | { readonly type: 'limit'; readonly agent: string; readonly limit: LimitName; readonly message: string }
  /** The conversation so far is consistent: every call has its result. A good moment to save it. */
  | { readonly type: 'checkpoint'; readonly agent: string; readonly messages: readonly Message[] };

/** How a run ended. */
export interface AgentResult {
  readonly text: string;
  /** The last answer. */
  readonly response: ChatResponse | undefined;
  /** The whole conversation, system messages aside: what was given and what came of it. */
  readonly messages: readonly Message[];
  readonly steps: number;
  /** `answer`: the model was done; `calls`: it called tools of whoever asked (`handBack`); else the limit that ended it. */
  readonly ended: 'answer' | 'calls' | LimitName;
  /** Tokens and nano-USD of this run and its delegates. */
  readonly tokens: number;
  readonly nanoUsd: number;
  /** Calls whose cost is not known. */
  readonly unknownCosts: number;
}
