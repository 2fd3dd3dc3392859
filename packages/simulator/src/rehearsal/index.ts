export { CATALOGUE, type FaultRow, type Hope } from './faults.ts';
export type { Outcome } from './judge.ts';
export { rehearse, type Rehearsal, type RehearsalOptions, type RehearsedCell } from './rehearse.ts';
