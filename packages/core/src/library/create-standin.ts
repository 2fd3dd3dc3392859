import type { Config } from '../config/model.ts';
import type { ConfigRouter, Router, Selector } from '../config/router-types.ts';
import { attemptBudget } from '../route/budget.ts';
import { iterateRun } from '../route/iterate.ts';
import { createRecorder, type Recorder, type RecorderOptions } from '../route/recorder.ts';
import { startRawRun } from '../route/raw-run.ts';
import { startRun } from '../route/run.ts';
import type { RunHandle, RunOptions, RunSink } from '../route/run-types.ts';
import type { Plan } from '../route/target.ts';
import type { ChatOptions, Provider } from '../spec/provider.ts';
import type { ChatRequest } from '../spec/request.ts';
import { capabilitiesOf } from './planned.ts';
import { createRuntime, type Runtime, type RuntimeOptions } from './runtime.ts';
import type { Standin, StartOptions } from './standin-types.ts';

export interface CreateStandinOptions extends RuntimeOptions {
  /** Path of a config file. Default: `$STANDIN_CONFIG`, `./standin.toml`, `~/.standin/config.toml`, else vendor keys in the environment. */
  readonly configPath?: string;
  /** A config that is already loaded. */
  readonly config?: Config;
  /** Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Routes made by hand instead of a config. */
  readonly router?: Router;
  /** How many attempt records are kept (default 1,000), and who hears of their ends; or where they are kept already. */
  readonly records?: Omit<RecorderOptions, 'clock'> | Recorder;
}

/**
 * A Standin from a config: routes, shared health, connection pools. Throws `ConfigError` for a config with errors.
 *
 * @example
 * const standin = await createStandin();
 * for await (const event of standin.chat({ messages: [{ role: 'user', content: 'Hello' }] })) console.log(event);
 */
export async function createStandin(options: CreateStandinOptions = {}): Promise<Standin> {
  const runtime = createRuntime(options);
  return standinOf(options.router ?? (await routerFrom(options, runtime)), runtime, options.records);
}

async function routerFrom(options: CreateStandinOptions, runtime: Runtime): Promise<ConfigRouter> {
  // The config floor brings its schema library along: only those who use a config wait for it.
  const [{ assertUsable, loadConfig }, { createRouter }, { wireIdsOf }, { WIRE_CLIENTS }, logins] = await Promise.all([
    import('../config/load.ts'),
    import('../config/resolve.ts'),
    import('../config/endpoint.ts'),
    import('./wires.ts'),
    import('../config/login-sessions.ts'),
  ]);
  const config =
    options.config ?? loadConfig({ configPath: options.configPath, env: options.env, wires: wireIdsOf(WIRE_CLIENTS) });
  return createRouter(assertUsable(config), {
    wires: WIRE_CLIENTS,
    env: options.env,
    logins: logins.createLoginSessions({ env: options.env ?? process.env, ...runtime }),
  });
}

/** A Standin over given routes. */
export function standinOf(
  router: Router,
  options: RuntimeOptions = {},
  records?: CreateStandinOptions['records'],
): Standin {
  const runtime = createRuntime(options);
  const recorder =
    records !== undefined && 'begin' in records ? records : createRecorder({ ...records, clock: runtime.clock });
  const { clock, random, transport, health, log, validateSchema } = runtime;
  // Field by field: every request makes one, and objects of one shape cost least.
  const optionsOf = (call: StartOptions): RunOptions => ({
    mode: call.mode,
    clock,
    random,
    transport,
    health,
    log,
    relay: call.relay,
    validateSchema: call.validateSchema ?? validateSchema,
    signal: call.signal,
    onAttempt: call.onAttempt,
    recorder,
    requestId: call.requestId,
  });
  const start = (plan: Plan, request: ChatRequest, call: StartOptions, sink: RunSink): RunHandle =>
    startRun(limited(plan, call), prompted(request, plan.system), optionsOf(call), sink);
  const chat = (request: ChatRequest, call: ChatOptions, plan: Plan) =>
    iterateRun((sink) => start(plan, request, { ...call, mode: call.stream === false ? 'whole' : 'stream' }, sink));
  return {
    router,
    health: runtime.health,
    records: recorder,
    plan: (selector?: Selector) => router.plan(selector),
    provider(selector?: Selector): Provider {
      const plan = router.plan(selector);
      const name = typeof selector === 'object' ? (selector.model ?? 'standin') : (selector ?? 'standin');
      return {
        name,
        capabilities: capabilitiesOf(plan.targets),
        chat: (request, call = {}) => chat(request, call, plan),
      };
    },
    chat: (request, call = {}) => chat(request, call, router.plan(request.model)),
    start,
    startRaw: (plan, call, raw, sink) => startRawRun(limited(plan, raw), call, { ...runtime, recorder, ...raw }, sink),
    close: () => runtime.transport.close(),
  };
}

/** An agent's system prompt comes first; what the caller says in one of its own follows. */
function prompted(request: ChatRequest, system: string | undefined): ChatRequest {
  if (system === undefined || system === '') return request;
  return { ...request, messages: [{ role: 'system', content: system }, ...request.messages] };
}

/** The caller's own limits, never beyond the plan's. */
function limited(plan: Plan, call: Pick<StartOptions, 'timeoutMs' | 'maxAttempts'>): Plan {
  if (call.timeoutMs === undefined && call.maxAttempts === undefined) return plan;
  const deadlineMs = Math.min(plan.limits.deadlineMs, call.timeoutMs ?? plan.limits.deadlineMs);
  const maxAttempts =
    call.maxAttempts === undefined
      ? plan.limits.maxAttempts
      : Math.min(plan.limits.maxAttempts, attemptBudget(plan.targets, { maxAttempts: call.maxAttempts }));
  return { ...plan, limits: { ...plan.limits, deadlineMs, maxAttempts } };
}
