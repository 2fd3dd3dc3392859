import type { ServerResponse } from 'node:http';
import type { Standin } from '@standin/core/library/standin-types';
import type { Clock } from '@standin/core/spec/clock';
import type { Log } from '@standin/core/spec/log';
import type { RehearsedCell } from '@standin/simulator/rehearsal/index';
import { AdminError } from './route.ts';
import { eventOf } from './live/stream.ts';

/** Calls that a rehearsal in a serving process plays at the same time: callers go first. */
const AT_ONCE = 2;

export type ShownCell = {
  readonly fault: string;
  readonly target: number;
  readonly outcome: string;
  readonly note: string | null;
  readonly tookMs: number;
  readonly attempts: number;
  readonly outputTokens: number | null;
};

/** One rehearsal, under way or over. Times in Unix milliseconds. */
export interface RehearsalState {
  readonly id: string;
  readonly model: string;
  readonly startedAt: number;
  state: 'running' | 'done' | 'cancelled' | 'failed';
  error: string | null;
  endedAt: number | null;
  factor: number;
  of: number;
  targets: readonly { readonly entry: string; readonly model: string; readonly wire: string }[];
  faults: readonly { readonly id: string; readonly title: string }[];
  leftOut: readonly string[];
  readonly cells: RehearsedCell[];
}

/** Plays every failure against the config in force; one at a time, and the last one is remembered. */
export interface Rehearsals {
  readonly current: RehearsalState | undefined;
  /** Throws `AdminError` 409 while one runs, `RequestError` 404 for an unknown name. */
  start(standin: Standin, model: string | undefined): RehearsalState;
  cancel(): boolean;
  /** Follows the current one to its end. */
  follow(res: ServerResponse): void;
}

export function createRehearsals(clock: Clock, log: Log, newId: () => string): Rehearsals {
  const listeners = new Set<ServerResponse>();
  let current: RehearsalState | undefined;
  let abort: AbortController | undefined;
  const tell = (name: string, data: unknown): void => {
    const event = eventOf(name, data);
    for (const res of listeners) res.write(event);
  };
  const ended = (state: RehearsalState, how: RehearsalState['state'], error: string | null): void => {
    state.state = how;
    state.error = error;
    state.endedAt = clock.wallMs();
    abort = undefined;
    tell('end', { state: how, error });
    for (const res of listeners) res.end();
    listeners.clear();
  };
  const run = async (state: RehearsalState, standin: Standin, signal: AbortSignal): Promise<void> => {
    const plan = standin.plan(state.model === '' ? undefined : state.model);
    const { rehearse } = await import('@standin/simulator/rehearsal/index');
    const result = await rehearse(plan, {
      atOnce: AT_ONCE,
      signal,
      onBegin({ factor, of, targets, faults, leftOut }) {
        const shown = faults.map(({ id, title }) => ({ id, title }));
        Object.assign(state, { factor, of, targets, faults: shown, leftOut });
        tell('rehearsal', shownRehearsal(state));
      },
      onCell(cell) {
        state.cells.push(cell);
        tell('cell', shownCell(cell));
      },
    });
    if (signal.aborted) return ended(state, 'cancelled', null);
    const nothing = result.targets.length === 0 ? (result.leftOut[0] ?? 'the walk has no target') : undefined;
    if (nothing === undefined) ended(state, 'done', null);
    else ended(state, 'failed', `Nothing can be rehearsed: ${nothing}.`);
  };
  return {
    get current() {
      return current;
    },
    start(standin, model = '') {
      if (current?.state === 'running')
        throw new AdminError(409, 'rehearsal_running', 'A rehearsal runs already; wait for it or cancel it.');
      // An unknown name is told now, not by a rehearsal that fails.
      standin.plan(model === '' ? undefined : model);
      const state: RehearsalState = {
        id: `reh_${newId().slice(0, 12)}`,
        model,
        startedAt: clock.wallMs(),
        state: 'running',
        error: null,
        endedAt: null,
        factor: 1,
        of: 0,
        targets: [],
        faults: [],
        leftOut: [],
        cells: [],
      };
      current = state;
      abort = new AbortController();
      run(state, standin, abort.signal).catch((error: unknown) => {
        log('error', 'Rehearsal failed', { error });
        ended(state, 'failed', error instanceof Error ? error.message : String(error));
      });
      return state;
    },
    cancel() {
      if (abort === undefined) return false;
      abort.abort();
      return true;
    },
    follow(res) {
      if (current !== undefined) res.write(eventOf('rehearsal', shownRehearsal(current)));
      if (current?.state === 'running') {
        listeners.add(res);
        res.on('close', () => listeners.delete(res));
        return;
      }
      if (current !== undefined) res.write(eventOf('end', { state: current.state, error: current.error }));
      res.end();
    },
  };
}

export function shownRehearsal(state: RehearsalState) {
  const { id, model, startedAt, endedAt, error, of, factor, targets, faults, leftOut, cells } = state;
  return {
    id,
    state: state.state,
    error,
    model,
    startedAt,
    endedAt,
    done: cells.length,
    of,
    factor,
    targets: targets.map((target) => ({ ...target })),
    faults: faults.map((fault) => ({ ...fault })),
    leftOut: [...leftOut],
    cells: cells.map(shownCell),
  };
}

export function shownCell(cell: RehearsedCell): ShownCell {
  const { fault, target, outcome, note, tookMs, attempts, outputTokens } = cell;
  return {
    fault,
    target,
    outcome,
    note: note ?? null,
    tookMs,
    attempts: attempts.length,
    outputTokens: outputTokens ?? null,
  };
}
