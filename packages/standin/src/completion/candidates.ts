import { Command } from 'commander';
import type { Config } from '@standin/core/config/model';
import type { CommandRow } from '../cli/commands.ts';
import type { CommandContext } from '../cli/context.ts';
import { LOG_FORMATS, LOG_LEVELS } from '../cli/log.ts';
import { readConfig } from '../cli/open.ts';

/** Options that take a value and stand before or after any command. */
const GLOBAL_VALUES: Readonly<Record<string, readonly string[]>> = {
  '--config': [],
  '--log-level': LOG_LEVELS,
  '--log-format': LOG_FORMATS,
};

/** Words that may stand at the last place of a command line; empty when files are the better guess. */
export async function candidates(
  words: readonly string[],
  rows: readonly CommandRow[],
  context: CommandContext,
): Promise<string[]> {
  const last = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const previous = before.at(-1) ?? '';
  const globals = GLOBAL_VALUES[previous];
  if (globals !== undefined) return matching(globals, last);
  const plain = withoutGlobals(before);
  const row = rows.find(({ name, alias }) => plain[0] !== undefined && (name === plain[0] || alias === plain[0]));
  if (row === undefined) {
    const names = rows.flatMap(({ name, alias }) => (alias === undefined ? [name] : [name, alias]));
    return matching([...names, 'help', ...Object.keys(GLOBAL_VALUES), '--help', '--version'], last);
  }
  const { command, rest } = await commandOf(row, plain.slice(1), context);
  const option = command.options.find(
    ({ long, short }) => previous !== '' && (long === previous || short === previous),
  );
  if (option !== undefined && (option.required || option.optional)) {
    if (option.argChoices !== undefined) return matching(option.argChoices, last);
    return matching(await valuesOf(option.long ?? '', before, context), last);
  }
  if (last.startsWith('-')) {
    const own = command.options.filter(({ hidden }) => !hidden).flatMap(({ long, short }) => [long, short]);
    return matching([...own.filter((name) => name !== undefined), ...Object.keys(GLOBAL_VALUES), '--help'], last);
  }
  const subcommands = command.commands.map((child) => child.name()).filter((name) => name !== 'words');
  if (subcommands.length > 0) return matching([...subcommands, 'help'], last);
  return matching(await argumentsOf(command, rest, last, before, context), last);
}

function matching(words: readonly string[], start: string): string[] {
  return [...new Set(words)].filter((word) => word.startsWith(start)).toSorted();
}

function withoutGlobals(words: readonly string[]): string[] {
  return words.filter(
    (word, index) => GLOBAL_VALUES[word] === undefined && GLOBAL_VALUES[words[index - 1] ?? ''] === undefined,
  );
}

/** The command that the words lead to, filled in by its module, and what follows its name. */
async function commandOf(
  row: CommandRow,
  words: readonly string[],
  context: CommandContext,
): Promise<{ command: Command; rest: string[] }> {
  let command = new Command(row.name);
  (await row.load()).register(command, context);
  const rest: string[] = [];
  for (const word of words) {
    const child =
      rest.length === 0
        ? command.commands.find((one) => one.name() === word || one.aliases().includes(word))
        : undefined;
    if (child !== undefined) command = child;
    else if (!word.startsWith('-')) rest.push(word);
  }
  return { command, rest };
}

async function argumentsOf(
  command: Command,
  rest: readonly string[],
  last: string,
  before: readonly string[],
  context: CommandContext,
): Promise<readonly string[]> {
  const argument = command.registeredArguments[rest.length];
  if (argument?.argChoices !== undefined) return argument.argChoices;
  const name = argument?.name();
  if (name === 'slot') return slots();
  const { configPaths, valuesAt } = await import('./config-words.ts');
  if (name === 'path' || name === 'section') return configPaths(last, await configOr(before, context));
  return name === 'value' ? valuesAt(rest[0] ?? '', await configOr(before, context)) : [];
}

async function valuesOf(
  option: string,
  before: readonly string[],
  context: CommandContext,
): Promise<readonly string[]> {
  const config = await configOr(before, context);
  switch (option) {
    case '--provider':
      return config === undefined ? slots() : [...config.entries.keys()];
    case '--agent':
      return [...(config?.agents.keys() ?? [])];
    case '--model':
      return [...(config?.entries.values() ?? [])].flatMap((entry) => [
        ...(entry.model === undefined ? [] : [entry.model]),
        ...(entry.fields.fallback_models ?? []),
        entry.ref,
      ]);
    case '--filter': {
      const { configPaths } = await import('./config-words.ts');
      return configPaths('', config);
    }
    default:
      return [];
  }
}

async function slots(): Promise<string[]> {
  const { allVendors } = await import('@standin/core/vendors/lookup');
  return allVendors().map(({ id }) => id);
}

/** A config that cannot be read completes nothing, and says nothing. */
async function configOr(before: readonly string[], context: CommandContext): Promise<Config | undefined> {
  const named = before[before.indexOf('--config') + 1];
  const globals = {
    ...context.globals(),
    ...(before.includes('--config') && named !== undefined ? { config: named } : {}),
  };
  try {
    return await readConfig({ ...context, globals: () => globals });
  } catch {
    return undefined;
  }
}
