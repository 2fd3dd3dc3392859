import type { Router, Selector } from '../config/router-types.ts';
import type { Health } from '../route/health.ts';
import type { Recorder } from '../route/recorder.ts';
import type { RawCall, RawHandle, RawSink } from '../route/raw-types.ts';
import type { RunHandle, RunSink } from '../route/run-types.ts';
import type { Plan } from '../route/target.ts';
import type { AttemptRecord } from '../spec/errors.ts';
import type { StreamEvent } from '../spec/event.ts';
import type { ChatOptions, Provider, SchemaValidator } from '../spec/provider.ts';
import type { ChatRequest } from '../spec/request.ts';
import type { WireId } from '../spec/wire-id.ts';
import type { CallMode } from '../wires/wire.ts';

export interface StartOptions {
  readonly mode: CallMode;
  readonly signal?: AbortSignal;
  /** The caller's protocol: a vendor of the same one is relayed byte for byte where nothing must be rewritten. */
  readonly relay?: WireId;
  /** Milliseconds; the caller's own deadline. The smaller of it and the plan's holds. */
  readonly timeoutMs?: number;
  readonly maxAttempts?: number;
  /** Instead of the runtime's own. */
  readonly validateSchema?: SchemaValidator;
  readonly onAttempt?: (attempt: AttemptRecord) => void;
  /** Under which the request's attempt record is found. */
  readonly requestId?: string;
}

/** A configured Standin: routes, health and connections of one process. Made by `createStandin()`. */
export interface Standin {
  readonly router: Router;
  readonly health: Health;
  /** Attempt records of the last requests. */
  readonly records: Recorder;
  /** The walk that a selector yields. Throws `RequestError` 404 for an unknown one. */
  plan(selector?: Selector): Plan;
  /** A Provider that walks the selector's plan. */
  provider(selector?: Selector): Provider;
  /** `request.model` selects the route; absent: the default one. */
  chat(request: ChatRequest, options?: ChatOptions): AsyncIterable<StreamEvent>;
  /** The push form of `chat`, for servers: no iterator between the vendor's socket and the sink. */
  start(plan: Plan, request: ChatRequest, options: StartOptions, sink: RunSink): RunHandle;
  /** A call that is no chat (embeddings, files), passed on as it came along the walk of its plan. */
  startRaw(plan: Plan, call: RawCall, options: Omit<StartOptions, 'mode' | 'relay'>, sink: RawSink): RawHandle;
  /** Closes idle connections. Calls in flight go on. */
  close(): void;
}
