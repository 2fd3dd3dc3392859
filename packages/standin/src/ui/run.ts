import type { ReadStream, WriteStream } from 'node:tty';
import type { CommandContext } from '../cli/context.ts';
import { Interrupted } from '../cli/exit.ts';
import { createApp } from './app.ts';
import { glyphsFor } from './screen/style.ts';
import { enterTerminal } from './screen/terminal.ts';

export interface UiOptions {
  /** The gateway's address; default: that of the config, on this machine. */
  readonly url?: URL;
}

const TITLES = ['Config', 'Requests', 'Health', 'Spend'];

/** Runs until the user leaves. The first picture is there before anything else is loaded. */
export async function runUi(options: UiOptions, context: CommandContext): Promise<void> {
  const { env, output, interrupt } = context;
  const quit = Promise.withResolvers<void>();
  const out = output.out as unknown as WriteStream;
  const terminal = enterTerminal({
    input: context.input as unknown as ReadStream,
    out,
    hasColour: (env['NO_COLOR'] ?? '') === '',
    glyphs: glyphsFor(env),
    onKey: (key) => app.key(key),
    onRedraw: () => app.redraw(),
  });
  const app = createApp(terminal, TITLES, quit.resolve);
  // A terminal that is gone takes no more pictures; the signal that follows ends the rest.
  out.on('error', quit.resolve);
  const stop = (): void => quit.resolve();
  interrupt.signal.addEventListener('abort', stop, { once: true });
  // Log lines would be written across the picture.
  context.logger().writeWith(() => {});
  let closeAll = (): void => {};
  try {
    app.draw();
    void import('./open.ts')
      .then(({ openPanes }) => openPanes(options, context, app))
      .then((close) => {
        closeAll = close;
      }, quit.reject);
    await quit.promise;
  } finally {
    app.close();
    closeAll();
    terminal.leave();
    out.off('error', quit.resolve);
    context.logger().writeWith(undefined);
  }
  if (interrupt.signal.aborted) throw new Interrupted();
}
