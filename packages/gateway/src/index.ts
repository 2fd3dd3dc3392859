export * from './gateway.ts';
export { ListenError } from './listen-error.ts';
export { failureOf, failureOfThrown, type CallerFailure } from './caller-errors.ts';
export { estimateTokens } from './count-tokens.ts';
export { DEFAULT_MAX_CONCURRENT } from './overload.ts';
export type { Operations } from './operations.ts';
export { pairingPath, type AdminOptions } from './admin/context.ts';
export type { Accounting } from './ledger.ts';
export type { PassthroughRule } from './raw/passthrough.ts';
