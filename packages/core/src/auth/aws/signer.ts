import type { Secret } from '../../spec/secret.ts';
import type { Endpoint, OutgoingCall } from '../../vendors/endpoint-types.ts';
import { createAwsChain } from './chain.ts';
import { signV4 } from './sigv4.ts';
import { regionOfHost } from './region.ts';
import type { AwsWorld } from './world.ts';

export interface AwsSignerOptions {
  readonly world: AwsWorld;
  /** Used unless the address itself names one. */
  readonly region: string;
  /** Default `bedrock`. */
  readonly service?: string;
}

export interface AwsSigner extends Required<Pick<Endpoint, 'prepare' | 'renewable'>> {
  /** What a refusal may echo: the service quotes the headers it was sent, token included. */
  secrets(): readonly Secret[];
}

/** Signs each call with the credentials of the chain. A key of the entry goes as Bearer, and nothing is signed. */
export function createAwsSigner(options: AwsSignerOptions): AwsSigner {
  const { world } = options;
  const chain = createAwsChain(world);
  let used: readonly Secret[] = [];
  return {
    renewable: true,
    secrets: () => used,
    async prepare(call: OutgoingCall, key, how) {
      if (key.secret !== undefined) return call;
      const { credentials } = await chain.get({ renew: how.renew });
      const { secretAccessKey, sessionToken } = credentials;
      used = sessionToken === undefined ? [secretAccessKey] : [secretAccessKey, sessionToken];
      const region = regionOfHost(call.url) ?? options.region;
      const scope = { region, service: options.service ?? 'bedrock', nowMs: world.nowMs() };
      return { ...call, headers: { ...call.headers, ...signV4(call, credentials, scope) } };
    },
  };
}
