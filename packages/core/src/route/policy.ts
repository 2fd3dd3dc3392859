import type { ErrorDetails, ErrorKind } from '../spec/errors.ts';

/** What one kind of failure leads to. Read together with `decide()`; users may override rows. */
export interface PolicyRow {
  /** Ask the same target with the same key again, with backoff, while its retries last. */
  readonly retrySame: boolean;
  /** Try the entry's other keys on this target first. */
  readonly nextKey: boolean;
  /** `larger-window`: only targets known to read more. `opt-in`: only when the plan routes around refusals. */
  readonly nextTarget: 'yes' | 'larger-window' | 'opt-in' | 'no';
  /** How the key cools for this entry: `hint` for the wait the vendor named, `long` for an hour or more, `bad` marks it. */
  readonly coolKey: 'no' | 'hint' | 'long' | 'bad';
  /** Speaks of the target's health and counts against its breaker. */
  readonly trips: boolean;
}

export type Policy = Readonly<Record<ErrorKind, PolicyRow>>;

const row = (
  retrySame: boolean,
  nextKey: boolean,
  nextTarget: PolicyRow['nextTarget'],
  coolKey: PolicyRow['coolKey'] = 'no',
): PolicyRow => ({ retrySame, nextKey, nextTarget, coolKey, trips: false });

const trips = (policy: PolicyRow): PolicyRow => ({ ...policy, trips: true });

/** The walk's table (SPEC §3), one row for each kind. */
export const DEFAULT_POLICY: Policy = {
  network: trips(row(true, false, 'yes')),
  tls: trips(row(false, false, 'yes')),
  timeout: trips(row(false, false, 'yes')),
  'rate-limit': row(false, true, 'yes', 'hint'),
  quota: row(false, true, 'yes', 'long'),
  auth: row(false, true, 'yes', 'bad'),
  permission: row(false, true, 'yes', 'bad'),
  'model-not-found': row(false, false, 'yes'),
  'context-window': row(false, false, 'larger-window'),
  'request-too-large': row(false, false, 'yes'),
  'content-policy': row(false, false, 'opt-in'),
  unsupported: row(false, false, 'no'),
  'invalid-request': row(false, false, 'no'),
  overloaded: trips(row(true, false, 'yes')),
  server: trips(row(true, false, 'yes')),
  protocol: trips(row(true, false, 'yes')),
  empty: trips(row(true, false, 'yes')),
  truncated: trips(row(true, false, 'yes')),
  config: row(false, false, 'yes'),
  cancelled: row(false, false, 'no'),
  deadline: row(false, false, 'no'),
};

/** The failure says no to the request itself, whoever is asked: a hedge under way is no way around it. */
export function refusesRequest(error: ErrorDetails, plan: { readonly routeAroundContentPolicy?: boolean }): boolean {
  if (error.kind === 'content-policy') return plan.routeAroundContentPolicy !== true;
  return error.kind === 'invalid-request';
}
