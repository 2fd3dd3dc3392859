import { EXIT, ExitWith, Interrupted } from './exit.ts';
import type { Logger } from './log.ts';
import type { Output } from './output.ts';

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

/** Errors of the core are told apart by name: importing their classes would load what most commands never need. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof ExitWith) return error.code;
  if (error instanceof Interrupted) return EXIT.interrupted;
  switch (nameOf(error)) {
    case 'UsageError':
    case 'ConfigError':
    case 'RequestError':
      return EXIT.usage;
    case 'ProviderError':
    case 'AllAttemptsFailed':
      return (error as { kind?: string }).kind === 'cancelled' ? EXIT.interrupted : EXIT.callFailed;
    default:
      return EXIT.callFailed;
  }
}

const EXPECTED = new Set([
  'UsageError',
  'ConfigError',
  'RequestError',
  'ProviderError',
  'AllAttemptsFailed',
  'AnswerError',
]);

/** Tells the user what failed; returns the exit code. A stack is printed only for our own bugs. */
export function reportError(error: unknown, output: Output, logger: Logger): number {
  const code = exitCodeOf(error);
  if (error instanceof ExitWith || code === EXIT.interrupted) return code;
  const name = nameOf(error);
  const message = error instanceof Error ? error.message : String(error);
  if (EXPECTED.has(name)) {
    const prefix = name === 'ConfigError' ? '' : `${output.errorStyle.red('standin:')} `;
    output.note(logger.redact(`${prefix}${message}`));
    return code;
  }
  const stack = error instanceof Error ? (error.stack ?? message) : message;
  output.note(logger.redact(`${output.errorStyle.red('standin: unexpected error, please report it:')} ${stack}`));
  return code;
}
