export * from './csv.ts';
export { readDatabase, StoreError } from './database.ts';
export type { RequestEntry, RequestLog } from './entry.ts';
export * from './ledger.ts';
export * from './money.ts';
export * from './prices.ts';
export * from './query.ts';
