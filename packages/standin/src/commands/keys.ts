import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { KeyRecord, KeyRights } from '@standin/store';
import type { CommandContext } from '../cli/context.ts';
import { UsageError } from '../cli/exit.ts';
import { columnsOf, table } from '../cli/table.ts';

interface CreateOptions {
  readonly name: string;
  readonly models?: readonly string[];
  readonly rpm?: number;
  readonly tpm?: number;
  readonly parallel?: number;
  readonly budgetDay?: number;
  readonly budgetMonth?: number;
  readonly soft?: boolean;
  readonly admin?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  $ standin keys create --name ci --models 'gpt-*,anthropic.main' --rpm 60 --budget-day 5
  $ standin keys list
  $ standin keys revoke ci

As soon as a key was made, the gateway asks every caller for one, also after the last was revoked.`;

function count(text: string): number {
  if (!/^[1-9]\d{0,11}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.');
  return Number(text);
}

function usd(text: string): number {
  if (!/^\d{1,9}(\.\d{1,9})?$/.test(text)) throw new InvalidArgumentError('It must be an amount in USD, such as 2.50.');
  return Number(text);
}

function names(text: string): readonly string[] {
  const list = text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  if (list.length === 0) throw new InvalidArgumentError('It must name at least one model or pattern.');
  return list;
}

export function register(command: Command, context: CommandContext): void {
  command.addHelpText('after', EXAMPLES);
  command
    .command('create')
    .description('make a key for callers of the gateway; it is shown once')
    .requiredOption('--name <name>', 'for people: who uses it')
    .option('--models <globs>', 'models it may ask for, comma-separated patterns (default: all)', names)
    .option('--rpm <n>', 'requests per minute', count)
    .option('--tpm <n>', 'tokens per minute', count)
    .option('--parallel <n>', 'calls at the same time', count)
    .option('--budget-day <usd>', 'USD per day (UTC)', usd)
    .option('--budget-month <usd>', 'USD per month (UTC)', usd)
    .option('--soft', 'over budget, warn in a header instead of refusing')
    .option('--admin', 'it may also use the admin API (/api/*) from elsewhere')
    .option('--json', 'print one JSON object')
    .action(async (options: CreateOptions) => create(options, context));
  command
    .command('list')
    .description('the keys and their limits; never the keys themselves')
    .option('--json', 'print JSON')
    .action(async (options: { readonly json?: boolean }) => list(options.json === true, context));
  command
    .command('revoke <name>')
    .description('by name or id; a running gateway hears of it within a second')
    .action(async (name: string) => revoke(name, context));
}

async function open(context: CommandContext) {
  const [store, { standinHome }] = await Promise.all([import('@standin/store'), import('@standin/core/config/files')]);
  return { store, path: join(standinHome(context.env), 'keys.json') };
}

/** A store's failure is the user's to mend: one sentence, exit code 2. */
async function told<T>(run: () => T): Promise<T> {
  const { StoreError } = await import('@standin/store');
  try {
    return run();
  } catch (error) {
    if (error instanceof StoreError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

async function create(options: CreateOptions, context: CommandContext): Promise<void> {
  const { store, path } = await open(context);
  const name = options.name.trim();
  if (name === '' || name.length > 100) throw new UsageError('--name must have 1 to 100 characters.');
  const rights: KeyRights = {
    models: options.models,
    requestsPerMinute: options.rpm,
    tokensPerMinute: options.tpm,
    parallel: options.parallel,
    dayNanoUsd: options.budgetDay === undefined ? undefined : store.nanoOfUsd(options.budgetDay),
    monthNanoUsd: options.budgetMonth === undefined ? undefined : store.nanoOfUsd(options.budgetMonth),
    soft: options.soft,
    admin: options.admin,
  };
  const { key, record } = await told(() => store.createKey(path, { ...rights, name, now: Date.now() }));
  const { output } = context;
  if (options.json === true) return output.print(JSON.stringify({ key, ...shown(record, store.usdText) }));
  output.print(key);
  output.note(`This is the only time that the key "${name}" is shown. The gateway asks every caller for a key now.`);
}

function shown(record: KeyRecord, usdText: (nano: number) => string): Record<string, unknown> {
  const money = (nano: number | undefined): number | null => (nano === undefined ? null : Number(usdText(nano)));
  return {
    id: record.id,
    name: record.name,
    created_at: new Date(record.createdAt).toISOString(),
    revoked_at: record.revokedAt === undefined ? null : new Date(record.revokedAt).toISOString(),
    models: record.models ?? null,
    rpm: record.requestsPerMinute ?? null,
    tpm: record.tokensPerMinute ?? null,
    parallel: record.parallel ?? null,
    budget_day_usd: money(record.dayNanoUsd),
    budget_month_usd: money(record.monthNanoUsd),
    soft: record.soft === true,
    admin: record.admin === true,
  };
}

async function list(json: boolean, context: CommandContext): Promise<void> {
  const { store, path } = await open(context);
  const keys = await told(() => store.readKeys(path));
  const { output } = context;
  if (json) return output.print(JSON.stringify({ keys: keys.map((key) => shown(key, store.usdText)) }));
  if (keys.length === 0) return output.note('There are no keys; "standin keys create --name NAME" makes one.');
  const rows = keys.map((key) => [key.id, key.name, key.revokedAt === undefined ? 'valid' : 'revoked', limitsOf(key)]);
  output.print(table([['id', 'name', 'state', 'limits'], ...rows], { ...columnsOf(output), words: [1, 3] }));

  function limitsOf(key: KeyRecord): string {
    const money = (nano: number): string => store.usdText(nano).replace(/0+$/, '').replace(/\.$/, '');
    const parts = [
      key.models === undefined ? '' : `models ${key.models.join(',')}`,
      key.requestsPerMinute === undefined ? '' : `${key.requestsPerMinute} requests/min`,
      key.tokensPerMinute === undefined ? '' : `${key.tokensPerMinute} tokens/min`,
      key.parallel === undefined ? '' : `${key.parallel} at once`,
      key.dayNanoUsd === undefined ? '' : `${money(key.dayNanoUsd)} USD/day`,
      key.monthNanoUsd === undefined ? '' : `${money(key.monthNanoUsd)} USD/month`,
      key.soft === true ? 'soft' : '',
      key.admin === true ? 'admin' : '',
    ].filter((part) => part !== '');
    return parts.length === 0 ? 'none' : parts.join(', ');
  }
}

async function revoke(name: string, context: CommandContext): Promise<void> {
  const { store, path } = await open(context);
  const record = await told(() => store.revokeKey(path, name, Date.now()));
  if (record === undefined) throw new UsageError(`There is no valid key "${name}"; "standin keys list" names them.`);
  context.output.note(`The key "${record.name}" (${record.id}) is revoked.`);
}
