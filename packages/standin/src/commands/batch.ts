import { existsSync, rmSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import type { BadLine, BatchInput, BatchSummary, BitSet, ResultWriter } from '@standin/batch';
import type { CommandContext } from '../cli/context.ts';
import { EXIT, ExitWith, UsageError } from '../cli/exit.ts';
import { openStandin } from '../cli/open.ts';
import { selectorFor } from '../cli/selector.ts';
import type { BatchDisplay } from '../batch/display.ts';
import type { WorkerOptions } from '../batch/worker.ts';

export interface BatchOptions {
  readonly out?: string;
  readonly agent?: string;
  readonly provider?: string;
  readonly model?: string;
  readonly concurrency?: number;
  readonly rate?: number;
  readonly retries: number;
  readonly resume?: boolean;
  readonly retryFailed?: boolean;
  readonly stream?: boolean;
  readonly maxCost?: number;
  readonly queue?: string;
}

const EXAMPLES = `
Input: .jsonl with a text, {"prompt": …}, {"messages": […]} or an OpenAI batch line per line; .json with an array of
those; .txt with a prompt per line. Each result is one JSON line, written as soon as it is there:
  {"index", "id"?, "response"?, "error"?, "model", "provider", "usage", "cost_usd", "attempts", "duration_ms"}

Examples:
  $ standin batch prompts.txt -o answers.jsonl
  $ standin batch prompts.txt -o answers.jsonl --resume       # after a kill: goes on where it stopped
  $ standin batch requests.jsonl -o answers.jsonl --concurrency 64 --max-cost 5
  $ standin batch requests.jsonl | jq -r .response
  $ standin batch worker --queue redis://queue.example:6379   # on any number of machines
  $ standin batch requests.jsonl -o answers.jsonl --queue redis://queue.example:6379

Lines that cannot be used are listed in OUT.rejected.jsonl. Exit code 1: some lines have no answer.`;

export function count(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`It must be a whole number, ${least} or more.`);
    return value;
  };
}

function money(text: string): number {
  const value = Number(text.replace(/^\$/, ''));
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('It must be an amount in USD above 0.');
  return value;
}

const PER: Readonly<Record<string, number>> = { '': 1, s: 1, sec: 1, second: 1, m: 60, min: 60, minute: 60, h: 3600 };

