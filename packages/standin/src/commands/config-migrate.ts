import { copyFileSync, chmodSync, constants, existsSync, readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Migration, MigrationLine } from '@standin/core/config/migrate/migrate';
import type { CommandContext } from '../cli/context.ts';
import { UsageError } from '../cli/exit.ts';
import { reasonOf } from '../cli/reason.ts';

interface MigrateOptions {
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly output?: string;
}

const EXAMPLES = `
Examples:
  $ standin config migrate --dry-run --config ~/.zeroclaw/config.toml
  $ standin config migrate --config ~/.zeroclaw/config.toml
  $ standin config migrate --config ~/.zeptoclaw/config.json --output ~/.standin/config.toml

A TOML file is replaced, a JSON file gets a TOML file beside it; either way a copy of the former file stays (.bak).
Every key is mapped, kept, or listed with the reason why not. Comments stay. A second run changes nothing.`;

export function registerMigrate(command: Command, context: CommandContext): void {
  command
    .command('migrate')
    .description('Convert a ZeroClaw or ZeptoClaw config to the native form, with a backup and a report.')
    .option('--dry-run', 'show the difference and write nothing')
    .option('--output <file>', 'write here instead')
    .option('--json', 'print {"dialect", "changed", "file", "target", "backup", "keys": [...], "findings": [...]}')
    .addHelpText('after', EXAMPLES)
    .action(async (options: MigrateOptions) => migrate(options, context));
}

async function migrate(options: MigrateOptions, context: CommandContext): Promise<void> {
  const { output } = context;
  const [{ findConfigFile, readConfigFile }, { migrateConfig, tomlName }] = await Promise.all([
    import('@standin/core/config/files'),
    import('@standin/core/config/migrate/migrate'),
  ]);
  const { config: configPath } = context.globals();
  const found = findConfigFile({
    ...(configPath === undefined ? {} : { configPath }),
    env: context.env,
    cwd: process.cwd(),
  });
  if (found === undefined) throw new UsageError('No config file to migrate: name it with --config.');
  const name = shown(found.path);
  const migration = migrateConfig(readConfigFile(found.path), name);
  const target = options.output === undefined ? tomlName(found.path) : resolve(options.output);
  const isWanted = migration.changed || target !== found.path;
  const isDone = !isWanted || holds(target, migration.text);
  let backup: string | undefined;
  if (!isDone && options.dryRun !== true) backup = await write(migration, found.path, target);
  const { dialect, from, keys, findings } = migration.report;
  if (options.json === true) {
    const result = {
      dialect,
      changed: !isDone,
      file: found.path,
      target,
      ...(backup === undefined ? {} : { backup }),
      keys,
      findings,
      ...(options.dryRun === true ? { diff: migration.diff } : {}),
    };
    output.print(JSON.stringify(result, null, 2));
    return;
  }
  if (isDone) {
    output.print(migration.changed ? `${shown(target)} is up to date.` : `${name} is native already; nothing to do.`);
    return;
  }
  if (options.dryRun === true) output.print(migration.diff.trimEnd());
  else
    output.print(`${name}, ${from}: written as ${shown(target)}; the former file is ${shown(backup ?? found.path)}.`);
  for (const line of keys) output.note(keyText(line, name));
  const { formatIssue } = await import('@standin/core/config/issue');
  for (const issue of findings) output.note(formatIssue(issue));
}

/** The copy first, then the new file as a whole; throws `UsageError` when a foreign file is in the way. */
async function write(migration: Migration, source: string, target: string): Promise<string> {
  if (target !== source && existsSync(target)) {
    throw new UsageError(`${shown(target)} exists already: move it away, or name another file with --output.`);
  }
  const { writeWhole } = await import('@standin/core/config/edit/write-whole');
  try {
    const backup = backUp(source);
    writeWhole(target, migration.text);
    return backup;
  } catch (cause) {
    throw new UsageError(`${shown(target)} cannot be written: ${reasonOf(cause)}`);
  }
}

/** `config.toml.bak`, then `.bak.2` and so on; a copy with the same content is not made twice. */
function backUp(source: string): string {
  const text = readFileSync(source);
  for (let count = 1; ; count++) {
    const path = count === 1 ? `${source}.bak` : `${source}.bak.${count}`;
    if (existsSync(path)) {
      if (readFileSync(path).equals(text)) return path;
      continue;
    }
    copyFileSync(source, path, constants.COPYFILE_EXCL);
    chmodSync(path, 0o600);
    return path;
  }
}

function holds(path: string, text: string): boolean {
  return existsSync(path) && readFileSync(path, 'utf8') === text;
}

function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') ? path : short;
}

function keyText({ key, line, fate, to, reason }: MigrationLine, file: string): string {
  const place = line === undefined ? file : `${file}:${line}`;
  const target = to === undefined ? '' : ` → ${to.join(', ')}`;
  return `${place}: ${key}: ${fate}${target}${reason === undefined ? '' : ` (${reason})`}`;
}
