import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { Gaps, KeyRecord, UsageGroup, UsageRow } from '@standin/store';
import type { CommandContext } from '../cli/context.ts';
import { UsageError } from '../cli/exit.ts';
import { columnsOf, table } from '../cli/table.ts';

interface UsageOptions {
  readonly by: UsageGroup;
  readonly since: string;
  readonly json?: boolean;
  readonly csv?: boolean;
}

const EXAMPLES = `
Examples:
  $ standin usage
  $ standin usage --by key --since 7d
  $ standin usage --by day --since 2026-01-01 --csv > days.csv

Cost comes from "pricing" of the provider entries; what has no price or no token count is shown as unknown, never as 0.`;

const GROUPS: readonly UsageGroup[] = ['model', 'provider', 'key', 'agent', 'day'];
const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `7d`, `24h`, `90m`, `2w`, or a date. Unix milliseconds. */
function sinceOf(text: string, now: number): number {
  const [, amount, unit] = /^(\d{1,6})([mhdw])$/.exec(text) ?? [];
  if (amount !== undefined && unit !== undefined) return now - Number(amount) * (UNITS_MS[unit] ?? 0);
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new UsageError(`--since "${text}" is no span (7d, 24h) and no date (2026-01-31).`);
  return at;
}

export function register(command: Command, context: CommandContext): void {
  command
    .addOption(new Option('--by <what>', 'group by').choices(GROUPS).default('model'))
    .option('--since <when>', 'a span (90m, 24h, 7d, 4w) or a date', '30d')
    .option('--json', 'print JSON')
    .option('--csv', 'print CSV')
    .addHelpText('after', EXAMPLES)
    .action(async (options: UsageOptions) => usage(options, context));
}

async function usage(options: UsageOptions, context: CommandContext): Promise<void> {
  const [store, { standinHome }] = await Promise.all([import('@standin/store'), import('@standin/core/config/files')]);
  const home = standinHome(context.env);
  const path = join(home, 'ledger.db');
  const since = sinceOf(options.since, Date.now());
  if (!existsSync(path))
    throw new UsageError(`There is no ledger at ${path} yet; "standin serve" writes it with the first request.`);
  const { rows, gaps } = read();
  const named = options.by === 'key' ? withKeyNames(rows, store.readKeys(join(home, 'keys.json'))) : rows;
  print(named, gaps);

  function read(): { rows: readonly UsageRow[]; gaps: Gaps } {
    try {
      const db = store.readDatabase(path);
      try {
        return { rows: store.usageBy(db, options.by, since), gaps: store.gapsSince(db, since) };
      } finally {
        db.close();
      }
    } catch (error) {
      if (error instanceof store.StoreError) throw new UsageError(error.message, { cause: error });
      throw error;
    }
  }

  function print(list: readonly UsageRow[], missing: Gaps): void {
    const { output } = context;
    const full = list.map((row) => ({ ...row, cost_usd: store.usdText(row.cost_nano_usd) }));
    if (options.json === true) {
      const gapsShown = {
        dropped_requests: missing.droppedRequests,
        dropped_attempts: missing.droppedAttempts,
        unclean_stops: missing.unclean,
      };
      const data = { by: options.by, since: new Date(since).toISOString(), rows: full, gaps: gapsShown };
      return output.print(JSON.stringify(data));
    }
    if (options.csv === true) return void output.out.write(store.csvOf(COLUMNS, full));
    if (list.length === 0) return output.note(`No request was recorded since ${new Date(since).toISOString()}.`);
    output.print(table([HEADINGS(options.by), ...full.map(cells)], { ...columnsOf(output), words: [0] }));
    for (const line of gapLines(missing)) output.note(line);
  }
}

const COLUMNS = [
  'name', 'requests', 'failed', 'attempts', 'input_tokens', 'output_tokens', 'cache_read_tokens', 'cost_usd',
  'unknown_cost', 'unknown_usage',
] as const; // prettier-ignore

const HEADINGS = (by: string): string[] => [by, 'requests', 'failed', 'input', 'output', 'cached', 'cost USD'];

function cells(row: UsageRow & { readonly cost_usd: string }): string[] {
  const isUnknown = row.unknown_cost > 0;
  const known = row.cost_nano_usd > 0 || !isUnknown;
  const part = `${row.unknown_cost} of unknown cost`;
  return [
    row.name ?? '(none)',
    String(row.requests),
    String(row.failed),
    String(row.input_tokens),
    String(row.output_tokens),
    String(row.cache_read_tokens),
    !known ? 'unknown' : isUnknown ? `${row.cost_usd} + ${part}` : row.cost_usd,
  ];
}

function withKeyNames(rows: readonly UsageRow[], keys: readonly KeyRecord[]): readonly UsageRow[] {
  return rows.map((row) => ({ ...row, name: keys.find((key) => key.id === row.name)?.name ?? row.name }));
}

function gapLines({ droppedRequests, droppedAttempts, unclean }: Gaps): string[] {
  const lines: string[] = [];
  if (droppedRequests > 0) lines.push(`${droppedRequests} requests are not in these sums: the disk did not keep up.`);
  if (droppedAttempts > 0) lines.push(`${droppedAttempts} attempts are counted by their request only.`);
  if (unclean > 0)
    lines.push(`${unclean} times a process ended without closing the ledger: its last 200 ms may be missing.`);
  return lines;
}
