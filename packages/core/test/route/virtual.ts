import type { Clock } from '../../src/spec/clock.ts';
import { ProviderError, type AttemptRecord, type ErrorDetails } from '../../src/spec/errors.ts';
import type { StreamEvent } from '../../src/spec/event.ts';
import type { LogLevel } from '../../src/spec/log.ts';
import type { ChatRequest } from '../../src/spec/request.ts';
import { Secret } from '../../src/spec/secret.ts';
import { attemptBudget } from '../../src/route/budget.ts';
import { createHealth, type Health } from '../../src/route/health.ts';
import { startRun } from '../../src/route/run.ts';
import { DEFAULT_LIMITS, type Endpoint, type Limits, type Plan, type Target } from '../../src/route/target.ts';
import { TransportError, type HttpCall, type HttpHandler, type Transport } from '../../src/transport/transport.ts';
import { DEFAULT_QUIRKS } from '../../src/wires/quirks.ts';
import type { WireClient } from '../../src/wires/wire.ts';

/** A clock that moves only when told, and runs what is due on the way. */
export class VirtualClock implements Clock {
  #now = 0;
  #next = 1;
  readonly #due = new Map<number, { at: number; run: () => void }>();
  now = (): number => this.#now;
  wallMs = (): number => 1_795_000_000_000 + this.#now;
  after = (ms: number, run: () => void): unknown => {
    const id = this.#next++;
    this.#due.set(id, { at: this.#now + Math.max(0, ms), run });
    return id;
  };
  clear = (handle: unknown): void => {
    this.#due.delete(handle as number);
  };
  get pending(): number {
    return this.#due.size;
  }
  /** Runs the soonest timer; false when there is none. */
  step(): boolean {
    let best: [number, { at: number; run: () => void }] | undefined;
    for (const entry of this.#due) if (best === undefined || entry[1].at < best[1].at) best = entry;
    if (best === undefined) return false;
    this.#due.delete(best[0]);
    this.#now = Math.max(this.#now, best[1].at);
    best[1].run();
    return true;
  }
}

/** What a simulated vendor does with one call. */
export type Act =
  | {
      do: 'answer';
      text?: string;
      afterMs?: number;
      cutAt?: number;
      reasoning?: string;
      finish?: string;
      stallAt?: number;
      gapMs?: number;
    }
  | { do: 'error'; error: ErrorDetails; afterMs?: number }
  | { do: 'status'; status: number; error: ErrorDetails; headers?: Record<string, string>; afterMs?: number }
  | { do: 'refuse' }
  | { do: 'reset'; afterMs?: number }
  | { do: 'silent' };

export interface Seen {
  url: string;
  key: string;
  model: string;
  at: number;
  aborted: boolean;
  closed: boolean;
}

const encoder = new TextEncoder();

/** A wire of one JSON event per line, so that route tests depend on no real protocol. */
const lineWire: WireClient = {
  id: 'openai-chat',
  encode: (request, target, mode) => ({
    method: 'POST',
    path: '/chat',
    headers: {},
    body: JSON.stringify({ model: target.model, mode, temperature: request.temperature }),
    lost: [],
  }),
  createDecoder() {
    let rest = '';
    let done = false;
    return {
      get done() {
        return done;
      },
      skipped: 0,
      push(bytes) {
        rest += new TextDecoder().decode(bytes);
        const lines = rest.split('\n');
        rest = lines.pop() ?? '';
        const events = lines.map((line) => JSON.parse(line) as StreamEvent | { error: ErrorDetails });
        for (const event of events) {
          if ('error' in event) throw new ProviderError(event.error);
          if (event.type === 'finish') done = true;
        }
        return events as StreamEvent[];
      },
      end() {
        if (!done) throw new ProviderError({ kind: 'truncated', message: 'cut' });
        return [];
      },
    };
  },
  decodeWhole: (body) =>
    body
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as StreamEvent),
  readError: (status, body) => ({ status, message: body, body: JSON.parse(body) as unknown }),
};

