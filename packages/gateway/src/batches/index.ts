import { BatchStore, NOBODYS, type Owner } from './store.ts';
import { BatchRunner } from './runner.ts';
import { DEFAULTS, type BatchesOptions } from './types.ts';
import type { Keyring } from '@standin/store/keyring';
import { DASHBOARD } from '../auth.ts';
import type { Endpoint } from '../endpoints.ts';
import type { Exchange, GatewayContext } from '../exchange.ts';

/** Files and batches of one gateway. */
export interface Batches {
  readonly store: BatchStore;
  readonly limits: Required<BatchesOptions>;
  readonly runner: BatchRunner;
  ownerOf(exchange: Exchange): Owner;
}

export function openBatches(
  options: BatchesOptions,
  context: GatewayContext,
  keys: Keyring | undefined,
  endpointOf: (path: string) => Endpoint | undefined,
): Batches {
  const limits: Required<BatchesOptions> = { ...DEFAULTS, ...options };
  const store = new BatchStore(options.dir);
  const runner = new BatchRunner({
    store,
    context,
    keyOf: (owner) =>
      owner === DASHBOARD.id
        ? DASHBOARD
        : keys?.list().find(({ id, revokedAt }) => id === owner && revokedAt === undefined),
    endpointOf,
    concurrency: limits.concurrency,
    keepMs: limits.keepMs,
    lookMs: limits.lookMs,
  });
  return { store, limits, runner, ownerOf: ({ caller }) => caller?.id ?? NOBODYS };
}
