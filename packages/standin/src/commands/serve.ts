import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { BatchesOptions, CacheRules, ConfigHandle, Gateway } from '@standin/gateway';
import type { WireId } from '@standin/core/spec/wire-id';
import type { Config } from '@standin/core/config/model';
import type { FlagOverride } from '@standin/core/config/flags';
import type { CommandContext } from '../cli/context.ts';
import { EXIT, ExitWith, UsageError } from '../cli/exit.ts';
import { followConfig, type Following } from '../cli/follow.ts';
import { readConfig, startStandin, tellWarnings } from '../cli/open.ts';
import { openAccounts } from '../serve/accounts.ts';
import { useServiceLog } from '../serve/service-log.ts';
import { adminOptions, dashboardPages, printPairing } from '../serve/dashboard.ts';
import { compileEarly } from '../serve/compile-early.ts';
import { giveBackAfterStart } from '../serve/give-back.ts';
import { isLoopbackHost } from '../serve/public-host.ts';
import { chooseUpstream, type Upstream } from '../serve/upstream.ts';
import { printWelcome } from '../serve/welcome.ts';
import { createSupervisor } from '../serve/workers/supervisor.ts';
import { supervised, type Supervised } from '../serve/workers/worker.ts';

interface ServeOptions {
  readonly host?: string;
  readonly port?: string;
  readonly workers?: number;
}

const EXAMPLES = `
Examples:
  $ standin serve
  $ standin serve --port 9000 --config ./standin.toml
  $ OPENAI_BASE_URL=http://127.0.0.1:8787/v1 OPENAI_API_KEY=any your-program

With no config, no vendor key and no local server, it serves simulated vendors, so that you can try it at once.
A changed config file takes effect without a restart (SIGHUP reads it at once); one with an error is refused and the last
good one keeps serving. With --workers N, N processes share the port, and one that dies is replaced. Ctrl-C lets answers under way finish; a second one ends them.`;

/** Shared with "simulate". */
export function portNumber(text: string): string {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError('It must be a port, 0 to 65535.');
  return text;
}

function workerCount(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 256)
    throw new InvalidArgumentError('It must be a whole number, 1 to 256.');
  return value;
}

export function register(command: Command, context: CommandContext): void {
  command
    .option('--host <host>', 'address to listen on (default: 127.0.0.1)')
    .option('--port <port>', 'port to listen on, 0 for a free one (default: 8787)', portNumber)
    .option('--workers <number>', 'processes that serve on the one port (default: 1)', workerCount)
    .addHelpText('after', EXAMPLES)
    .action(async (options: ServeOptions) => serve(options, context));
}

function flagsOf(options: ServeOptions): FlagOverride[] {
  const flags: FlagOverride[] = [];
  if (options.host !== undefined) flags.push({ path: 'gateway.host', value: options.host, name: '--host' });
  if (options.port !== undefined) flags.push({ path: 'gateway.port', value: Number(options.port), name: '--port' });
  return flags;
}

async function serve(options: ServeOptions, context: CommandContext): Promise<void> {
  const supervisor = await supervised(context);
  const flushLog = await useServiceLog(context, supervisor?.index);
  try {
    const flags = flagsOf(options);
    const upstream = await chooseUpstream(await readConfig(context, { flags }), flags, context);
    const workers = workersOf(options, upstream, context);
    if (workers > 1 && supervisor === undefined) await supervise(workers, upstream, context);
    else await serveHere(upstream, flags, context, supervisor, workers);
  } catch (error) {
    if (supervisor === undefined) throw error;
    // The supervisor says it, once for all of them.
    supervisor.failed(context.logger().redact(error instanceof Error ? error.message : String(error)));
    throw new ExitWith(EXIT.usage);
  } finally {
    flushLog();
  }
  if (context.interrupt.cause === 'SIGINT') throw new ExitWith(EXIT.interrupted);
}

function workersOf(options: ServeOptions, { config, kind }: Upstream, context: CommandContext): number {
  const workers = options.workers ?? config.document.gateway?.workers ?? 1;
  if (kind !== 'simulated' || workers === 1) return workers;
  context.logger().log('warn', 'Simulated vendors are served by one process', { workers });
  return 1;
}

