import type { Clock } from '@standin/core/spec/clock';

const WINDOW_MS = 60_000;
/** Tries per minute from one address: enough for a typing error or two. */
const PER_ADDRESS = 5;
/** And from all together: a code of 40 bits that lives for ten minutes cannot be guessed at that pace. */
const IN_ALL = 60;

export interface AttemptLimit {
  /** Counts a try. Milliseconds to wait when it is one too many, else 0. */
  take(address: string): number;
}

/** Bounds guessing; one address that guesses does not keep the others out before all together are too many. */
export function createAttemptLimit(clock: Clock): AttemptLimit {
  let tries: { readonly at: number; readonly address: string }[] = [];
  return {
    take(address) {
      const now = clock.now();
      tries = tries.filter(({ at }) => now - at < WINDOW_MS);
      const own = tries.filter((one) => one.address === address);
      const full = own.length >= PER_ADDRESS ? own : tries.length >= IN_ALL ? tries : undefined;
      if (full !== undefined) return WINDOW_MS - (now - (full[0]?.at ?? now));
      tries.push({ at: now, address });
      return 0;
    },
  };
}
