import type { ProviderError, AttemptRecord } from '../../src/spec/errors.ts';
import type { StreamEvent } from '../../src/spec/event.ts';
import type { RunHandle, RunSink } from '../../src/route/run-types.ts';

/** What one caller saw. */
export interface Seen {
  readonly events: StreamEvent[];
  text: string;
  terminals: number;
  ended?: 'done' | 'error' | 'left';
  error?: ProviderError;
  attempts: readonly AttemptRecord[];
  startedAt: number;
  endedAt?: number;
  handle?: RunHandle;
}

export const newSeen = (): Seen => ({ events: [], text: '', terminals: 0, attempts: [], startedAt: 0 });

export interface SinkOptions {
  readonly seen: Seen;
  readonly now: () => number;
  readonly fail: (problem: string) => void;
  /** The request is over for its caller, by whatever end. */
  readonly onEnd: () => void;
  /** The caller goes away inside the first callback of this name. */
  readonly leavesOn?: 'commit' | 'events' | 'answering';
  readonly leave: () => void;
}

/** A sink that writes down what it is told and objects to anything after the end. */
export function createSink({ seen, now, fail, onEnd, leavesOn, leave }: SinkOptions): RunSink {
  const heard = (what: string): void => {
    if (seen.ended !== undefined) fail(`${what} after the request was over (${seen.ended})`);
  };
  const maybeLeave = (at: string): void => {
    if (leavesOn === at && seen.ended === undefined && seen.handle !== undefined) leave();
  };
  const end = (how: 'done' | 'error', attempts: readonly AttemptRecord[]): void => {
    heard(how);
    seen.terminals++;
    seen.ended = how;
    seen.endedAt = now();
    seen.attempts = attempts;
    onEnd();
  };
  return {
    onAnswering() {
      heard('onAnswering');
      maybeLeave('answering');
    },
    onCommit() {
      heard('onCommit');
      maybeLeave('commit');
    },
    onRescue: () => heard('onRescue'),
    onEvents(events) {
      heard('onEvents');
      for (const event of events) {
        seen.events.push(event);
        if (event.type === 'text-delta') seen.text += event.text;
      }
      maybeLeave('events');
    },
    onDone: ({ attempts }) => end('done', attempts),
    onError(error, attempts) {
      seen.error = error;
      end('error', attempts);
    },
  };
}
