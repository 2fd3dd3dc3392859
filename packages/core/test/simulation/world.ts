import { ProviderError, type ErrorDetails } from '../../src/spec/errors.ts';
import type { Provider } from '../../src/spec/provider.ts';
import { Secret } from '../../src/spec/secret.ts';
import type { Endpoint, Key, Target } from '../../src/route/target.ts';
import { TransportError, type HttpCall, type HttpHandler, type Transport } from '../../src/transport/transport.ts';
import { DEFAULT_QUIRKS } from '../../src/wires/quirks.ts';
import type { SimClock } from './clock.ts';
import { createLineWire, lineCall, type LineCall } from './line-wire.ts';
import { PLAIN, type Act, type Schedule, type TargetSpec } from './schedule.ts';
import { meantBy, stepsOf, type Meant, type TimedStep } from './vendor.ts';

/** One call as it reached a vendor. */
export interface Upstream {
  readonly request: number;
  readonly target: number;
  readonly act: Act;
  /** Set when an answer was meant: the caller's whole text once it completed. */
  readonly meant?: Meant;
  readonly isPrefill: boolean;
  readonly startedAt: number;
  /** Nothing is under way any more, by whoever's doing. */
  closed: boolean;
  paused: boolean;
}

export interface World {
  readonly targets: readonly Target[];
  readonly transport: Transport;
  readonly upstreams: Upstream[];
}

export interface WorldOptions {
  readonly schedule: Schedule;
  readonly clock: SimClock;
  readonly chance: () => number;
  /** What the caller of a request has received. */
  readonly delivered: (request: number) => string;
  readonly fail: (problem: string) => void;
}

const secrets = new Map<string, Key>();

function keyOf(entry: string, index: number): Key {
  const value = `${entry}#${index}`;
  let key = secrets.get(value);
  if (key === undefined) {
    const secret = new Secret(value);
    key = { fingerprint: secret.fingerprint, secret };
    secrets.set(value, key);
  }
  return key;
}

/** Vendors that do what the schedule says, on a transport without sockets. */
export function createWorld(options: WorldOptions): World {
  const { schedule, clock, chance, fail } = options;
  const upstreams: Upstream[] = [];
  const asked = schedule.targets.map(() => 0);
  let starting: { call: LineCall; target: number; act: Act } | undefined;

  const nextAct = (target: number): Act => {
    const spec = schedule.targets[target];
    const count = asked[target] ?? 0;
    asked[target] = count + 1;
    return spec?.acts[count] ?? PLAIN;
  };

  const open = (call: LineCall, target: number, act: Act): Upstream => {
    const spec = schedule.targets[target] as TargetSpec;
    const text = schedule.requests[call.request]?.text ?? '';
    const meant =
      act.do === 'answer' ? meantBy(spec, act.shape, call, text, options.delivered(call.request)) : undefined;
    const upstream: Upstream = {
      request: call.request,
      target,
      act,
      ...(meant === undefined ? {} : { meant }),
      isPrefill: call.prefill !== undefined,
      startedAt: clock.world.now(),
      closed: false,
      paused: false,
    };
    upstreams.push(upstream);
    return upstream;
  };

  const wire = createLineWire((call) => {
    const target = schedule.targets.findIndex((spec) => spec.model === call.model);
    const act = nextAct(target);
    if (act.do === 'unwritable') {
      open(call, target, act).closed = true;
      throw new ProviderError({ kind: 'config', message: 'cannot be written for this vendor' });
    }
    starting = { call, target, act };
  });

  const start = (call: HttpCall, handler: HttpHandler) => {
    const begun = starting;
    starting = undefined;
    if (begun === undefined) throw new Error('a call without an encoded request');
    const { host } = new URL(call.url);
    if (call.headers['authorization']?.startsWith(`${host}#`) !== true)
      fail(`a key of another entry was sent to ${host}`);
    const upstream = open(begun.call, begun.target, begun.act);
    const play = perform(upstream, stepsFor(upstream, begun.call, chance), handler, clock);
    return {
      pause: () => void (upstream.paused = true),
      resume() {
        upstream.paused = false;
        play.resume();
      },
      abort: () => play.stop(),
      finish: () => play.stop(),
    };
  };

  const targets = schedule.targets.map((spec, index) => {
    const { entry, model, contextWindow, retries } = spec;
    const base = { entry, slot: entry.split('.')[0] ?? entry, model, contextWindow, retries };
    const keys = Array.from({ length: spec.keys }, (_, key) => keyOf(entry, key));
    if (spec.provider !== true) return { ...base, keys, via: { endpoint: endpointOf(spec, wire) } };
    const begin = (call: LineCall): Upstream => open(call, index, nextAct(index));
    return { ...base, keys: [{ fingerprint: 'none' }], via: { provider: providerOf(spec, clock, begin) } };
  });
  return { targets, transport: { start, close() {} }, upstreams };
}

