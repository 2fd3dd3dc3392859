import type { FinishReason } from './event.ts';
import type { Part } from './message.ts';
import type { Usage } from './usage.ts';

/** A whole answer: the fold over one stream of events. */
export interface ChatResponse {
  readonly id?: string;
  /** The model that answered, as the vendor names it. */
  readonly model?: string;
  /** Unix seconds. */
  readonly createdAt?: number;
  /** Text, reasoning, refusal, tool-call and opaque parts in the order they began. */
  readonly content: readonly Part[];
  /** All text parts joined. */
  readonly text: string;
  readonly finishReason: FinishReason;
  readonly rawFinishReason?: string;
  readonly stopSequence?: string;
  readonly usage?: Usage;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
}
