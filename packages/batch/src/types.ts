import type { JsonObject } from '@standin/core/spec/json';
import type { DecodedRequest } from '@standin/core/wires/wire';

/** How a result speaks of its answer: the bare text, or the body of an OpenAI endpoint for a line in OpenAI's batch shape. */
export type AnswerShape = 'text' | 'openai-chat' | 'openai-responses' | 'anthropic-messages';

/** One thing to ask, as the input gives it. */
export interface BatchItem {
  /** Place among the records of the input, from 0; lines that cannot be used count too. */
  readonly index: number;
  /** `custom_id` or `id` of the line. */
  readonly id?: string;
  readonly decoded: DecodedRequest;
  readonly shape: AnswerShape;
  /** The record as JSON: what it was decoded from, for whoever asks it on another machine. */
  readonly source: string;
}

/** A record that cannot be asked. Kept apart from the results. */
export interface BadLine {
  readonly index: number;
  /** Line of the file, from 1. */
  readonly line: number;
  readonly id?: string;
  /** One sentence: what is wrong and what would be right. */
  readonly reason: string;
  /** The beginning of the line. */
  readonly text: string;
}

export type BatchRecord = { readonly item: BatchItem } | { readonly bad: BadLine };

/** Where the reading stands, for a progress display. */
export interface ReadProgress {
  readonly bytes: number;
  /** Absent: not known (a pipe). */
  readonly totalBytes?: number;
}

export interface BatchError {
  readonly kind: string;
  readonly message: string;
  readonly status?: number;
  readonly code?: string;
}

/** One line of the output (the contract of `standin batch`). */
export interface BatchResult {
  readonly index: number;
  readonly id?: string;
  readonly response?: string | JsonObject;
  /** Calls the model made instead of, or beside, its text. */
  readonly tool_calls?: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly error?: BatchError;
  readonly model: string | null;
  readonly provider: string | null;
  readonly usage: {
    readonly input_tokens: number | null;
    readonly output_tokens: number | null;
    readonly cache_read_tokens?: number;
    readonly reasoning_tokens?: number;
  } | null;
  /** USD of all attempts, lost ones too; `null`: not known. */
  readonly cost_usd: number | null;
  readonly attempts: number;
  readonly duration_ms: number;
}

/** What was asked cannot be done: wrong input file, wrong options, an output that is in the way. Exit code 2. */
export class BatchInputError extends Error {
  // Told apart by name where errors are reported.
  override readonly name = 'UsageError';
}