/** `10`, `10/s`, `600/min` → calls per second. */
export function perSecond(text: string): number {
  const found = /^(\d+(?:\.\d+)?)\s*(?:(?:\/|per)\s*([a-z]+))?$/.exec(text.trim().toLowerCase());
  const seconds = PER[found?.[2] ?? ''];
  const value = Number(found?.[1]) / (seconds ?? Number.NaN);
  if (!Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('It must be a rate such as 10/s or 600/min.');
  return value;
}

export function register(command: Command, context: CommandContext): void {
  command
    .argument('<input>', 'file of prompts: .jsonl, .json or .txt')
    .option('-o, --out <file>', 'where the results go; without it to standard output')
    .option(
      '--concurrency <n>',
      'most calls under way at once; fewer while vendors limit (default: 16; with --queue: what the workers take)',
      count(1),
    )
    .option('--resume', 'go on with an output that an earlier run left')
    .option('--retry-failed', 'with --resume: ask the failed lines again')
    .option('--stream', 'ask the vendors for streams')
    .option('--max-cost <usd>', 'begin no line that would bring the cost of the batch above this', money)
    .option('--rate <rate>', 'known rate limit, such as 10/s or 600/min; learned without it', perSecond)
    .option('--retries <n>', 'how often a line is asked again when its whole chain failed for now', count(0), 3)
    .option('--queue <url>', 'have workers on other machines ask: redis://HOST:6379, rediss://… or ${NAME}')
    .option('-a, --agent <alias>', 'agent for lines that name no model')
    .option('--provider <type.alias>', 'provider entry for lines that name no model')
    .option('--model <model>', 'model, agent, entry or hint:NAME for lines that name no model')
    .addHelpText('after', EXAMPLES)
    .action(async (input: string, options: BatchOptions) => runBatchCommand(input, options, context));
  registerWorker(command, context);
}

function registerWorker(command: Command, context: CommandContext): void {
  command
    .command('worker')
    .summary('answer the lines of batches that others run with --queue')
    .description('Answers the lines of batches that others run with --queue; any number of them, on any machine.')
    .option('--queue <url>', 'where the batches are: redis://HOST:6379, rediss://… or ${NAME}')
    .option('--concurrency <n>', 'calls under way at once (default: 16)', count(1))
    .action(async (_options: unknown, worker: Command) => {
      // Options that both commands have are read by the outer one.
      const options = worker.optsWithGlobals<Partial<WorkerOptions>>();
      if (options.queue === undefined)
        throw new UsageError('A worker needs to know where the batches are: --queue redis://HOST:6379.');
      const { runWorkerCommand } = await import('../batch/worker.ts');
      await runWorkerCommand({ queue: options.queue, concurrency: options.concurrency ?? 16 }, context);
    });
}

async function runBatchCommand(path: string, options: BatchOptions, context: CommandContext): Promise<void> {
  const { out, queue } = options;
  if (options.resume === true && out === undefined)
    throw new UsageError('--resume needs the output to go on with: -o FILE.');
  if (options.retryFailed === true && options.resume !== true)
    throw new UsageError('--retry-failed goes with --resume.');
  const { holdOutput, openInput } = await import('@standin/batch');
  const input = openInput(path);
  // Where workers ask, this machine needs no config, unless it has to look something up in one.
  const needsConfig = queue === undefined || (options.maxCost ?? options.agent ?? options.provider) !== undefined;
  const open = needsConfig ? await openStandin(context) : undefined;
  let release: (() => void) | undefined;
  try {
    const model = open === undefined ? options.model : await selectorFor(options, open);
    open?.standin.plan(model);
    release = out === undefined ? undefined : holdOutput(out);
    const summary = await run(path, input, { ...options, model }, context, open);
    const { costText } = await import('../batch/display.ts');
    tell(summary, costText, options, context);
  } finally {
    release?.();
    open?.standin.close();
  }
}

type Open = Awaited<ReturnType<typeof openStandin>>;
type Input = BatchInput;

async function run(
  path: string,
  input: Input,
  options: BatchOptions,
  context: CommandContext,
  open: Open | undefined,
): Promise<BatchSummary> {
  const [{ appendTo, runBatch }, { pricesOf, nanoOfUsd }, { createDisplay }] = await Promise.all([
    import('@standin/batch'),
    import('@standin/store'),
    import('../batch/display.ts'),
  ]);
  const { out, maxCost, queue } = options;
  const earlier = out === undefined ? undefined : await prepareOutput(path, out, options);
  let display: BatchDisplay | undefined;
  const clear = (): void => display?.clear();
  const remote =
    queue === undefined
      ? undefined
      : await (await import('../batch/queue.ts')).openQueue(queue, options, earlier?.done, context, clear);
  display = createDisplay(context.output, input, earlier?.done.count ?? 0);
  const writer: ResultWriter = out === undefined ? toOutput(context) : appendTo(out);
  const rejected = createRejected(out, context);
  const stopping = stopOn(context, clear);
  let isEnded = false;
  try {
    const summary = await runBatch({
      ...(open === undefined ? {} : { standin: open.standin }),
      ...(remote === undefined ? {} : { asker: remote.collector }),
      records: input.records(),
      writer,
      priceOf: open === undefined ? () => undefined : pricesOf(open.config.entries.values()),
      model: options.model,
      stream: options.stream,
      concurrency: remote === undefined ? options.concurrency : remote.concurrency(),
      perSecond: options.rate,
      retries: options.retries,
      ...(maxCost === undefined ? {} : { maxNanoUsd: nanoOfUsd(maxCost) }),
      ...(earlier === undefined ? {} : { done: earlier.done }),
      alreadyNanoUsd: (earlier?.costNanoUsd ?? 0) + (remote?.lostNanoUsd ?? 0),
      stop: stopping.stop,
      abort: stopping.abort,
      onStart: (live) => {
        remote?.drive(live);
        display?.watch(live);
      },
      onBad: (bad) => {
        clear();
        return rejected.add(bad);
      },
      onResult: (result) => display?.finished(result.error !== undefined),
    });
    isEnded = summary.ended === 'done';
    return summary;
  } finally {
    display.close();
    stopping.end();
    await Promise.all([writer.close(), rejected.close(), remote?.close(isEnded)]);
  }
}

/** What an earlier run left, after whatever is only half there is gone. */
async function prepareOutput(
  input: string,
  out: string,
  options: BatchOptions,
): Promise<{ readonly done: BitSet; readonly costNanoUsd: number } | undefined> {
  const { beginJournal, checkJournal, readEarlier } = await import('@standin/batch');
  if (!existsSync(out)) {
    beginJournal(out, input);
    return undefined;
  }
  if (options.resume !== true)
    throw new UsageError(`${out} is there already; go on with it by --resume, or give another output with -o.`);
  checkJournal(out, input);
  return readEarlier(out, options);
}

function toOutput({ output }: CommandContext): ResultWriter {
  return {
    write: async (line) => output.write(`${line}\n`),
    close: async () => {},
  };
}

/** The lines that cannot be used: in a file beside the output, which every run writes anew, else on stderr. */
function createRejected(out: string | undefined, { output }: CommandContext) {
  const path = out === undefined ? undefined : `${out}.rejected.jsonl`;
  if (path !== undefined) rmSync(path, { force: true });
  let writer: ResultWriter | undefined;
  const SHOWN = 5;
  let shown = 0;
  return {
    async add(bad: BadLine): Promise<void> {
      shown += 1;
      if (shown <= SHOWN || path === undefined)
        output.note(`${output.errorStyle.yellow(`line ${bad.line}:`)} ${bad.reason}`);
      else if (shown === SHOWN + 1) output.note(`Further lines that cannot be used are only listed in ${path}.`);
      if (path === undefined) return;
      writer ??= (await import('@standin/batch')).appendTo(path);
      await writer.write(
        JSON.stringify({ line: bad.line, index: bad.index, id: bad.id, error: bad.reason, text: bad.text }),
      );
    },
    close: async () => writer?.close(),
  };
}

/** The first wish to stop begins no further line; the second cancels what is under way. */
function stopOn(context: CommandContext, beforeNote: () => void) {
  const [stop, abort] = [new AbortController(), new AbortController()];
  context.interrupt.handle(() => {
    if (stop.signal.aborted) {
      abort.abort();
      return true;
    }
    stop.abort();
    beforeNote();
    context.output.note('Stopping: calls under way are waited for; once more cancels them.');
    return true;
  });
  return { stop: stop.signal, abort: abort.signal, end: () => context.interrupt.handle(undefined) };
}

function tell(
  summary: BatchSummary,
  costText: (nanoUsd: number, unknown: number) => string,
  options: BatchOptions,
  { output }: CommandContext,
): void {
  const { answered, failed, bad, earlier, ended, spentNanoUsd, unknownCosts } = summary;
  const parts = [`${answered.toLocaleString('en')} answered`];
  if (failed > 0) parts.push(`${failed.toLocaleString('en')} failed`);
  if (bad > 0) parts.push(`${bad.toLocaleString('en')} ${bad === 1 ? 'line' : 'lines'} rejected`);
  if (earlier > 0) parts.push(`${earlier.toLocaleString('en')} done before`);
  if (answered + failed > 0 || spentNanoUsd > 0) parts.push(costText(spentNanoUsd, unknownCosts));
  output.note(parts.join(', '));
  const again =
    options.out === undefined ? '' : `; go on with --resume${ended === 'max-cost' ? ' and a higher --max-cost' : ''}`;
  if (ended === 'max-cost') output.note(`Stopped at --max-cost ${options.maxCost}${again}.`);
  if (ended === 'stopped') {
    output.note(`Stopped before the end${again}.`);
    throw new ExitWith(EXIT.interrupted);
  }
  if (failed + bad > 0 || ended === 'max-cost') throw new ExitWith(EXIT.callFailed);
}
