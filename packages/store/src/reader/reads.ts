import { minutesOf } from '../minutes.ts';
import { attemptsOf, attemptsOfRows, contentOf, gapsSince, listRequests, usageBy } from '../query.ts';
import type { DatabaseSync } from '../database.ts';

/** What the ledger can be asked. Each takes the database first. */
export const READS = { attemptsOf, attemptsOfRows, contentOf, gapsSince, listRequests, minutesOf, usageBy } as const;

export type ReadName = keyof typeof READS;
export type ReadArgs<N extends ReadName> = (typeof READS)[N] extends (db: DatabaseSync, ...rest: infer R) => unknown
  ? R
  : never;
export type ReadResult<N extends ReadName> = ReturnType<(typeof READS)[N]>;

/** To the thread. */
export interface ReadAsked {
  readonly id: number;
  readonly name: ReadName;
  readonly args: readonly unknown[];
}

/** And back; with `error` it did not work. */
export interface ReadAnswered {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

export function read(db: DatabaseSync, name: ReadName, args: readonly unknown[]): unknown {
  return (READS[name] as (db: DatabaseSync, ...rest: readonly unknown[]) => unknown)(db, ...args);
}