/** This process takes connections for N others, and answers none itself. */
async function supervise(workers: number, upstream: Upstream, context: CommandContext): Promise<void> {
  const { config } = upstream;
  const open = await startStandin(config, context);
  tellWarnings(open, context);
  const supervisor = await createSupervisor(workers, context);
  const url = await supervisor.start();
  reloadOnHangUp({ reload: () => supervisor.reload(), isFollowing: () => config.file !== undefined }, context);
  printWelcome(url, upstream, open.standin, context.output);
  await printPairing(url, context);
  context.output.note(`Workers: ${workers}\n`);
  open.standin.close();
  await untilStopped(() => supervisor.stop(graceOf(config)), context);
}

function graceOf(config: Config): number {
  return (config.document.gateway?.drain_secs ?? 10) * 1_000;
}

/** This process answers, alone or as one of several. */
async function serveHere(
  upstream: Upstream,
  flags: FlagOverride[],
  context: CommandContext,
  supervisor: Supervised | undefined,
  workers: number,
): Promise<void> {
  const log = context.logger().log;
  let closeAccounts: (() => void) | undefined;
  try {
    const { config } = upstream;
    const records = await keepRecords(context);
    const open = await startStandin(config, context, { records: records.recorder });
    let current = open;
    let following: Following | undefined;
    if (supervisor === undefined) tellWarnings(open, context);
    const { createGateway } = await import('@standin/gateway');
    const limitMb = config.document.gateway?.max_body_mb;
    const accounts = await openAccounts(config, context, () => current.standin, supervisor);
    closeAccounts = () => accounts.close();
    // A second signal ends the process at once; what waits for the disk is written even then.
    process.once('exit', closeAccounts);
    const { WIRE_CLIENTS } = await import('@standin/core/library/wires');
    const wires = Object.keys(WIRE_CLIENTS) as WireId[];
    const handleOf = (): ConfigHandle => ({
      current: () => current.config,
      load: () => ({ env: context.env, flags, wires }),
      reload: async () => following?.reloaded(),
    });
    const gateway = createGateway({
      getStandin: () => current.standin,
      configState: () => following?.state(),
      keys: accounts.keys,
      accounting: accounts.accounting,
      operations: accounts.operations,
      admin: await adminOptions(context, {
        records: records.file,
        simulated: upstream.kind === 'simulated',
        workers,
        config: handleOf(),
      }),
      pages: dashboardPages,
      agents: { config: () => current.config, version: context.version },
      cache: cacheRules(config),
      batches: await batchesOptions(config, context),
      passthrough: () => current.config.document.gateway?.passthrough,
      // Who listens to other machines asks them for a key.
      allowPublic: accounts.keys.required && !isLoopbackHost(config.document.gateway?.host),
      maxConcurrent: config.document.gateway?.max_concurrent,
      log,
      ...(limitMb === undefined ? {} : { bodyLimitBytes: Math.floor(limitMb * 1024 * 1024) }),
    });
    accounts.watch(() => gateway.load());
    const { url } = await listen(gateway, config);
    // Not before: reading the program and the config is done once.
    compileEarly();
    giveBackAfterStart(() => gateway.load());
    following = await followConfig(open, context, { flags }, (next) => {
      current = next;
      accounts.follow(next.config);
    });
    const follows = following;
    const reload = (): void => follows.reload();
    if (supervisor === undefined) {
      reloadOnHangUp({ reload, isFollowing: () => follows.state() !== undefined }, context);
      printWelcome(url, upstream, open.standin, context.output);
      await printPairing(url, context);
    } else {
      supervisor.onReload(reload);
      supervisor.tellMetrics(() => accounts.snapshot());
      supervisor.ready(url);
    }
    await untilStopped(() => gateway.close({ graceMs: graceOf(config) }), context, supervisor);
    supervisor?.farewell(await accounts.snapshot());
    await accounts.flushTraces();
    following.close();
    current.standin.close();
    await records.file.flush();
  } finally {
    if (closeAccounts !== undefined) process.off('exit', closeAccounts);
    closeAccounts?.();
    await upstream.close();
  }
}

