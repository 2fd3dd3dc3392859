import manifest from '../../package.json' with { type: 'json' };
import type { Command } from 'commander';
import type { CommandContext, GlobalOptions } from './context.ts';
import { createLogger, type Logger } from './log.ts';
import { buildProgram, parse } from './program.ts';
import { reportError } from './report.ts';

/** What one run of the command is given by whoever starts it. */
export type Surroundings = Pick<CommandContext, 'input' | 'output' | 'interrupt' | 'env'>;

export interface Execution {
  /** Resolves with the exit code. Whatever went wrong has been told on stderr. */
  readonly done: Promise<number>;
  /** Tells an error that nobody caught; returns the exit code. */
  readonly report: (error: unknown) => number;
}

/** Runs the command to its end without touching the process it runs in. */
export function execute(argv: readonly string[], surroundings: Surroundings): Execution {
  const { output, interrupt, env } = surroundings;
  let program: Command | undefined;
  let logger: Logger | undefined;
  const globals = (): GlobalOptions => program?.opts<GlobalOptions>() ?? { logLevel: 'info' };
  const context: CommandContext = {
    get input() {
      return surroundings.input;
    },
    output,
    interrupt,
    env,
    version: manifest.version,
    globals,
    logger: () => (logger ??= createLogger({ output, level: globals().logLevel, format: globals().logFormat })),
  };
  const report = (error: unknown): number => reportError(error, output, context.logger());
  const parsed = async (): Promise<number> => {
    try {
      program = await buildProgram(argv, context);
      return await parse(program, argv);
    } catch (error) {
      return report(error);
    }
  };
  return { done: parsed(), report };
}