function endpointOf(spec: TargetSpec, wire: Endpoint['wire']): Endpoint {
  return {
    entry: spec.entry,
    slot: spec.entry.split('.')[0] ?? spec.entry,
    wire,
    urlFor: (path) => `http://${spec.entry}${path}`,
    headersFor: (key) => ({ authorization: key.secret?.reveal() ?? '' }),
    quirksFor: () => ({ ...DEFAULT_QUIRKS, prefill: spec.prefill }),
    defaults: {},
    classify: (error) =>
      (error.body as ErrorDetails | undefined) ?? {
        kind: error.kind ?? 'server',
        message: error.message,
        status: error.status,
      },
  };
}

function stepsFor({ act, meant }: Upstream, call: LineCall, chance: () => number): readonly TimedStep[] {
  switch (act.do) {
    case 'answer': {
      if (call.prefill !== undefined && act.shape.prefill === 'refuse') {
        return refusal(400, { kind: 'invalid-request', message: 'no assistant turn at the end, please' }, {}, 5);
      }
      return meant === undefined ? [] : stepsOf(act.shape, meant, call.mode, chance);
    }
    case 'status': {
      // A parameter that was left out is not complained about again.
      const { status, kind, retryAfterMs, shouldRetry, parameter, afterMs } = act;
      const details: ErrorDetails = { kind, status, message: `status ${status}`, retryAfterMs, shouldRetry, parameter };
      return refusal(status, details, {}, afterMs);
    }
    case 'refuse':
      return [{ afterMs: 1, step: { do: 'error', code: 'ECONNREFUSED', phase: 'connect' } }];
    case 'reset':
      return [{ afterMs: act.afterMs, step: { do: 'error', code: 'ECONNRESET', phase: 'headers' } }];
    case 'empty-body':
      return [
        { afterMs: 4, step: { do: 'head', status: 200, headers: {} } },
        { afterMs: 1, step: { do: 'end' } },
      ];
    case 'head-silent':
      return [{ afterMs: 4, step: { do: 'head', status: 200, headers: {} } }];
    default:
      return [];
  }
}

function refusal(
  status: number,
  body: ErrorDetails,
  headers: Readonly<Record<string, string>>,
  afterMs: number,
): TimedStep[] {
  return [
    { afterMs, step: { do: 'head', status, headers } },
    { afterMs: 0, step: { do: 'data', bytes: Buffer.from(JSON.stringify(body)) } },
    { afterMs: 0, step: { do: 'end' } },
  ];
}

/** Plays the steps one after the other; a paused connection keeps what is due until it is read again. */
function perform(upstream: Upstream, steps: readonly TimedStep[], handler: HttpHandler, clock: SimClock) {
  let at = 0;
  let timer: unknown;
  let held = false;
  const due = (): void => {
    timer = undefined;
    if (upstream.closed) return;
    if (upstream.paused) {
      held = true;
      return;
    }
    const current = steps[at++]?.step;
    if (current === undefined) return;
    if (current.do === 'error' || current.do === 'end') upstream.closed = true;
    switch (current.do) {
      case 'head':
        handler.onHead(current);
        break;
      case 'data':
        handler.onData(current.bytes);
        break;
      case 'end':
        handler.onEnd();
        break;
      case 'error':
        handler.onError(new TransportError(`vendor: ${current.code}`, current.code, current.phase));
    }
    arm();
  };
  const arm = (): void => {
    const next = steps[at];
    if (next !== undefined && !upstream.closed) timer = clock.world.after(next.afterMs, due);
  };
  arm();
  return {
    resume() {
      if (!held || upstream.closed) return;
      held = false;
      timer = clock.world.after(0, due);
    },
    stop() {
      upstream.closed = true;
      if (timer !== undefined) clock.world.clear(timer);
    },
  };
}

/** A hand-written Provider that does the same things by throwing and yielding. */
function providerOf(spec: TargetSpec, clock: SimClock, begin: (call: LineCall) => Upstream): Provider {
  return {
    name: spec.entry,
    capabilities: { streaming: true },
    async *chat(request, options = {}) {
      const { signal } = options;
      const call = lineCall(request, spec.model, 'stream');
      const upstream = begin(call);
      const sleep = (ms: number): Promise<void> => asleep(ms, clock, signal);
      signal?.addEventListener('abort', () => void (upstream.closed = true));
      try {
        const { act, meant } = upstream;
        if (act.do !== 'answer' || meant === undefined) {
          if (act.do.endsWith('silent')) await sleep(1e9);
          await sleep(5);
          throw errorOf(act);
        }
        await sleep(act.shape.headMs);
        const complete = ['ok', 'finish-error', 'hangs-open'].includes(act.shape.end);
        const shown = complete ? meant.events : meant.events.slice(0, Math.floor(act.shape.at * meant.events.length));
        for (const event of shown) {
          await sleep(act.shape.gapMs);
          yield event;
        }
        if (act.shape.end === 'stall') await sleep(1e9);
        if (act.shape.end === 'cut') throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
      } finally {
        upstream.closed = true;
      }
    },
  };
}

function errorOf(act: Act): Error {
  if (act.do !== 'status') return Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  const { kind, status, retryAfterMs } = act;
  return new ProviderError({ kind, status, retryAfterMs, message: `status ${status}` });
}

function asleep(ms: number, clock: SimClock, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(new Error('aborted'));
    const timer = clock.world.after(ms, resolve);
    signal?.addEventListener('abort', () => {
      clock.world.clear(timer);
      reject(new Error('aborted'));
    });
  });
}
