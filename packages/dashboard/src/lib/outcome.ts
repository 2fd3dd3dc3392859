import type { HealthState } from '../api/types.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'idle';
export type Shape = 'dot' | 'ring' | 'half' | 'cross' | 'bar' | 'triangle' | 'arrow';

export interface Look {
  readonly text: string;
  readonly tone: Tone;
  readonly shape: Shape;
}

/** A state is told by its shape and its word; colour only helps. */
export const HEALTH: Readonly<Record<HealthState, Look>> = {
  healthy: { text: 'healthy', tone: 'good', shape: 'dot' },
  cooling: { text: 'cooling', tone: 'warn', shape: 'bar' },
  open: { text: 'breaker open', tone: 'bad', shape: 'cross' },
  probing: { text: 'probing', tone: 'info', shape: 'half' },
  bad: { text: 'key rejected', tone: 'bad', shape: 'triangle' },
};

export function healthLook(state: string): Look {
  return HEALTH[state as HealthState] ?? { text: state, tone: 'idle', shape: 'ring' };
}

export interface Answered {
  readonly outcome: string;
  readonly attempts: number;
  readonly steps?: number;
  readonly rescue?: string | null;
  readonly cached?: boolean;
}

/** One request: answered at once, recovered by another attempt, mended, left, or failed with its kind. */
export function outcomeLook({ outcome, attempts, steps = 1, rescue, cached }: Answered): Look {
  if (outcome === 'pending') return { text: 'under way', tone: 'info', shape: 'half' };
  if (outcome === 'cancelled' || outcome === 'left') return { text: 'caller left', tone: 'idle', shape: 'bar' };
  if (outcome !== 'ok') return { text: outcome, tone: 'bad', shape: 'cross' };
  if (cached === true) return { text: 'from cache', tone: 'good', shape: 'ring' };
  if (rescue !== null && rescue !== undefined) return { text: 'mended', tone: 'warn', shape: 'half' };
  if (attempts > steps) return { text: 'recovered', tone: 'warn', shape: 'arrow' };
  return { text: 'ok', tone: 'good', shape: 'dot' };
}

/** One attempt by itself. */
export function attemptLook(outcome: string): Look {
  if (outcome === 'ok') return { text: 'ok', tone: 'good', shape: 'dot' };
  if (outcome === 'cancelled') return { text: 'cancelled', tone: 'idle', shape: 'bar' };
  return { text: outcome, tone: 'bad', shape: 'cross' };
}
