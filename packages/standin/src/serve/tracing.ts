import type * as Api from '@opentelemetry/api';
import type { Attributes, Context, Span, Tracer } from '@opentelemetry/api';
import type { Log } from '@standin/core/spec/log';
import type { AttemptRecord } from '@standin/core/spec/errors';
import type { RequestEntry, RequestLog, TraceContext } from '@standin/store';
import { UsageError } from '../cli/exit.ts';

/**
 * Names of the GenAI semantic conventions (still "development"; read 2026-11). Message content is never among them.
 * https://github.com/open-telemetry/semantic-conventions-genai
 */
const NAMES = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  requestModel: 'gen_ai.request.model',
  responseModel: 'gen_ai.response.model',
  isStream: 'gen_ai.request.stream',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cacheReadTokens: 'gen_ai.usage.cache_read.input_tokens',
  cacheWriteTokens: 'gen_ai.usage.cache_creation.input_tokens',
  reasoningTokens: 'gen_ai.usage.reasoning.output_tokens',
  firstChunk: 'gen_ai.response.time_to_first_chunk',
  errorType: 'error.type',
  status: 'http.response.status_code',
  address: 'server.address',
  port: 'server.port',
} as const;

/** Slots whose name there is another one. */
const PROVIDERS: Readonly<Record<string, string>> = {
  gemini: 'gcp.gemini',
  vertex: 'gcp.vertex_ai',
  bedrock: 'aws.bedrock',
  azure: 'azure.ai.openai',
  mistral: 'mistral_ai',
  xai: 'x_ai',
  moonshot: 'moonshot_ai',
};

const PACKAGES =
  '@opentelemetry/api @opentelemetry/sdk-trace @opentelemetry/exporter-trace-otlp-http @opentelemetry/resources';

export interface Tracing extends RequestLog {
  /** Sends what waits. */
  close(): Promise<void>;
}

export interface TracingOptions {
  /** The slot of an entry. */
  readonly slotOf: (entry: string) => string | undefined;
  readonly version: string;
  readonly log: Log;
}

/**
 * Spans by OTLP over HTTP, to `OTEL_EXPORTER_OTLP_ENDPOINT` and the other usual variables (default
 * `http://localhost:4318`): one for a call, and a child for each attempt. They are made when the call has ended, so that
 * nothing happens on its way but an id. Throws `UsageError` when the packages are not installed.
 */
export async function openTracing(options: TracingOptions): Promise<Tracing> {
  const [api, sdk, { OTLPTraceExporter }, resources] = await load();
  const ids = new GivenIds(new sdk.RandomIdGenerator());
  // Its own troubles are told once in a while, not thrown into the service.
  api.diag.setLogger(diagnostics(options.log), api.DiagLogLevel.WARN);
  const named = resources.resourceFromAttributes({
    'service.name': process.env['OTEL_SERVICE_NAME'] ?? 'standin',
    'service.version': options.version,
  });
  const detected = resources.detectResources({ detectors: [resources.envDetector] });
  const provider = new sdk.TracerProvider({
    resource: named.merge(detected),
    idGenerator: ids,
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
  const tracer = provider.getTracer('standin', options.version);
  return {
    ended(entry) {
      const { trace } = entry;
      if (trace?.isSampled === true) record(entry, trace, { api, tracer, ids, slotOf: options.slotOf });
    },
    close: () => provider.shutdown(),
  };
}

async function load() {
  try {
    return await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ]);
  } catch (cause) {
    throw new UsageError(`Tracing needs packages that are not installed: npm install ${PACKAGES}`, { cause });
  }
}

/** Hands out the ids that a call was given when it began; random ones otherwise. */
class GivenIds {
  traceId: string | undefined;
  spanId: string | undefined;
  readonly #random: { generateTraceId(): string; generateSpanId(): string };

  constructor(random: { generateTraceId(): string; generateSpanId(): string }) {
    this.#random = random;
  }

  generateTraceId(): string {
    const given = this.traceId;
    this.traceId = undefined;
    return given ?? this.#random.generateTraceId();
  }

  generateSpanId(): string {
    const given = this.spanId;
    this.spanId = undefined;
    return given ?? this.#random.generateSpanId();
  }
}

interface Means {
  readonly api: typeof Api;
  readonly tracer: Tracer;
  readonly ids: GivenIds;
  readonly slotOf: TracingOptions['slotOf'];
}

