import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { ConfigValue } from '@standin/core/config/describe';
import type { Config } from '@standin/core/config/model';
import type { CommandContext } from '../cli/context.ts';
import { EXIT, ExitWith, UsageError } from '../cli/exit.ts';
import { readConfig } from '../cli/open.ts';
import { table } from '../cli/table.ts';
import { registerEditing } from './config-edit.ts';
import { registerMigrate } from './config-migrate.ts';
import { unknownPath } from './config-paths.ts';
import { registerSecrets } from './config-secrets.ts';

const EXAMPLES = `
Examples:
  $ standin config list
  $ standin config get providers.models.anthropic.main.model
  $ standin config set providers.models.anthropic.main.api_key
  $ standin config unset reliability.max_attempts
  $ standin config validate --config ./standin.toml
  $ standin config path`;

export function register(command: Command, context: CommandContext): void {
  command.addHelpText('after', EXAMPLES);
  command
    .command('list')
    .description('Every value in force and where it comes from; secrets are shown as fingerprints.')
    .option('--filter <prefix>', 'only paths that begin so')
    .option('--defaults', 'also what holds where nothing is set')
    .option('--json', 'print [{path, value, source, secret}]')
    .action(async (options: ListOptions) => list(options, context));
  command
    .command('get')
    .argument('<path>', 'config path, such as reliability.provider_retries')
    .description('One value; a secret prints only "set" or "unset".')
    .option('--json', 'print {"path", "value"}, or {"path", "populated"} for a secret')
    .action(async (path: string, options: { json?: boolean }) => get(path, options, context));
  command
    .command('validate')
    .description('Check the config; exits 2 for an error, and for a fallback that had to be left out.')
    .option('--json', 'print {"ok", "errors": [...], "warnings": [...], "notes": [...]}')
    .action(async (options: { json?: boolean }) => validate(options, context));
  command
    .command('path')
    .description('The config file in use, or where one is looked for.')
    .action(async () => showPath(context));
  registerEditing(command, context);
  registerSecrets(command, context);
  registerMigrate(command, context);
}

interface ListOptions {
  readonly defaults?: boolean;
  readonly filter?: string;
  readonly json?: boolean;
}

/** Findings go to stderr, so that what is on stdout stays a list. */
function tellFindings(
  config: Config,
  context: CommandContext,
  format: (issue: Config['report']['errors'][number]) => string,
): void {
  for (const issue of [...config.report.errors, ...config.report.warnings]) context.output.note(format(issue));
}

async function list(options: ListOptions, context: CommandContext): Promise<void> {
  const { output } = context;
  const config = await readConfig(context);
  const { describeConfig } = await import('@standin/core/config/describe');
  const { formatIssue } = await import('@standin/core/config/issue');
  const settings = describeConfig(config, { defaults: options.defaults === true }).filter(({ path }) =>
    path.startsWith(options.filter ?? ''),
  );
  if (options.json === true) output.print(JSON.stringify(settings, null, 2));
  else {
    const rows = settings.map((row) => [
      row.path,
      `${valueText(row.value)}${row.secret ? ' (secret)' : ''}`,
      `${row.source}${marksOf(row)}`,
    ]);
    if (rows.length > 0) output.print(table(rows));
    if (settings.some((row) => marksOf(row) !== '')) {
      output.note('🔒 secret, shown by its fingerprint   💉 set from outside the file');
    }
    if (rows.length === 0)
      output.print(
        config.file === undefined ? 'No config file and no vendor key in the environment.' : 'Nothing is set.',
      );
  }
  tellFindings(config, context, formatIssue);
}

async function get(text: string, options: { json?: boolean }, context: CommandContext): Promise<void> {
  const { output } = context;
  const [{ formatPath, parsePath }, { nodeAt }] = await Promise.all([
    import('@standin/core/config/path'),
    import('@standin/core/config/schema/walk'),
  ]);
  const path = parsePath(text);
  const node = path.length === 0 ? undefined : nodeAt(path);
  if (node === undefined) throw new UsageError(await unknownPath(text, path));
  const config = await readConfig(context);
  const { describeConfig } = await import('@standin/core/config/describe');
  const shown = formatPath(path);
  const rows = describeConfig(config, { defaults: true });
  const value = rows.find((row) => row.path === shown)?.value ?? below(rows, shown);
  if (node.meta.secret === true) {
    const populated = value !== undefined;
    output.print(options.json === true ? JSON.stringify({ path: shown, populated }) : populated ? 'set' : 'unset');
    return;
  }
  if (options.json === true) output.print(JSON.stringify({ path: shown, value: value ?? null }));
  else if (value !== undefined) output.print(valueText(value));
  else output.note(`${shown} is not set.`);
}

/** A source that is a variable or a flag is no place in the file. */
function marksOf({ secret, source }: ConfigValue): string {
  const isOverride = /^(STANDIN|ZEROCLAW|ZEPTOCLAW)_[A-Za-z0-9_]+$|^--/.test(source);
  return `${secret ? ' 🔒' : ''}${isOverride ? ' 💉' : ''}`;
}

const valueText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** A whole table: the values below it by their paths. */
function below(rows: readonly ConfigValue[], path: string): unknown {
  const inside = rows.filter((row) => row.path.startsWith(`${path}.`) && row.source !== 'default');
  if (inside.length === 0) return undefined;
  return Object.fromEntries(inside.map((row) => [row.path.slice(path.length + 1), row.value]));
}

async function validate(options: { json?: boolean }, context: CommandContext): Promise<void> {
  const { output } = context;
  const { formatIssue } = await import('@standin/core/config/issue');
  const config = await readConfig(context);
  const { errors, warnings, notes } = config.report;
  const broken = errors.length > 0 || warnings.some(isBrokenFallback);
  if (options.json === true) output.print(JSON.stringify({ ok: !broken, errors, warnings, notes }, null, 2));
  else {
    for (const issue of [...errors, ...warnings, ...notes]) output.note(formatIssue(issue));
    const where = config.file ?? 'No config file: the environment';
    if (!broken) output.print(`${where} is valid${warnings.length === 0 ? '' : ` (${warnings.length} warnings)`}.`);
  }
  if (broken) throw new ExitWith(EXIT.usage);
}

/** A spare that was left out does not stop the service, but a check must not pass it. */
function isBrokenFallback(issue: Config['report']['warnings'][number]): boolean {
  const isSpare = /(^|\.)(fallback|fallback_models|fallback_providers)(\.|$)/.test(issue.path ?? '');
  return isSpare && issue.message.includes('left out');
}

async function showPath(context: CommandContext): Promise<void> {
  const { findConfigFile, standinHome } = await import('@standin/core/config/files');
  const { config: configPath } = context.globals();
  const found = findConfigFile({
    ...(configPath === undefined ? {} : { configPath }),
    env: context.env,
    cwd: process.cwd(),
  });
  if (found !== undefined) return context.output.print(found.path);
  const home = join(standinHome(context.env), 'config.toml');
  context.output.note(`No config file: looked for --config, $STANDIN_CONFIG, ${resolve('standin.toml')} and ${home}.`);
}
