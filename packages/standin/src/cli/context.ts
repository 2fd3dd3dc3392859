import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import type { Interrupt } from './interrupt.ts';
import type { LogFormat, Logger, LogThreshold } from './log.ts';
import type { Output } from './output.ts';

/** `process.stdin`, or what stands in for it. */
export type Input = Readable & { readonly isTTY?: boolean; readonly fd?: number };

/** Options that stand before or after any command. */
export interface GlobalOptions {
  /** `--config PATH`. */
  readonly config?: string;
  readonly logLevel: LogThreshold;
  readonly logFormat?: LogFormat;
}

/** What every command is given: its surroundings, so that none reads them from the process itself. */
export interface CommandContext {
  /** What is piped in, or typed. */
  readonly input: Input;
  readonly output: Output;
  readonly interrupt: Interrupt;
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  /** Valid once the command runs. */
  globals(): GlobalOptions;
  logger(): Logger;
}

/** A command's module: adds its options, examples and action to the empty command. */
export interface CommandModule {
  register(command: Command, context: CommandContext): void;
}
