import type { Capabilities, ChatOptions, Provider } from '../spec/provider.ts';
import type { ChatRequest } from '../spec/request.ts';
import { attemptBudget } from '../route/budget.ts';
import { iterateRun } from '../route/iterate.ts';
import { startRun } from '../route/run.ts';
import { DEFAULT_LIMITS, type Limits, type Plan, type Target } from '../route/target.ts';
import { servesModel } from '../catalog/attribute.ts';
import { sharedRuntime, type Runtime } from './runtime.ts';

const PLANNED = Symbol.for('standin.planned');

/** The walk a provider stands for, readable by the wrappers so that they compose into one plan. */
export interface Planned {
  readonly targets: readonly Target[];
  readonly limits: Partial<Limits>;
  readonly runtime?: Runtime;
}

interface PlannedProvider extends Provider {
  readonly [PLANNED]: Planned;
}

/** The plan behind a provider; a hand-written one is a plan of one target. */
export function plannedOf(provider: Provider): Planned {
  const planned = (provider as Partial<PlannedProvider>)[PLANNED];
  if (planned !== undefined) return planned;
  const { vision, nativeTools, contextWindow } = provider.capabilities;
  const target: Target = {
    entry: provider.name,
    slot: provider.name,
    model: '',
    keys: [{ fingerprint: 'none' }],
    via: { provider },
    vision,
    nativeTools,
    contextWindow,
    retries: 0,
  };
  return { targets: [target], limits: {} };
}

/** A Provider that walks a plan. */
export function providerOf(name: string, planned: Planned, extra: Pick<Provider, 'listModels'> = {}): Provider {
  const provider: PlannedProvider = {
    name,
    capabilities: capabilitiesOf(planned.targets),
    chat(request: ChatRequest, options: ChatOptions = {}) {
      const runtime = planned.runtime ?? sharedRuntime();
      const plan = planFor(planned, request, options);
      return iterateRun((sink) =>
        startRun(
          plan,
          options.strict === true ? { ...request, strict: true } : request,
          {
            ...runtime,
            mode: options.stream === false ? 'whole' : 'stream',
            validateSchema: options.validateSchema ?? runtime.validateSchema,
            signal: options.signal,
            onAttempt: options.onAttempt,
          },
          sink,
        ),
      );
    },
    ...extra,
    [PLANNED]: planned,
  };
  return provider;
}

function planFor(planned: Planned, request: ChatRequest, options: ChatOptions): Plan {
  const targets = planned.targets.map((target) =>
    target.model === '' && 'endpoint' in target.via ? named(target, request) : target,
  );
  const limits = { ...DEFAULT_LIMITS, ...planned.limits };
  return {
    requestedModel: request.model ?? targets[0]?.model ?? '',
    targets,
    limits: {
      ...limits,
      deadlineMs: options.timeoutMs ?? limits.deadlineMs,
      maxAttempts: attemptBudget(targets, { maxAttempts: options.maxAttempts ?? planned.limits.maxAttempts }),
    },
    warnings: [],
  };
}

/** A target without a model of its own takes the request's, unless that one belongs to another vendor. */
function named(target: Target, request: ChatRequest): Target {
  const asked = request.model;
  if (asked !== undefined && servesModel(target.slot, asked)) return { ...target, model: asked };
  return { ...target, model: target.defaultModel ?? asked ?? '' };
}

export function capabilitiesOf(targets: readonly Target[]): Capabilities {
  const windows = targets.flatMap((target) => (target.contextWindow === undefined ? [] : [target.contextWindow]));
  return {
    streaming: true,
    nativeTools: all(targets.map((target) => target.nativeTools)),
    vision: targets.some((target) => target.vision === true) ? true : all(targets.map((target) => target.vision)),
    contextWindow: windows.length === 0 ? undefined : Math.max(...windows),
  };
}

function all(values: readonly (boolean | undefined)[]): boolean | undefined {
  if (values.includes(false)) return false;
  return values.includes(undefined) ? undefined : true;
}
