/** Objects of OpenAI's Files and Batch API (platform.openai.com/docs/api-reference/batch, read 2026-11). Times: Unix seconds. */
export interface FileObject {
  readonly id: string;
  readonly object: 'file';
  readonly bytes: number;
  readonly created_at: number;
  readonly expires_at: number;
  readonly filename: string;
  readonly purpose: 'batch' | 'batch_output';
  readonly status: 'processed';
}

export type BatchStatus =
  | 'validating'
  | 'failed'
  | 'in_progress'
  | 'finalizing'
  | 'completed'
  | 'expired'
  | 'cancelling'
  | 'cancelled';

export interface LineError {
  readonly code: string;
  readonly message: string;
  readonly param: string | null;
  /** From 1. */
  readonly line: number | null;
}

export interface BatchObject {
  readonly id: string;
  readonly object: 'batch';
  readonly endpoint: string;
  readonly errors: { readonly object: 'list'; readonly data: readonly LineError[] } | null;
  readonly input_file_id: string;
  readonly completion_window: string;
  readonly status: BatchStatus;
  readonly output_file_id: string | null;
  readonly error_file_id: string | null;
  readonly created_at: number;
  readonly in_progress_at: number | null;
  readonly expires_at: number;
  readonly finalizing_at: number | null;
  readonly completed_at: number | null;
  readonly failed_at: number | null;
  readonly expired_at: number | null;
  readonly cancelling_at: number | null;
  readonly cancelled_at: number | null;
  readonly request_counts: { readonly total: number; readonly completed: number; readonly failed: number };
  readonly metadata: Readonly<Record<string, string>> | null;
}

export const ENDED: ReadonlySet<BatchStatus> = new Set(['failed', 'completed', 'expired', 'cancelled']);

/** Endpoints whose requests a batch may hold. */
export const BATCH_ENDPOINTS = [
  '/v1/chat/completions',
  '/v1/responses',
  '/v1/embeddings',
  '/v1/completions',
  '/v1/moderations',
  '/v1/messages',
] as const;

export interface BatchesOptions {
  /** Made when it is missing, mode 0700. Shared by all workers of a gateway. */
  readonly dir: string;
  /** Largest file, bytes. Default 200 MiB. */
  readonly maxFileBytes?: number;
  /** Files that one key may have at the same time. Default 500. */
  readonly maxFiles?: number;
  /** Bytes of all files of one key. Default 2 GiB. */
  readonly maxTotalBytes?: number;
  /** After so long files and ended batches are removed, milliseconds. Default 30 days. */
  readonly keepMs?: number;
  /** Most requests of one batch under way at once. Default 16. */
  readonly concurrency?: number;
  /** How often a process looks for batches that nobody runs, milliseconds. Default 5,000. */
  readonly lookMs?: number;
}

export const DEFAULTS = {
  maxFileBytes: 200 * 1024 * 1024,
  maxFiles: 500,
  maxTotalBytes: 2 * 1024 * 1024 * 1024,
  keepMs: 30 * 24 * 3_600_000,
  concurrency: 16,
  lookMs: 5_000,
} as const;
