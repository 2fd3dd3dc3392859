import type { ChatRequest } from '@standin/core/spec/index';
import type { WireChunk } from '@standin/core/wires/wire';
import type { Behaviour } from './behaviour.ts';
import type { Frame } from './frames.ts';
import type { Surface } from './surfaces.ts';

export type PlanStep =
  | { readonly type: 'write'; readonly bytes: Uint8Array; readonly frames: readonly Frame[] }
  | { readonly type: 'wait'; readonly ms: number; readonly ping?: WireChunk; readonly pingMs?: number };

/** What was meant to happen, in one word, for records. */
export type PlannedOutcome = 'answer' | 'error' | 'reset' | 'close' | 'silent' | 'cut' | 'stall' | 'garbage';

/** A response decided to the last byte before the first one is sent. Pure data: any transport can carry it out. */
export interface ResponsePlan {
  readonly outcome: PlannedOutcome;
  readonly headersMs: number;
  /** Absent: no response ever begins. */
  readonly head?: { readonly status: number; readonly headers: Readonly<Record<string, string>> };
  readonly steps: readonly PlanStep[];
  /** `end`: the HTTP body ends well. `fin`/`rst`: the connection ends. `hang`: nothing more comes. */
  readonly ending: 'end' | 'fin' | 'rst' | 'hang';
  /** Yield to the network between writes, so that they leave one by one. */
  readonly separateWrites: boolean;
}

export interface PlanInput {
  readonly surface: Surface;
  readonly body: unknown;
  /** The caller asked for a stream. */
  readonly stream: boolean;
  readonly behaviour: Behaviour;
  readonly id: string;
  readonly requestId: string;
  readonly model: string;
  readonly seed: number;
  readonly wallMs: number;
  readonly makeText?: (request: ChatRequest) => string | undefined;
}

/** What differs from answer to answer. */
export type Planned = Pick<ResponsePlan, 'outcome' | 'head' | 'steps' | 'ending'>;