export interface World {
  readonly clock: VirtualClock;
  readonly health: Health;
  readonly transport: Transport;
  readonly seen: Seen[];
  readonly logs: { level: LogLevel; message: string; fields?: Readonly<Record<string, unknown>> }[];
  act: (seen: Seen, index: number) => Act;
}

export function createWorld(act: World['act']): World {
  const clock = new VirtualClock();
  const seen: Seen[] = [];
  const world: World = { clock, health: createHealth(), seen, logs: [], act, transport: { start, close() {} } };
  function start(call: HttpCall, handler: HttpHandler) {
    const { model, mode } = JSON.parse(String(call.body)) as { model: string; mode: string };
    const record: Seen = {
      url: call.url,
      key: call.headers.authorization ?? '',
      model,
      at: clock.now(),
      aborted: false,
      closed: false,
    };
    seen.push(record);
    const act = world.act(record, seen.length - 1);
    const timers: unknown[] = [];
    const later = (ms: number, run: () => void) => {
      timers.push(
        clock.after(ms, () => {
          if (!record.aborted) run();
        }),
      );
    };
    const send = (value: unknown) => handler.onData(encoder.encode(`${JSON.stringify(value)}\n`));
    const fail = (code: string, phase: 'connect' | 'headers' | 'content') => {
      record.closed = true;
      handler.onError(new TransportError(`vendor: ${code}`, code, phase));
    };
    if (act.do === 'refuse') later(1, () => fail('ECONNREFUSED', 'connect'));
    else if (act.do === 'reset') later(act.afterMs ?? 1, () => fail('ECONNRESET', 'headers'));
    else if (act.do === 'status')
      later(act.afterMs ?? 5, () => {
        handler.onHead({ status: act.status, headers: act.headers ?? {} });
        handler.onData(encoder.encode(JSON.stringify(act.error)));
        record.closed = true;
        handler.onEnd();
      });
    else if (act.do === 'error')
      later(act.afterMs ?? 5, () => {
        handler.onHead({ status: 200, headers: {} });
        send({ error: act.error });
      });
    else if (act.do === 'answer') answer(act, mode, later, send, handler, record, fail);
    return {
      pause() {},
      resume() {},
      abort() {
        record.aborted = true;
        record.closed = true;
        for (const timer of timers) clock.clear(timer);
      },
      finish() {
        record.closed = true;
      },
    };
  }
  return world;
}

function answer(
  act: Extract<Act, { do: 'answer' }>,
  mode: string,
  later: (ms: number, run: () => void) => void,
  send: (value: unknown) => void,
  handler: HttpHandler,
  record: Seen,
  fail: (code: string, phase: 'content') => void,
): void {
  const text = act.text ?? 'hello world';
  const events: StreamEvent[] = [{ type: 'response-start', id: 'r', model: record.model }];
  let index = 0;
  if (act.reasoning !== undefined) {
    events.push({ type: 'reasoning-start', index }, { type: 'reasoning-delta', index, text: act.reasoning });
    if (act.cutAt !== -1) events.push({ type: 'reasoning-end', index: index++ });
  }
  if (act.cutAt !== -1 && text !== '') {
    events.push({ type: 'text-start', index });
    for (const char of text) events.push({ type: 'text-delta', index, text: char });
    events.push({ type: 'text-end', index });
  }
  const end: StreamEvent = {
    type: 'finish',
    reason: (act.finish ?? 'stop') as 'stop',
    usage: { outputTokens: text.length },
  };
  const at = act.afterMs ?? 10;
  later(at, () => handler.onHead({ status: 200, headers: { 'x-request-id': 'req-v' } }));
  if (mode === 'whole' && act.cutAt === undefined && act.stallAt === undefined) {
    later(at + 1, () => {
      for (const event of [...events, end]) send(event);
      record.closed = true;
      handler.onEnd();
    });
    return;
  }
  const stop = act.cutAt === -1 ? events.length : (act.cutAt ?? act.stallAt);
  const shown = stop === undefined ? [...events, end] : events.slice(0, stop);
  const gap = act.gapMs ?? 1;
  shown.forEach((event, i) => later(at + 1 + i * gap, () => send(event)));
  if (act.stallAt !== undefined) return;
  later(at + 2 + shown.length * gap, () => {
    if (act.cutAt === undefined) {
      record.closed = true;
      handler.onEnd();
    } else fail('BODY_CUT', 'content');
  });
}

