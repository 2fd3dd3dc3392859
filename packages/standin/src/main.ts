import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { CommandContext, GlobalOptions } from './cli/context.ts';
import { EXIT } from './cli/exit.ts';
import { createInterrupt, type Interrupt } from './cli/interrupt.ts';
import { createLogger, type Logger } from './cli/log.ts';
import { createOutput, type Output } from './cli/output.ts';
import { buildProgram, parse } from './cli/program.ts';
import { reportError } from './cli/report.ts';

function readVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return manifest.version;
}

/** `standin … | head`: the reader left, so nobody needs the rest. Quiet, and the vendor is told at once. */
function stopWhenReaderLeaves(output: Output, interrupt: Interrupt): () => boolean {
  let left = false;
  output.out.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
    if (left) return;
    left = true;
    interrupt.trigger('SIGTERM');
  });
  output.err.on('error', () => {});
  return () => left;
}

/** Exits after what was printed has left: a pipe may still hold some of it. */
function leave(code: number, output: Output, readerLeft: () => boolean): void {
  process.exitCode = code;
  const exit = () => process.exit(code);
  if (readerLeft() || output.out.destroyed) return exit();
  output.out.write('', exit);
}

/** The command. Sets the exit code and ends the process. */
export async function run(argv: readonly string[]): Promise<void> {
  const output = createOutput();
  const interrupt = createInterrupt();
  const readerLeft = stopWhenReaderLeaves(output, interrupt);
  let program: Command | undefined;
  let logger: Logger | undefined;
  const globals = (): GlobalOptions => program?.opts<GlobalOptions>() ?? { logLevel: 'info' };
  const context: CommandContext = {
    output,
    interrupt,
    env: process.env,
    version: readVersion(),
    globals,
    logger: () => (logger ??= createLogger({ output, level: globals().logLevel, format: globals().logFormat })),
  };
  // Node's own report would print whatever the error carries; ours passes the redactor.
  process.on('uncaughtException', (error) => process.exit(reportError(error, output, context.logger())));
  let code: number;
  try {
    program = await buildProgram(argv, context);
    code = await parse(program, argv);
  } catch (error) {
    code = reportError(error, output, context.logger());
  }
  leave(readerLeft() ? EXIT.done : code, output, readerLeft);
}
