import { connectQueue, queueAddress, startBatchWorker } from '@standin/batch/queue/index';
import { pricesOf } from '@standin/store';
import type { CommandContext } from '../cli/context.ts';
import { openStandin } from '../cli/open.ts';
import { outageNotes } from './queue.ts';

export interface WorkerOptions {
  readonly queue: string;
  readonly concurrency: number;
}

/** `standin batch worker`: answers lines until it is told to stop. */
export async function runWorkerCommand({ queue, concurrency }: WorkerOptions, context: CommandContext): Promise<void> {
  const { output, interrupt } = context;
  const address = queueAddress(queue, context.env);
  const open = await openStandin(context);
  let redis: Awaited<ReturnType<typeof connectQueue>> | undefined;
  try {
    open.standin.plan();
    redis = await connectQueue(address, outageNotes(address.shown, context));
    let [answered, failed] = [0, 0];
    const worker = await startBatchWorker({
      redis,
      standin: open.standin,
      priceOf: pricesOf(open.config.entries.values()),
      concurrency,
      onTried: ({ error }) => {
        if (error === undefined) answered += 1;
        else failed += 1;
      },
      onTrouble: (reason) => context.logger().log('warn', 'Trouble with the queue', { queue: address.shown, reason }),
    });
    output.note(`Worker of ${address.shown}: ${concurrency} calls at once. Ctrl-C ends it after those under way.`);
    await new Promise<void>((resolve) => {
      let presses = 0;
      const stop = (): boolean => {
        presses += 1;
        if (presses === 1) {
          if (worker.underWay > 0)
            output.note(`Stopping after ${worker.underWay} calls under way; once more cancels them.`);
          worker.close().then(resolve, resolve);
        } else worker.abort();
        // A third wish ends the process at once.
        return presses < 3;
      };
      interrupt.handle(stop);
      if (interrupt.signal.aborted) stop();
    });
    output.note(`${answered.toLocaleString('en')} answered, ${failed.toLocaleString('en')} failed.`);
  } finally {
    interrupt.handle(undefined);
    redis?.disconnect();
    open.standin.close();
  }
}
