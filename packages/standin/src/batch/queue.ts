import { batchIdOf, newBatchId, type BatchLive, type BitSet } from '@standin/batch';
import { Collector, connectQueue, queueAddress, type OutageListener } from '@standin/batch/queue/index';
import type { CommandContext } from '../cli/context.ts';

/** A batch whose lines workers ask. */
export interface QueuedBatch {
  readonly collector: Collector;
  /** Money that an earlier run had set aside for lines of which nothing is known any more. */
  readonly lostNanoUsd: number;
  /** Calls that may be under way at once now: what the live workers take. */
  concurrency(): number;
  /** The running batch follows the workers from here on. */
  drive(live: BatchLive): void;
  close(ended: boolean): Promise<void>;
}

/** Says on stderr when the queue's server goes away and comes back. */
export function outageNotes(shown: string, { output }: CommandContext, clear = (): void => {}): OutageListener {
  const note = (text: string): void => {
    clear();
    output.note(text);
  };
  return {
    away: (reason) => note(`The queue ${shown} does not answer (${reason}); waiting for it.`),
    back: () => note(`The queue ${shown} answers again.`),
  };
}

/** Connects to the queue. Throws `BatchInputError` when it does not answer. */
export async function openQueue(
  url: string,
  options: { readonly out?: string; readonly model?: string; readonly stream?: boolean; readonly concurrency?: number },
  done: BitSet | undefined,
  context: CommandContext,
  clear: () => void,
): Promise<QueuedBatch> {
  const address = queueAddress(url, context.env);
  const redis = await connectQueue(address, outageNotes(address.shown, context, clear));
  let live: BatchLive | undefined;
  let capacity = 0;
  let lateNanoUsd = 0;
  const concurrency = (): number => Math.min(capacity, options.concurrency ?? Infinity);
  const collector = new Collector({
    redis,
    batch: options.out === undefined ? newBatchId() : batchIdOf(options.out),
    ...(options.model === undefined ? {} : { model: options.model }),
    stream: options.stream === true,
    ...(done === undefined ? {} : { done }),
    onWorkers: (workers, now) => {
      clear();
      context.output.note(
        workers === 0
          ? `No worker serves ${address.shown}; start some: standin batch worker --queue ${address.shown}`
          : `${workers} ${workers === 1 ? 'worker' : 'workers'}, ${now} calls at once.`,
      );
      capacity = now;
      live?.setConcurrency(concurrency());
    },
    onLate: (nanoUsd) => {
      if (live === undefined) lateNanoUsd += nanoUsd;
      else live.addSpent(nanoUsd);
    },
  });
  const lostNanoUsd = await collector.start();
  return {
    collector,
    lostNanoUsd: lostNanoUsd + lateNanoUsd,
    concurrency,
    drive: (given) => {
      live = given;
      live.setConcurrency(concurrency());
    },
    close: async (ended) => {
      await collector.close(ended);
      redis.disconnect();
    },
  };
}
