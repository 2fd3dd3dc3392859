import type { Clock } from '../../spec/clock.ts';
import { ProviderError } from '../../spec/errors.ts';

export function cancelled(): ProviderError {
  return new ProviderError({ kind: 'cancelled', message: 'The login was cancelled.' });
}

/** Resolves after `ms`; rejects with kind `cancelled` when the signal fires. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(cancelled());
    const stop = (): void => {
      clock.clear(timer);
      reject(cancelled());
    };
    const timer = clock.after(ms, () => {
      signal?.removeEventListener('abort', stop);
      resolve();
    });
    signal?.addEventListener('abort', stop, { once: true });
  });
}
