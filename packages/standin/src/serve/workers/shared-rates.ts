import type { KeyRates, KeyRecord, RateHold, Refusal, SharedRates } from '@standin/store';
import type { Channel } from './channel.ts';

/** What is known of a key where its rates are counted. */
type RatedKey = Pick<KeyRecord, 'id' | 'name' | 'requestsPerMinute' | 'tokensPerMinute' | 'parallel'>;

interface Reservation {
  readonly key: RatedKey;
  readonly tokens: number;
}

interface Ending {
  readonly hold: number;
  /** Absent: the estimate stands. */
  readonly used?: number;
  /** The call was not made. */
  readonly isReleased?: boolean;
}

type Reserved = { readonly hold: number } | { readonly refusal: Refusal };

const ANSWER_WITHIN_MS = 5_000;

const UNAVAILABLE: Refusal = {
  status: 503,
  code: 'budget_store_unavailable',
  message: 'The rates of this key cannot be checked right now.',
  retryAfterMs: 1_000,
  shouldRetry: true,
};

/** The worker's side: rates of keys are counted by the supervisor, so that they hold over all workers. */
export function ratesOverChannel(channel: Channel): SharedRates {
  return {
    limits: (key) =>
      key.requestsPerMinute !== undefined || key.tokensPerMinute !== undefined || key.parallel !== undefined,
    async reserve({ id, name, requestsPerMinute, tokensPerMinute, parallel }, tokens) {
      const key: RatedKey = { id, name, requestsPerMinute, tokensPerMinute, parallel };
      let reserved: Reserved;
      try {
        reserved = (await channel.ask('reserve', { key, tokens } satisfies Reservation, ANSWER_WITHIN_MS)) as Reserved;
      } catch {
        return UNAVAILABLE;
      }
      if ('refusal' in reserved) return reserved.refusal;
      const { hold } = reserved;
      return {
        settle: (used) => channel.tell('settle', { hold, used } satisfies Ending),
        release: () => channel.tell('settle', { hold, isReleased: true } satisfies Ending),
      };
    },
  };
}

/** The supervisor's side for one worker. Returns what ends the calls of a worker that is gone. */
export function countRatesFor(channel: Channel, rates: KeyRates): () => void {
  const holds = new Map<number, RateHold>();
  let next = 1;
  channel.on('reserve', (value): Reserved => {
    const { key, tokens } = value as Reservation;
    const held = rates.reserve(key as KeyRecord, tokens);
    if ('status' in held) return { refusal: held };
    holds.set(next, held);
    return { hold: next++ };
  });
  channel.on('settle', (value) => {
    const { hold, used, isReleased } = value as Ending;
    const held = holds.get(hold);
    holds.delete(hold);
    if (isReleased === true) held?.release();
    else held?.settle(used);
  });
  return () => {
    for (const held of holds.values()) held.settle(undefined);
    holds.clear();
  };
}
