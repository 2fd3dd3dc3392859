import type { Command } from 'commander';
import type { AdvertisedModel } from '@standin/core/catalog/advertised';
import type { Config, ConfigEntry } from '@standin/core/config/model';
import { ProviderError } from '@standin/core/spec/errors';
import type { CommandContext } from '../cli/context.ts';
import { ExitWith, Interrupted, UsageError } from '../cli/exit.ts';
import { readConfig } from '../cli/open.ts';
import { safeForTerminal } from '../cli/output.ts';
import { createCountedProgress } from '../cli/progress.ts';
import { columnsOf, table } from '../cli/table.ts';
import type { CachedList } from '../models/cache.ts';

interface Options {
  readonly provider?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

/** What became of one entry. `cached`: from the file; `skipped`: nothing to ask. */
interface Result {
  readonly entry: string;
  readonly state: 'read' | 'cached' | 'failed' | 'skipped';
  readonly list?: CachedList;
  /** Kind of the failure (`auth`, `network`, …). */
  readonly kind?: string;
  readonly message?: string;
}

const EXAMPLES = `
Examples:
  $ standin models list                         # every entry, from the last reading or asked now
  $ standin models list --provider groq.main --json
  $ standin models refresh                      # ask every endpoint again
  $ standin models refresh --all                # and count embeddings, speech and images too

Lists are kept in $STANDIN_HOME/models-cache.json with the time they were read.
Exit codes: 0 every list was read, 1 at least one was not, 2 wrong usage or config.`;

export function register(command: Command, context: CommandContext): void {
  command.addHelpText('after', EXAMPLES);
  const shared = (child: Command): Command =>
    child
      .option('--provider <entry>', 'only this entry: "<type>.<alias>" or a type with one entry')
      .option('--all', 'show every id, also those that are no chat models')
      .option('--json', 'print {"entries": [...]}');
  shared(command.command('list'))
    .description('Models that each configured endpoint advertises.')
    .action(async (options: Options) => run(options, context, false));
  shared(command.command('refresh'))
    .description('Asks each endpoint again what it advertises.')
    .action(async (options: Options) => run(options, context, true));
}

async function run(options: Options, context: CommandContext, isRefresh: boolean): Promise<void> {
  const config = await readConfig(context);
  const { findEntry } = await import('@standin/core/config/references');
  const entries = chosen(config, options.provider, findEntry);
  const results = await readAll(config, entries, context, isRefresh);
  if (context.interrupt.signal.aborted) throw new Interrupted();
  const shown = context.logger().redactDeep(results) as Result[];
  if (options.json === true) printJson(shown, options.all === true, context);
  else if (isRefresh) printRefresh(shown, options.all === true, context);
  else printList(shown, options.all === true, context);
  if (results.some(({ state }) => state === 'failed')) throw new ExitWith(1);
}

function chosen(
  config: Config,
  provider: string | undefined,
  findEntry: (entries: Config['entries'], reference: string) => ConfigEntry | undefined,
): readonly ConfigEntry[] {
  const entries = [...config.entries.values()];
  if (provider === undefined) {
    if (entries.length > 0) return entries;
    throw new UsageError('No provider entry is configured. Run "standin init", or see "standin providers list".');
  }
  const found = findEntry(config.entries, provider);
  if (found !== undefined) return [found];
  const known = entries.map(({ ref }) => ref).join(', ') || 'none';
  throw new UsageError(`No entry "${provider}" is configured. Configured: ${known}.`);
}

async function readAll(
  config: Config,
  entries: readonly ConfigEntry[],
  context: CommandContext,
  isRefresh: boolean,
): Promise<Result[]> {
  const [{ createRouter }, { WIRE_CLIENTS }, { createHttpTransport }, listing, { readCache, writeCache }] =
    await Promise.all([
      import('@standin/core/config/resolve'),
      import('@standin/core/library/wires'),
      import('@standin/core/transport/http-transport'),
      import('@standin/core/library/list-models'),
      import('../models/cache.ts'),
    ]);
  const router = createRouter(config, { wires: WIRE_CLIENTS, env: context.env });
  const transport = createHttpTransport();
  const cache = readCache(context.env);
  const progress = createCountedProgress(context.output, 'endpoints');
  let answered = 0;
  progress.show(0, entries.length);
  const read = async (entry: ConfigEntry): Promise<Result> => {
    const { ref, row } = entry;
    const endpoint = router.endpoint(ref);
    if (row === undefined || endpoint === undefined)
      return { entry: ref, state: 'skipped', message: entry.unusable ?? 'it cannot be called' };
    const url = listing.modelListUrl(row, endpoint);
    if (url === undefined) return { entry: ref, state: 'skipped', message: `${row.name} has no list of its models` };
    const place = placeOf(url);
    const known = cache.get(ref);
    if (!isRefresh && known?.url === place) return { entry: ref, state: 'cached', list: known };
    try {
      const key = entry.keys[0] ?? { fingerprint: 'none' };
      const models = await listing.listAdvertised(row, endpoint, key, { transport, signal: context.interrupt.signal });
      const list: CachedList = { readAt: new Date().toISOString(), url: place, models };
      cache.set(ref, list);
      return { entry: ref, state: 'read', list };
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      return { entry: ref, state: 'failed', kind: error.kind, message: error.message };
    }
  };
  try {
    const results = await Promise.all(
      entries.map(async (entry) => {
        const result = await read(entry);
        progress.show(++answered, entries.length);
        return result;
      }),
    );
    progress.close();
    const problem = results.some(({ state }) => state === 'read') ? writeCache(context.env, cache) : undefined;
    if (problem !== undefined) context.output.note(`${context.output.errorStyle.yellow('not kept:')} ${problem}`);
    return results;
  } finally {
    progress.close();
    transport.close();
  }
}

/** Without its query, which may hold a key. */
function placeOf(url: string): string {
  return URL.canParse(url) ? `${new URL(url).origin}${new URL(url).pathname}` : '';
}

const listed = ({ list }: Result, all: boolean): readonly AdvertisedModel[] =>
  (list?.models ?? []).filter((model) => all || model.isChat);

function printJson(results: readonly Result[], all: boolean, { output }: CommandContext): void {
  const entries = results.map((result) => {
    const { entry, state, list, kind, message } = result;
    const models = list === undefined ? undefined : listed(result, all);
    return { entry, state, readAt: list?.readAt, url: list?.url, kind, message, models };
  });
  output.print(JSON.stringify({ entries }, null, 2));
}

function printList(results: readonly Result[], all: boolean, context: CommandContext): void {
  const { output } = context;
  for (const result of results) {
    const { entry, list } = result;
    if (list === undefined) {
      output.note(outcome(result, all, context));
      continue;
    }
    const models = listed(result, all);
    output.print(`${output.style.bold(entry)} ${output.style.dim(summary(result, models.length))}`);
    const rows = models.map(({ id, contextWindow }) => [
      safeForTerminal(id),
      contextWindow === undefined ? '' : `${contextWindow} tokens`,
    ]);
    if (rows.length > 0) output.print(table(rows, { indent: '  ', ...columnsOf(output), words: [0] }));
  }
}

function summary({ list, state }: Result, count: number): string {
  const hidden = (list?.models.length ?? 0) - count;
  const more = hidden === 0 ? '' : `, ${hidden} that do not chat hidden (--all shows them)`;
  const read = state === 'cached' ? `, read ${list?.readAt.slice(0, 16).replace('T', ' ')} UTC` : '';
  return `(${count} ${count === 1 ? 'model' : 'models'}${more}${read})`;
}

function printRefresh(results: readonly Result[], all: boolean, context: CommandContext): void {
  for (const result of results) context.output.print(outcome(result, all, context));
  const count = (state: Result['state']): number => results.filter((result) => result.state === state).length;
  context.output.print(`\n${count('read')} read, ${count('failed')} failed, ${count('skipped')} skipped`);
}

/** What to do next about a failure, by its kind. */
const NEXT: Readonly<Record<string, string>> = {
  auth: 'check its key: standin doctor',
  permission: 'the key may not read the list; its models can still be called by name',
  'rate-limit': 'try again later',
  quota: 'the account is used up; see the vendor',
  network: 'check the address and your connection: standin doctor',
  tls: 'the certificate cannot be trusted: set tls_ca_cert_path for a private one',
  timeout: 'try again, or run standin doctor',
  'model-not-found': 'there is no list at this address; does the uri lack its version (/v1)?',
  'invalid-request': 'there is no list at this address; does the uri lack its version (/v1)?',
  overloaded: 'try again later',
  server: 'try again later',
  protocol: 'another kind of server may be at this address: standin doctor',
};

function outcome(result: Result, all: boolean, { output }: CommandContext): string {
  const { entry, state, kind = '', message = '' } = result;
  const { style } = output;
  if (state === 'skipped') return `${style.yellow('skipped')} ${entry}: ${message}`;
  if (state !== 'failed') return `${style.green('ok     ')} ${entry} ${summary(result, listed(result, all).length)}`;
  const text = message.startsWith(`${entry}: `) ? message.slice(entry.length + 2) : message;
  const next = NEXT[kind] === undefined ? '' : `\n        ${style.dim(NEXT[kind])}`;
  return `${style.red('failed ')} ${entry}: ${kind}: ${safeForTerminal(text)}${next}`;
}
