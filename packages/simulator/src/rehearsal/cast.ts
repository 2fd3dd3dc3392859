import { createHttpTransport } from '@standin/core/transport/http-transport';
import type { Transport } from '@standin/core/transport/transport';
import { Secret, type Clock } from '@standin/core/spec/index';
import type { Endpoint, Key, Plan, Target } from '@standin/core/route/target';
import { startSimulator, type Simulator } from '../simulator.ts';
import { SURFACES } from '../surfaces.ts';

/** The user's plan with a stand-in behind every target. */
export interface Cast {
  readonly plan: Plan;
  /** One for each target, in the order of the walk. */
  readonly simulators: readonly Simulator[];
  readonly transport: Transport;
  close(): Promise<void>;
}

/** Why a target cannot be played, in one sentence. */
export function cannotPlay({ via, entry }: Target): string | undefined {
  if ('provider' in via) return `${entry} is a provider of the program's own, not of the config`;
  if (SURFACES.some((surface) => surface.wire === via.endpoint.wire.id)) return undefined;
  return `there is no stand-in for the ${via.endpoint.wire.id} protocol of ${entry}`;
}

/**
 * Replaces every vendor: same protocol, quirks, models, limits and classification, another address and placeholder keys.
 * The transport refuses every address but those of the stand-ins.
 */
export async function castPlan(plan: Plan, clock: Clock): Promise<Cast> {
  const simulators = await Promise.all(
    plan.targets.map(() => startSimulator({ clock, script: { defaults: { words: 40 } } })),
  );
  const inner = createHttpTransport();
  const origins = new Set(simulators.map((simulator) => simulator.url));
  const transport: Transport = {
    start(call, handler) {
      if (!origins.has(new URL(call.url).origin))
        throw new Error(`A rehearsal must not call ${new URL(call.url).host}.`);
      return inner.start(call, handler);
    },
    close: () => inner.close(),
  };
  return {
    plan: { ...plan, targets: plan.targets.map((target, index) => castTarget(target, simulators[index]?.url ?? '')) },
    simulators,
    transport,
    async close() {
      inner.close();
      await Promise.all(simulators.map((simulator) => simulator.close()));
    },
  };
}

function castTarget(target: Target, origin: string): Target {
  if (!('endpoint' in target.via)) return target;
  // The fingerprint stays, so that the outcome names keys as the user knows them.
  const keys = target.keys.map(({ fingerprint, secret }): Key =>
    secret === undefined ? { fingerprint } : { fingerprint, secret: new Secret(placeholder(fingerprint)) },
  );
  return { ...target, keys, via: { endpoint: castEndpoint(target.via.endpoint, origin) } };
}

const placeholder = (fingerprint: string): string => `rehearsal-${fingerprint}`;

/** Headers that say how a protocol is spoken; the value of any other may be a secret of the user's. */
const PLAIN_HEADERS = new Set(['accept', 'content-type', 'user-agent', 'anthropic-version', 'anthropic-beta']);

function castEndpoint(endpoint: Endpoint, origin: string): Endpoint {
  return {
    ...endpoint,
    // A login or a signature is for the real vendor only, and so is its certificate.
    prepare: undefined,
    renewable: undefined,
    tlsCaCertPath: undefined,
    mayNest: undefined,
    urlFor: (path) => `${origin}${new URL(endpoint.urlFor(path)).pathname}`,
    headersFor(key) {
      const standing = placeholder(key.fingerprint);
      const headers = Object.entries(endpoint.headersFor(key)).map(([name, value]) =>
        PLAIN_HEADERS.has(name) || value.includes(standing) ? [name, value] : [name, 'rehearsal'],
      );
      return Object.fromEntries(headers) as Record<string, string>;
    },
  };
}
