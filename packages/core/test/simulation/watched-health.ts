import type { BreakerState } from '../../src/route/breaker.ts';
import type { Health } from '../../src/route/health.ts';

/** Which states of a breaker may follow which, by what was reported. */
const LEGAL: Readonly<Record<string, Readonly<Record<BreakerState, readonly BreakerState[]>>>> = {
  failed: {
    closed: ['closed', 'open'],
    open: ['open'],
    'half-open': ['half-open'],
    probing: ['probing'],
  },
  // Closed: a call from before it opened answered while the probe was under way.
  'probe failed': { closed: ['closed'], open: [], 'half-open': [], probing: ['open'] },
  exhausted: { closed: ['closed', 'open'], open: ['open'], 'half-open': ['half-open'], probing: ['probing'] },
  began: { closed: ['closed'], open: ['open'], 'half-open': ['probing'], probing: ['probing'] },
  succeeded: { closed: ['closed'], open: ['closed'], 'half-open': ['closed'], probing: ['closed'] },
  released: { closed: ['closed'], open: ['open'], 'half-open': ['half-open'], probing: ['half-open', 'probing'] },
};

/** The real health, with an eye on it: cooldowns only grow, breakers change as they may, one probe at a time. */
export function watchHealth(health: Health, now: () => number, fail: (problem: string) => void): Health {
  const breakerOf = (entry: string, fingerprint: string, model: string): BreakerState =>
    health.list(now()).find((row) => row.entry === entry && row.fingerprint === fingerprint && row.model === model)
      ?.breaker ?? 'closed';
  const watched = <T>(what: string, entry: string, fingerprint: string, model: string, run: () => T): T => {
    const cooling = health.coolingUntil(entry, fingerprint, model);
    const breaker = breakerOf(entry, fingerprint, model);
    const result = run();
    if (health.coolingUntil(entry, fingerprint, model) < cooling) fail(`${what} shortened the cooldown of ${entry}`);
    const after = breakerOf(entry, fingerprint, model);
    const legal = LEGAL[what]?.[breaker];
    if (legal !== undefined && !legal.includes(after))
      fail(`${what}: the breaker of ${entry} went from ${breaker} to ${after}`);
    return result;
  };
  return {
    ...health,
    cool(entry, fingerprint, model, until, reason) {
      watched('cool', entry, fingerprint, model, () => health.cool(entry, fingerprint, model, until, reason));
      if (health.coolingUntil(entry, fingerprint, model) < until)
        fail(`a cooldown of ${entry} is shorter than asked for`);
    },
    markBad: (entry, fingerprint, model, reason) =>
      watched('markBad', entry, fingerprint, model, () => health.markBad(entry, fingerprint, model, reason)),
    began(entry, fingerprint, model, at) {
      let probe = false;
      const before = breakerOf(entry, fingerprint, model);
      watched('began', entry, fingerprint, model, () => {
        probe = health.began(entry, fingerprint, model, at);
      });
      if (probe !== (before === 'half-open'))
        fail(`${entry}: ${probe ? 'a second' : 'no'} probe of a ${before} breaker`);
      return probe;
    },
    failed: (entry, fingerprint, model, at, reason, probe) =>
      watched(probe ? 'probe failed' : 'failed', entry, fingerprint, model, () =>
        health.failed(entry, fingerprint, model, at, reason, probe),
      ),
    exhausted: (entry, fingerprint, model, at) =>
      watched('exhausted', entry, fingerprint, model, () => health.exhausted(entry, fingerprint, model, at)),
    succeeded: (entry, fingerprint, model, at) =>
      watched('succeeded', entry, fingerprint, model, () => health.succeeded(entry, fingerprint, model, at)),
    released: (entry, fingerprint, model) =>
      watched('released', entry, fingerprint, model, () => health.released(entry, fingerprint, model)),
  };
}
