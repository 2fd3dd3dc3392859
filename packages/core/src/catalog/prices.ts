/**
 * Price of one model in nano-USD for one token, so that money stays an integer. A missing part is unknown, never free.
 */
export interface ModelPrice {
  readonly inputNanoUsd?: number;
  readonly outputNanoUsd?: number;
  readonly cacheReadNanoUsd?: number;
  readonly cacheWriteNanoUsd?: number;
  /** Where and when it was read. */
  readonly source: string;
}
