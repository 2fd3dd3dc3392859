import { createRecorder } from '@standin/core/route/recorder';
import { systemClock } from '@standin/core/spec/index';
import type { Selector } from '@standin/core/config/router-types';
import type { Standin, StartOptions } from '@standin/core/library/standin-types';
import { createHealth } from '@standin/core/route/health';
import type { RunHandle, RunSink } from '@standin/core/route/run-types';
import { DEFAULT_LIMITS, type Plan, type Target } from '@standin/core/route/target';
import {
  AllAttemptsFailed,
  RequestError,
  type AttemptRecord,
  type ChatRequest,
  type ErrorKind,
  type ModelInfo,
  type StreamEvent,
} from '@standin/core/spec/index';

/** A run whose answer a test scripts. */
export class FakeRun implements RunHandle {
  readonly plan: Plan;
  readonly request: ChatRequest;
  readonly options: StartOptions;
  readonly sink: RunSink;
  readonly calls: string[] = [];
  paused = false;
  cancelled = false;

  constructor(plan: Plan, request: ChatRequest, options: StartOptions, sink: RunSink) {
    this.plan = plan;
    this.request = request;
    this.options = options;
    this.sink = sink;
  }

  get target(): Target {
    const target = this.plan.targets[0];
    if (target === undefined) throw new Error('the fake plan has a target');
    return target;
  }

  commit(): void {
    this.sink.onAnswering?.({ target: this.target, attempt: 1 });
  }

  send(...events: StreamEvent[]): void {
    this.sink.onEvents(events);
  }

  done(): void {
    this.sink.onDone({ target: this.target, attempts: [attemptRow({ outcome: 'ok' })] });
  }

  answer(text: string): void {
    this.commit();
    this.send(...textEvents(text));
    this.done();
  }

  pause(): void {
    this.paused = true;
    this.calls.push('pause');
  }

  resume(): void {
    this.paused = false;
    this.calls.push('resume');
  }

  cancel(): void {
    this.cancelled = true;
    this.calls.push('cancel');
  }
}

export interface FakeStandin extends Standin {
  readonly runs: FakeRun[];
  readonly selectors: (Selector | undefined)[];
}

/** A Standin of one target `openai.main` / `model-a`, whose runs do what `script` says. */
export function createFakeStandin(
  script: (run: FakeRun) => void = () => {},
  models: readonly ModelInfo[] = MODELS,
): FakeStandin {
  const runs: FakeRun[] = [];
  const selectors: (Selector | undefined)[] = [];
  const health = createHealth();
  const plan = (selector?: Selector): Plan => {
    selectors.push(selector);
    const model = typeof selector === 'string' ? selector : selector?.model;
    if (model === 'unknown')
      throw new RequestError('No route for the model "unknown".', { status: 404, code: 'model_not_found' });
    const targets = model === 'nothing' ? [] : [fakeTarget()];
    return { requestedModel: model ?? '', targets, limits: DEFAULT_LIMITS, warnings: [] };
  };
  const unused = (): never => {
    throw new Error('the gateway pushes; it does not iterate');
  };
  return {
    runs,
    selectors,
    health,
    records: createRecorder({ clock: systemClock }),
    router: { plan, models: () => models },
    plan,
    provider: unused,
    chat: unused,
    start(walk, request, options, sink) {
      const run = new FakeRun(walk, request, options, sink);
      runs.push(run);
      script(run);
      return run;
    },
    startRaw: unused,
    close() {},
  };
}

const MODELS: readonly ModelInfo[] = [
  { id: 'openai.main', ownedBy: 'openai' },
  { id: 'openai.main/model-a', ownedBy: 'openai', contextWindow: 128_000 },
];

function fakeTarget(): Target {
  // The walk itself is faked, so nothing ever looks into the endpoint.
  const via = { endpoint: {} as never };
  return { entry: 'openai.main', slot: 'openai', model: 'model-a', keys: [{ fingerprint: 'aaaa1111' }], via };
}

export function textEvents(...pieces: string[]): StreamEvent[] {
  return [
    { type: 'response-start', id: 'vendor-1', model: 'model-a-2026' },
    { type: 'text-start', index: 0 },
    ...pieces.map((text): StreamEvent => ({ type: 'text-delta', index: 0, text })),
    { type: 'text-end', index: 0 },
    { type: 'finish', reason: 'stop', usage: { inputTokens: 7, outputTokens: 3 } },
  ];
}

export function attemptRow(fields: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    attempt: 1,
    provider: 'openai.main',
    model: 'model-a',
    key: 'aaaa1111',
    outcome: 'server',
    startedMs: 0,
    endedMs: 20,
    waitedMs: 0,
    reason: 'first',
    ...fields,
  };
}

/** Every route failed, each attempt with the kind given; the last kind is the error's own. */
export function exhausted(
  kinds: readonly ErrorKind[],
  more: { readonly retryAfterMs?: number; readonly status?: number; readonly code?: string } = {},
): AllAttemptsFailed {
  const attempts = kinds.map((outcome, index) =>
    attemptRow({ attempt: index + 1, outcome, message: `vendor words ${index + 1}` }),
  );
  const message = `All ${kinds.length} attempts failed:\n  1. openai.main model-a key:aaaa1111 → ${kinds.join(', ')}`;
  const kind = kinds.at(-1) ?? 'config';
  return new AllAttemptsFailed({ kind, message, provider: 'openai.main', model: 'model-a', ...more }, attempts);
}
