export { BitSet } from './bits.ts';
export { holdOutput } from './hold.ts';
export { inputOf, openInput, type BatchInput, type InputFormat } from './input.ts';
export { batchIdOf, beginJournal, checkJournal, journalPath, newBatchId } from './journal.ts';
export { appendTo, readEarlier, type Earlier, type ResultWriter } from './output.ts';
export { Pace } from './pace.ts';
export { DEFAULT_CONCURRENCY, runBatch, type BatchLive, type BatchSummary, type RunBatchOptions } from './run.ts';
export type { Asker, Signal, Tried } from './tried.ts';
export * from './types.ts';