/** Attempt records in memory, and those in which something was decided on disk, for `standin explain`. */
async function keepRecords(context: CommandContext) {
  const [{ createRecorder }, { systemClock }, { standinHome }, { createRecordFile }] = await Promise.all([
    import('@standin/core/route/recorder'),
    import('@standin/core/spec/index'),
    import('@standin/core/config/files'),
    import('../records/record-file.ts'),
  ]);
  const home = standinHome(context.env);
  const file = createRecordFile({
    home,
    clock: systemClock,
    recordOf: (id) => recorder.get(id),
    onError: (error) => context.logger().log('warn', 'Attempt records cannot be written', { home, error }),
  });
  const recorder = createRecorder({ clock: systemClock, onEnd: (id, isRoutine) => file.note(id, isRoutine) });
  return { recorder, file };
}

/** A service is told by SIGHUP to read its config again; on a terminal it means that the terminal is gone. */
function reloadOnHangUp(
  { reload, isFollowing }: { readonly reload: () => void; readonly isFollowing: () => boolean },
  { interrupt, input, output }: CommandContext,
): void {
  if (input.isTTY === true || output.err.isTTY === true) return;
  interrupt.handle((cause) => {
    if (cause !== 'SIGHUP' || !isFollowing()) return false;
    reload();
    return true;
  });
}

async function listen(gateway: Gateway, config: Config): Promise<{ readonly url: string }> {
  const { host = '127.0.0.1', port = 8787 } = config.document.gateway ?? {};
  try {
    return await gateway.listen({ host, port });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ListenError') throw error;
    const isPublic = (error as { code?: string }).code === 'PUBLIC_HOST';
    const message = `Listening on ${host} would let other machines use your keys; make a key that callers must present (standin keys create --name NAME), or use --host 127.0.0.1.`;
    throw new UsageError(isPublic ? message : error.message, { cause: error });
  }
}

/** Resolves when the user stopped the server and the answers under way have ended. */
async function untilStopped(
  stop: () => Promise<void>,
  context: CommandContext,
  supervisor?: Supervised,
): Promise<void> {
  const { interrupt, output } = context;
  if (!interrupt.signal.aborted) {
    await new Promise<void>((resolve) => interrupt.signal.addEventListener('abort', () => resolve(), { once: true }));
  }
  if (supervisor === undefined) output.note('Stopping; answers under way may finish (Ctrl-C again ends them).');
  await stop();
}

async function batchesOptions({ document }: Config, context: CommandContext): Promise<BatchesOptions | undefined> {
  const { standinHome } = await import('@standin/core/config/files');
  const { enabled = true, dir, concurrency, keep_days: keepDays, ...most } = document.gateway?.batches ?? {};
  if (!enabled) return undefined;
  const bytes = (mb: number): number => Math.floor(mb * 1024 * 1024);
  return {
    dir: dir ?? join(standinHome(context.env), 'batches'),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(keepDays === undefined ? {} : { keepMs: keepDays * 24 * 3_600_000 }),
    ...(most.max_file_mb === undefined ? {} : { maxFileBytes: bytes(most.max_file_mb) }),
    ...(most.max_files === undefined ? {} : { maxFiles: most.max_files }),
    ...(most.max_total_mb === undefined ? {} : { maxTotalBytes: bytes(most.max_total_mb) }),
  };
}

function cacheRules({ document }: Config): CacheRules | undefined {
  const { cache } = document.gateway ?? {};
  if (cache === undefined || !(cache.enabled ?? cache.ttl_secs !== undefined)) return undefined;
  const { ttl_secs: ttl = 300, max_entries: maxEntries, max_mb: maxMb, across_keys: acrossKeys } = cache;
  return {
    ttlMs: ttl * 1000,
    ...(maxEntries === undefined ? {} : { maxEntries }),
    ...(maxMb === undefined ? {} : { maxBytes: Math.floor(maxMb * 1024 * 1024) }),
    ...(acrossKeys === undefined ? {} : { acrossKeys }),
  };
}
