import type { JsonValue } from './json.ts';
import type { Usage } from './usage.ts';
import type { WireId } from './wire-id.ts';

export const FINISH_REASONS = [
  'stop',
  'length',
  'tool-calls',
  'content-filter',
  'refusal',
  'pause',
  'error',
  'other',
] as const;
export type FinishReason = (typeof FINISH_REASONS)[number];

/**
 * What a model call yields. The order, checked by `validateStream` in tests:
 * one `response-start` first; blocks are numbered 0, 1, 2 … by `index` in the order they start; a block's events stand
 * between its start and its end; several blocks may be open at once (parallel tool calls); every block has ended
 * before `finish`; exactly one `finish`, last. A stream that ends without `finish` throws instead.
 *
 * `tool-call-end.arguments` is the exact concatenation of that call's deltas (`{}` when there were none).
 * `reasoning-end` carries the signature or redacted data that arrived with the block; `issuer` says who may be shown
 * it again.
 */
export type StreamEvent =
  | { type: 'response-start'; id?: string; model?: string; createdAt?: number }
  | { type: 'text-start'; index: number; refusal?: boolean }
  | { type: 'text-delta'; index: number; text: string }
  | { type: 'text-end'; index: number }
  | { type: 'reasoning-start'; index: number; id?: string }
  | { type: 'reasoning-delta'; index: number; text: string }
  | { type: 'reasoning-end'; index: number; signature?: string; redacted?: string; id?: string; issuer?: string }
  | { type: 'tool-call-start'; index: number; id: string; name: string }
  | { type: 'tool-call-delta'; index: number; json: string }
  | {
      type: 'tool-call-end';
      index: number;
      id: string;
      name: string;
      arguments: string;
      signature?: string;
      issuer?: string;
    }
  | { type: 'opaque'; wire: WireId; value: JsonValue }
  | { type: 'warning'; code: string; message: string }
  | { type: 'usage'; usage: Usage }
  | { type: 'finish'; reason: FinishReason; rawReason?: string; stopSequence?: string; usage?: Usage };

/**
 * True for the first event after which a failed attempt can no longer be repeated unseen: something a user could
 * see or a program could act on. Starts of blocks, pings, warnings and usage come before it; reasoning counts as
 * hidden, so a break after reasoning alone can still restart (see `isReasoning`).
 */
export function isContent(event: StreamEvent): boolean {
  switch (event.type) {
    case 'text-delta':
      return event.text !== '';
    case 'tool-call-start':
    case 'tool-call-delta':
    case 'tool-call-end':
      return true;
    case 'opaque':
      return true;
    default:
      return false;
  }
}

export function isReasoning(event: StreamEvent): boolean {
  return event.type === 'reasoning-delta' || (event.type === 'reasoning-end' && event.redacted !== undefined);
}
