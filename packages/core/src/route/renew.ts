import type { ErrorDetails } from '../spec/errors.ts';
import type { Target } from './target.ts';
import type { WalkState } from './walk-state.ts';

/** The endpoint can fetch new credentials. */
export function isRenewable(target: Target): boolean {
  return 'endpoint' in target.via && target.via.endpoint.renewable === true;
}

export function renewMark(target: number, key: number): string {
  return `${target}:${key}:renew`;
}

/**
 * The vendor itself refused a credential that can be renewed and was not yet in this request. Without a status the
 * refusal is our own (nobody is signed in), and final.
 */
export function mayRenew(
  target: Target,
  error: ErrorDetails,
  state: Pick<WalkState, 'repairs'>,
  at: { readonly target: number; readonly key: number },
): boolean {
  if ((error.kind !== 'auth' && error.kind !== 'permission') || error.status === undefined) return false;
  return isRenewable(target) && !state.repairs.includes(renewMark(at.target, at.key));
}
