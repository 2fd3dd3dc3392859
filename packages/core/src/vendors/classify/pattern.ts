import type { ErrorPattern } from '../row.ts';

/** Every pattern carries the answer it was seen in; tests run each against its own example. */
export const text = (
  kind: ErrorPattern['kind'],
  message: RegExp,
  example: string,
  status?: readonly number[],
): ErrorPattern => ({
  kind,
  message,
  example,
  ...(status === undefined ? {} : { status }),
});
