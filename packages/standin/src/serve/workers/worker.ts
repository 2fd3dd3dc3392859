import type { MetricSnapshot, SharedRates } from '@standin/store';
import type { CommandContext } from '../../cli/context.ts';
import { Channel } from './channel.ts';
import { ratesOverChannel } from './shared-rates.ts';

/** Which worker this is, counted from 1, in its environment. */
export const WORKER_VARIABLE = '_STANDIN_WORKER';

const METRICS_WITHIN_MS = 5_000;

/** What a worker has of its supervisor. */
export interface Supervised {
  readonly index: number;
  readonly rates: SharedRates;
  ready(url: string): void;
  /** It cannot begin, and another try would not help. */
  failed(message: string): void;
  /** Metrics of all workers as one text. */
  metrics(): Promise<string>;
  /** How this worker's own are asked for. */
  tellMetrics(snapshot: () => Promise<readonly MetricSnapshot[]>): void;
  /** The config is to be read again. */
  onReload(reload: () => void): void;
  /** The last counts, before a worker that was told to stop ends. */
  farewell(snapshot: readonly MetricSnapshot[]): void;
}

/** The tie to the supervisor; `undefined` in a process that has none. */
export async function supervised({ env, interrupt }: CommandContext): Promise<Supervised | undefined> {
  const index = Number(env[WORKER_VARIABLE]);
  if (!Number.isInteger(index) || process.send === undefined) return undefined;
  // Takes part in the sharing of the port, and ends this process when the supervisor is gone.
  const { default: cluster } = await import('node:cluster');
  if (!cluster.isWorker) return undefined;
  const channel = new Channel((message) => {
    if (process.connected) process.send?.(message);
  });
  process.on('message', (message) => channel.receive(message));
  process.once('disconnect', () => channel.close());
  let isStopping = false;
  // Ctrl-C and a terminal's end reach every process of the group; what they mean, the supervisor decides.
  interrupt.handle((cause) => {
    if (cause !== 'SIGTERM' || isStopping) return true;
    isStopping = true;
    return false;
  });
  channel.on('drain', () => interrupt.trigger('SIGTERM'));
  return {
    index,
    rates: ratesOverChannel(channel),
    ready: (url) => channel.tell('ready', url),
    failed: (message) => channel.tell('failed', message),
    metrics: async () => String(await channel.ask('metrics', undefined, METRICS_WITHIN_MS)),
    tellMetrics: (snapshot) => channel.on('snapshot', snapshot),
    onReload: (reload) => channel.on('reload', reload),
    farewell: (snapshot) => channel.tell('farewell', snapshot),
  };
}
