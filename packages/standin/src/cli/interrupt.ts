import { EXIT } from './exit.ts';

// The launcher for old Nodes forwards a signal that the terminal also sent to the whole group: one press, two signals.
const SAME_PRESS_MS = 100;

export type StopSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** The user's wish to stop, as one AbortSignal for the whole command. A second wish ends the process at once. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** Which signal came first. */
  readonly cause: StopSignal | undefined;
  /** Takes the interrupts over (conversation): the handler answers `true` when it dealt with one. */
  handle(handler: ((cause: StopSignal) => boolean) | undefined): void;
  /** As if the signal had come: for Ctrl-C typed at a prompt and for a reader that left. */
  trigger(cause: StopSignal): void;
}

/** Listens to the process's signals. */
export function createInterrupt(): Interrupt {
  const interrupt = createQuietInterrupt((code) => process.exit(code));
  watchLauncher(() => interrupt.trigger('SIGTERM'));
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interrupt.trigger(name));
  return interrupt;
}

/** Hears only what `trigger` tells it. */
export function createQuietInterrupt(exit: (code: number) => void): Interrupt {
  const controller = new AbortController();
  let handler: ((cause: StopSignal) => boolean) | undefined;
  let cause: StopSignal | undefined;
  let lastMs = -Infinity;
  let last: StopSignal | undefined;
  const trigger = (next: StopSignal): void => {
    const nowMs = performance.now();
    const repeated = next === last && nowMs - lastMs < SAME_PRESS_MS;
    lastMs = nowMs;
    last = next;
    if (repeated) return;
    if (handler?.(next) === true) return;
    if (cause !== undefined) return exit(EXIT.interrupted);
    cause = next;
    controller.abort();
  };
  return {
    signal: controller.signal,
    get cause() {
      return cause;
    },
    handle: (next) => void (handler = next),
    trigger,
  };
}

const LAUNCHER_CHECK_MS = 1_000;

/** Started through the launcher for old Nodes: when that one is killed outright, nobody else would tell us. */
function watchLauncher(gone: () => void): void {
  const launcher = Number(process.env['_STANDIN_LAUNCHER_PID']);
  if (!Number.isInteger(launcher) || launcher !== process.ppid) return;
  const timer = setInterval(() => {
    if (process.ppid === launcher) return;
    clearInterval(timer);
    gone();
  }, LAUNCHER_CHECK_MS);
  timer.unref();
}
