import { EXIT } from './cli/exit.ts';
import { execute } from './cli/execute.ts';
import { createInterrupt, type Interrupt } from './cli/interrupt.ts';
import { createOutput, type Output } from './cli/output.ts';

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
  const { done, report } = execute(argv, {
    // Opened only by commands that read it: an open pipe keeps a process alive.
    get input() {
      return process.stdin;
    },
    output,
    interrupt,
    env: process.env,
  });
  // Node's own report would print whatever the error carries; ours passes the redactor.
  process.on('uncaughtException', (error) => process.exit(report(error)));
  const code = await done;
  leave(readerLeft() ? EXIT.done : code, output, readerLeft);
}