export function endpoint(entry: string, origin: string): Endpoint {
  return {
    entry,
    slot: entry.split('.')[0] ?? entry,
    wire: lineWire,
    urlFor: (path) => `${origin}${path}`,
    headersFor: (key) => ({ authorization: key.secret?.reveal() ?? '' }),
    quirksFor: () => DEFAULT_QUIRKS,
    defaults: {},
    classify: (error) =>
      (error.body as ErrorDetails) ?? { kind: error.kind ?? 'server', message: error.message, status: error.status },
  };
}

export function target(entry: string, model: string, keys: readonly string[], extra: Partial<Target> = {}): Target {
  return {
    entry,
    slot: entry.split('.')[0] ?? entry,
    model,
    keys: keys.map((value) => {
      const secret = new Secret(value);
      return { fingerprint: secret.fingerprint, secret };
    }),
    via: { endpoint: endpoint(entry, `http://${entry}.test`) },
    ...extra,
  };
}

export function planOf(targets: readonly Target[], limits: Partial<Limits> = {}): Plan {
  return {
    requestedModel: targets[0]?.model ?? '',
    targets,
    limits: { ...DEFAULT_LIMITS, maxAttempts: attemptBudget(targets), ...limits },
    warnings: [],
  };
}

export interface Outcome {
  events: StreamEvent[];
  text: string;
  error?: ProviderError;
  attempts: readonly AttemptRecord[];
  terminal: number;
  tookMs: number;
}

export interface PlayOptions {
  mode?: 'stream' | 'whole';
  request?: Partial<ChatRequest>;
  random?: () => number;
}

/** Starts one request; what comes of it is filled in while the clock moves. */
export function launch(world: World, plan: Plan, options: PlayOptions = {}): Outcome {
  const outcome: Outcome = { events: [], text: '', attempts: [], terminal: 0, tookMs: 0 };
  const began = world.clock.now();
  const ended = (): void => {
    outcome.terminal++;
    outcome.tookMs = world.clock.now() - began;
  };
  startRun(
    plan,
    { messages: [{ role: 'user', content: 'hi' }], ...options.request },
    {
      mode: options.mode ?? 'stream',
      clock: world.clock,
      random: options.random ?? (() => 0.5),
      transport: world.transport,
      health: world.health,
      log: (level, message, fields) => world.logs.push({ level, message, fields }),
    },
    {
      onEvents(events) {
        for (const event of events) {
          outcome.events.push(event);
          if (event.type === 'text-delta') outcome.text += event.text;
        }
      },
      onDone(result) {
        ended();
        outcome.attempts = result.attempts;
      },
      onError(error, attempts) {
        ended();
        outcome.error = error;
        outcome.attempts = attempts;
      },
    },
  );
  return outcome;
}

/** Runs one request to its end in virtual time. */
export async function play(world: World, plan: Plan, options: PlayOptions = {}): Promise<Outcome> {
  const outcome = launch(world, plan, options);
  for (let turn = 0; outcome.terminal === 0 && turn < 100_000; turn++) {
    await Promise.resolve();
    if (outcome.terminal === 0 && !world.clock.step()) {
      await new Promise((resolve) => setImmediate(resolve));
      if (world.clock.pending === 0) break;
    }
  }
  return outcome;
}
