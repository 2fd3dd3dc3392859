import { createHealth } from '@standin/core/route/health';
import { startRun } from '@standin/core/route/run';
import type { Plan } from '@standin/core/route/target';
import type { AttemptRecord, ChatRequest, Clock, ProviderError, StreamEvent, Tool } from '@standin/core/spec/index';
import { seededRandom } from '../random.ts';
import { cannotPlay, castPlan, type Cast } from './cast.ts';
import { CATALOGUE, type FaultRow } from './faults.ts';
import { judge, type Outcome, type Played } from './judge.ts';
import { scaledClock } from './scaled-clock.ts';

export interface RehearsalOptions {
  /** Times pass this much faster than real ones. Default 10; 40 for a lone target, whose silence is waited for long. */
  readonly factor?: number;
  /** Default: the whole catalogue. */
  readonly faults?: readonly FaultRow[];
  /** Calls played at the same time. Default 8. */
  readonly atOnce?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, of: number) => void;
  /** Before the first cell: what will be played. */
  readonly onBegin?: (
    what: Pick<Rehearsal, 'factor' | 'targets' | 'faults' | 'leftOut'> & { readonly of: number },
  ) => void;
  readonly onCell?: (cell: RehearsedCell) => void;
}

export interface RehearsedCell {
  readonly fault: string;
  /** 1 for the first target of the walk. */
  readonly target: number;
  readonly outcome: Outcome;
  readonly note?: string;
  /** Milliseconds until the caller's call was over, waits included, on the scaled clock. */
  readonly tookMs: number;
  readonly attempts: readonly AttemptRecord[];
  /** Tokens that the stand-ins counted over all attempts: what a failure costs beside the answer. */
  readonly outputTokens?: number;
}

export interface Rehearsal {
  readonly factor: number;
  readonly targets: readonly { readonly entry: string; readonly model: string; readonly wire: string }[];
  readonly faults: readonly FaultRow[];
  readonly cells: readonly RehearsedCell[];
  /** Targets that have no stand-in and were left out. */
  readonly leftOut: readonly string[];
  readonly realMs: number;
}

const QUESTION = 'Rehearsal: tell me something that takes a few sentences.';

const TOOL: Tool = {
  name: 'look_up',
  description: 'Looks something up.',
  parameters: { type: 'object', properties: { subject: { type: 'string' } }, required: ['subject'] },
};

/**
 * Plays every failure at every target of a plan, over real sockets on loopback and the real code path. The targets
 * before the faulty one say that they do not know the model, so that the walk arrives; those after it are well.
 */
export async function rehearse(plan: Plan, options: RehearsalOptions = {}): Promise<Rehearsal> {
  const { factor = plan.targets.length > 1 ? 10 : 40, faults = CATALOGUE, atOnce = 8 } = options;
  const began = performance.now();
  const clock = scaledClock(factor);
  const leftOut = plan.targets.flatMap((target) => cannotPlay(target) ?? []);
  const played: Plan = { ...plan, targets: plan.targets.filter((target) => cannotPlay(target) === undefined) };
  const expected = played.targets.length === 0 ? '' : await textOf(played, clock);
  const todo = faults.flatMap((fault) => played.targets.map((_, position) => ({ fault, position })));
  const targets = played.targets.map(({ entry, model, via }) => ({
    entry,
    model,
    wire: 'endpoint' in via ? via.endpoint.wire.id : '',
  }));
  options.onBegin?.({ factor, targets, faults, leftOut, of: todo.length });
  const cells: RehearsedCell[] = Array.from({ length: todo.length });
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < todo.length; at = next++) {
      if (options.signal?.aborted === true) return;
      const { fault, position } = todo[at] as (typeof todo)[number];
      const cell = await playCell(played, fault, position, expected, clock, factor);
      cells[at] = cell;
      options.onCell?.(cell);
      options.onProgress?.(++done, todo.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, todo.length) }, work));
  return {
    factor,
    targets,
    faults,
    cells: cells.filter((cell) => cell !== undefined),
    leftOut,
    realMs: Math.round(performance.now() - began),
  };
}

/** The answer that all stand-ins give when nothing goes wrong. */
async function textOf(plan: Plan, clock: Clock): Promise<string> {
  const cast = await castPlan(plan, clock);
  try {
    const { text } = await play(cast, { messages: [{ role: 'user', content: QUESTION }] }, clock, 30_000);
    return text;
  } finally {
    await cast.close();
  }
}

async function playCell(
  plan: Plan,
  fault: FaultRow,
  position: number,
  expected: string,
  clock: Clock,
  factor: number,
): Promise<RehearsedCell> {
  const cast = await castPlan(plan, clock);
  try {
    await script(cast, fault, position);
    const request: ChatRequest = {
      messages: [{ role: 'user', content: QUESTION }],
      temperature: 0.2,
      ...(fault.tool === true ? { tools: [TOOL] } : {}),
    };
    const patienceMs = plan.limits.deadlineMs / factor + 10_000;
    const played = await play(cast, request, clock, patienceMs);
    const { outcome, note } = judge(fault, position, cast.plan, expected, played);
    const counts = played.attempts.flatMap(({ usage }) => usage?.outputTokens ?? []);
    return {
      fault: fault.id,
      target: position + 1,
      outcome,
      note,
      tookMs: Math.round(played.tookMs),
      attempts: played.attempts,
      outputTokens: counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0),
    };
  } finally {
    await cast.close();
  }
}

async function script(cast: Cast, fault: FaultRow, position: number): Promise<void> {
  for (const [index, simulator] of cast.simulators.entries()) {
    if (index < position) simulator.setScript({ rules: [{ behaviour: 'model' }] });
    else if (index > position) {
      simulator.setScript({
        defaults: { words: 40 },
        rules: fault.others === undefined ? [] : [{ behaviour: fault.others }],
      });
    } else if (fault.does === 'refused') await simulator.refuse();
    else simulator.setScript({ defaults: { words: 40 }, rules: [{ behaviour: fault.does }] });
  }
}

/** One call as the gateway makes it. `patienceMs` is real time: a call that never ends is a finding, not a hang. */
function play(cast: Cast, request: ChatRequest, clock: Clock, patienceMs: number): Promise<Played> {
  const events: StreamEvent[] = [];
  const startedAt = clock.now();
  let text = '';
  return new Promise((resolve) => {
    const end = (ended: boolean, attempts: readonly AttemptRecord[], error?: ProviderError): void => {
      clearTimeout(patience);
      resolve({ events, text, error, attempts, tookMs: clock.now() - startedAt, ended });
    };
    const patience = setTimeout(() => {
      handle.cancel();
      end(false, []);
    }, patienceMs);
    const handle = startRun(
      cast.plan,
      request,
      {
        mode: 'stream',
        clock,
        random: seededRandom(1),
        transport: cast.transport,
        health: createHealth(),
        log: () => {},
      },
      {
        onEvents(passed) {
          for (const event of passed) {
            events.push(event);
            if (event.type === 'text-delta') text += event.text;
          }
        },
        onDone: ({ attempts }) => end(true, attempts),
        onError: (error, attempts) => end(true, attempts, error),
      },
    );
  });
}
