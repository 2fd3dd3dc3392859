/** What the command's exit status means to scripts. A contract. */
export const EXIT = { done: 0, callFailed: 1, usage: 2, interrupted: 130 } as const;

/** The command was used wrongly, or what it was given cannot be used. One clear sentence; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The answer came but is not what was asked for (a schema it fails). Exit code 1. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';
}

/** The user stopped the command. Exit code 130. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  constructor() {
    super('interrupted');
  }
}

/** What was printed already said it; only the code is left to set. */
export class ExitWith extends Error {
  override readonly name = 'ExitWith';
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}
