import type { CallerFailure } from '../caller-errors.ts';

/** An agent's run cannot go on; the caller is told this. */
export class Refused extends Error {
  readonly failure: CallerFailure;

  constructor(failure: CallerFailure) {
    super(failure.error.message);
    this.failure = failure;
  }
}