function record(entry: RequestEntry, trace: TraceContext, means: Means): void {
  const { api, tracer, ids, slotOf } = means;
  ids.traceId = trace.parentId === undefined ? trace.traceId : undefined;
  ids.spanId = trace.spanId;
  const span = tracer.startSpan(
    `chat ${entry.requestedModel}`.trimEnd(),
    { kind: api.SpanKind.SERVER, startTime: entry.startedAt, attributes: callAttributes(entry, slotOf) },
    parentOf(trace, means),
  );
  ids.traceId = undefined;
  ids.spanId = undefined;
  const inside = api.trace.setSpan(api.ROOT_CONTEXT, span);
  for (const attempt of entry.attempts) {
    const child = tracer.startSpan(
      `chat ${attempt.model}`.trimEnd(),
      {
        kind: api.SpanKind.CLIENT,
        startTime: entry.startedAt + attempt.startedMs,
        attributes: attemptAttributes(attempt, slotOf),
      },
      inside,
    );
    if (attempt.outcome !== 'ok') fail(child, api, attempt.outcome);
    child.end(entry.startedAt + Math.max(attempt.startedMs, attempt.endedMs));
  }
  if (entry.outcome === 'failed') fail(span, api, entry.errorCode ?? entry.errorKind ?? 'error');
  span.end(entry.startedAt + entry.tookMs);
}

function parentOf({ traceId, parentId, state }: TraceContext, { api }: Means): Context {
  if (parentId === undefined) return api.ROOT_CONTEXT;
  const traceState = state === undefined ? undefined : api.createTraceState(state);
  const traceFlags = api.TraceFlags.SAMPLED;
  return api.trace.setSpanContext(api.ROOT_CONTEXT, {
    traceId,
    spanId: parentId,
    traceFlags,
    isRemote: true,
    traceState,
  });
}

function fail(span: Span, api: Means['api'], type: string): void {
  span.setStatus({ code: api.SpanStatusCode.ERROR });
  span.setAttribute(NAMES.errorType, type);
}

function callAttributes(entry: RequestEntry, slotOf: TracingOptions['slotOf']): Attributes {
  const telling = entry.attempts.findLast(({ outcome }) => outcome === 'ok');
  return {
    [NAMES.operation]: 'chat',
    [NAMES.provider]: providerOf(entry.provider, slotOf),
    [NAMES.requestModel]: entry.requestedModel,
    [NAMES.responseModel]: entry.model,
    [NAMES.isStream]: entry.mode === 'stream',
    [NAMES.status]: entry.status === 0 ? undefined : entry.status,
    [NAMES.firstChunk]: entry.firstContentMs === undefined ? undefined : entry.firstContentMs / 1_000,
    ...usageAttributes(telling?.usage),
    'standin.request_id': entry.id,
    'standin.protocol': entry.protocol,
    'standin.outcome': entry.outcome,
    'standin.attempts': entry.attempts.length,
    'standin.caller_key': entry.callerKey,
    'standin.agent': entry.agent,
    'standin.rescue': telling?.rescue,
    'standin.cost_usd': entry.costNanoUsd === undefined ? undefined : entry.costNanoUsd / 1e9,
  };
}

function attemptAttributes(attempt: AttemptRecord, slotOf: TracingOptions['slotOf']): Attributes {
  const url = attempt.url === undefined ? null : URL.parse(attempt.url);
  const firstMs = attempt.firstContentMs;
  return {
    [NAMES.operation]: 'chat',
    [NAMES.provider]: providerOf(attempt.provider, slotOf),
    [NAMES.requestModel]: attempt.model,
    [NAMES.address]: url?.hostname,
    [NAMES.port]: url === null ? undefined : Number(url.port) || (url.protocol === 'http:' ? 80 : 443),
    [NAMES.status]: attempt.status,
    [NAMES.firstChunk]: firstMs === undefined ? undefined : (firstMs - attempt.startedMs) / 1_000,
    ...usageAttributes(attempt.usage),
    'standin.entry': attempt.provider,
    'standin.attempt': attempt.attempt,
    'standin.reason': attempt.reason,
    'standin.key': attempt.key,
    'standin.waited_ms': attempt.waitedMs,
    'standin.rescue': attempt.rescue,
    'standin.vendor_request_id': attempt.requestId,
  };
}

function usageAttributes(usage: AttemptRecord['usage']): Attributes {
  return {
    [NAMES.inputTokens]: usage?.inputTokens,
    [NAMES.outputTokens]: usage?.outputTokens,
    [NAMES.cacheReadTokens]: usage?.cacheReadTokens,
    [NAMES.cacheWriteTokens]: usage?.cacheWriteTokens,
    [NAMES.reasoningTokens]: usage?.reasoningTokens,
  };
}

function providerOf(entry: string | undefined, slotOf: TracingOptions['slotOf']): string | undefined {
  if (entry === undefined) return undefined;
  const slot = slotOf(entry) ?? entry;
  return Object.hasOwn(PROVIDERS, slot) ? PROVIDERS[slot] : slot;
}

const TELL_EVERY_MS = 60_000;

function diagnostics(log: Log) {
  let toldMs = Number.NEGATIVE_INFINITY;
  const tell = (message: string): void => {
    const now = performance.now();
    if (now - toldMs < TELL_EVERY_MS) return;
    toldMs = now;
    log('warn', 'Traces could not be sent', { reason: message.slice(0, 500) });
  };
  const nothing = (): void => {};
  return { error: tell, warn: tell, info: nothing, debug: nothing, verbose: nothing };
}
