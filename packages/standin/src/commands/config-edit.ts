import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { EditOutcome, TextChange } from '@standin/core/config/edit/edit-config';
import type { FieldNode } from '@standin/core/config/schema/walk';
import type { CommandContext } from '../cli/context.ts';
import { UsageError } from '../cli/exit.ts';
import { reasonOf } from '../cli/reason.ts';
import { unknownPath } from './config-paths.ts';

interface SetOptions {
  readonly interactive?: boolean;
  readonly json?: boolean;
}

const SET_EXAMPLES = `
Examples:
  $ standin config set reliability.provider_retries 2
  $ standin config set providers.models.anthropic.main.api_key          # asks without echo
  $ pass show anthropic | standin config set providers.models.anthropic.main.api_key
  $ standin config set providers.models.anthropic.main.api_key '\${ANTHROPIC_API_KEY}'
  $ standin config set providers.models.openai.main.api_key op://vault/openai/key
  $ standin config set providers.models.openai.spare.model gpt-5-mini   # makes the alias "spare"

A secret is stored encrypted ("enc2:"); its key is the .secret_key beside the file or in $STANDIN_HOME (0600), or the system's keyring.
Comments, order and layout of the file survive. The file is replaced as a whole, and only when the result loads.`;

export function registerEditing(command: Command, context: CommandContext): void {
  command
    .command('set')
    .argument('<path>', 'config path, such as reliability.provider_retries')
    .argument('[value]', 'the value; lists as "a, b" or JSON. Leave it out for a secret')
    .description('Set one value in the config file; a secret is asked for without echo and stored encrypted.')
    .option('--no-interactive', 'never ask; take the value from the argument or standard input')
    .option('--json', 'print {"path", "file", "changed"}')
    .addHelpText('after', SET_EXAMPLES)
    .action(async (path: string, value: string | undefined, options: SetOptions) => set(path, value, options, context));
  command
    .command('unset')
    .argument('<path>', 'config path of a value, a table or a list item')
    .description('Remove a value from the config file, or a table with its own comments.')
    .option('--json', 'print {"path", "file", "changed"}')
    .action(async (path: string, options: { json?: boolean }) => unset(path, options, context));
  command
    .command('rename')
    .argument('<path>', 'providers.models.<type>.<alias> or agents.<alias>')
    .argument('<alias>', 'the new alias')
    .description('Rename an entry or an agent; every reference to it follows.')
    .action(async (path: string, alias: string) => rename(path, alias, context));
  command
    .command('init')
    .argument(
      '[section]',
      'reliability, gateway, agents.<alias> or providers.models.<type>.<alias>; none: what is missing',
    )
    .description('Write a section that is missing, with its fields and defaults as comments.')
    .action(async (section: string | undefined) => {
      const { initSection } = await import('./config-init.ts');
      await initSection(section, context);
    });
  command
    .command('schema')
    .description('JSON Schema (draft 2020-12) of the config, for editors.')
    .addHelpText('after', '\nExamples:\n  $ standin config schema > standin.schema.json')
    .action(async () => {
      const { configJsonSchema } = await import('@standin/core/config/json-schema');
      context.output.print(JSON.stringify(configJsonSchema(), null, 2));
    });
}

/** The file that is edited: the one in use, else the one that `--config` or the home names. */
export async function editedFile(context: CommandContext): Promise<string> {
  const { findConfigFile, standinHome } = await import('@standin/core/config/files');
  const named = context.globals().config ?? (context.env['STANDIN_CONFIG'] || undefined);
  if (named !== undefined && !existsSync(named)) return resolve(named);
  const found = findConfigFile({
    ...(named === undefined ? {} : { configPath: named }),
    env: context.env,
    cwd: process.cwd(),
  });
  return found?.path ?? join(standinHome(context.env), 'config.toml');
}

/** Makes one change; a file system failure becomes a sentence that names the file. */
export async function applyChange(
  change: TextChange,
  at: readonly string[] | undefined,
  context: CommandContext,
): Promise<EditOutcome & { readonly file: string }> {
  const { editConfigFile } = await import('@standin/core/config/edit/edit-config');
  const file = await editedFile(context);
  try {
    const outcome = await editConfigFile(file, change, {
      env: context.env,
      ...(at === undefined ? {} : { at }),
    });
    return { ...outcome, file };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new UsageError(`${file} cannot be written: ${reasonOf(error)}.`, { cause: error });
  }
}

async function tell(
  path: string,
  outcome: EditOutcome & { file: string },
  json: boolean,
  context: CommandContext,
  what: string,
): Promise<void> {
  const { formatIssue } = await import('@standin/core/config/issue');
  const { output } = context;
  for (const issue of outcome.warnings) output.note(formatIssue({ ...issue, level: 'warning' }));
  const { changed, created, file } = outcome;
  if (json) output.print(JSON.stringify({ path, file, changed }));
  else if (created) output.note(`${what} in ${file} (new file).`);
  else output.note(changed ? `${what} in ${file}.` : `${path} is already so in ${file}.`);
}

async function readPath(text: string): Promise<{ path: string[]; node: FieldNode; shown: string }> {
  const [{ formatPath, parsePath }, { nodeAt }] = await Promise.all([
    import('@standin/core/config/path'),
    import('@standin/core/config/schema/walk'),
  ]);
  const path = parsePath(text);
  const node = path.length === 0 ? undefined : nodeAt(path);
  if (node === undefined) throw new UsageError(await unknownPath(text, path));
  return { path, node, shown: formatPath(path) };
}

async function set(
  text: string,
  given: string | undefined,
  options: SetOptions,
  context: CommandContext,
): Promise<void> {
  const { path, node, shown } = await readPath(text);
  const { shape } = node;
  const isSection =
    shape.type === 'object' || (shape.type === 'record' && ['object', 'record'].includes(shape.value.shape.type));
  if (isSection)
    throw new UsageError(
      `${shown} is a table; set one of its fields, or write it with "standin config init ${shown}".`,
    );
  const value =
    node.meta.secret === true
      ? await secretValue(shown, given, node, options, context)
      : await plainValue(shown, given, node, options, context);
  const { setting } = await import('@standin/core/config/edit/edit-config');
  const outcome = await applyChange(setting(path, value), path, context);
  await tell(shown, outcome, options.json === true, context, `${shown} is set`);
  await tellOverride(path, context);
}

/** What the user just wrote may not be what holds. */
async function tellOverride(path: readonly string[], context: CommandContext): Promise<void> {
  const { overrideVariables } = await import('@standin/core/config/overrides');
  const hit = overrideVariables(context.env).find(
    ({ segments }) => segments.join('.').toLowerCase() === path.join('.').toLowerCase(),
  );
  if (hit !== undefined) context.output.note(`The variable ${hit.name} is set and wins over the file.`);
}

async function plainValue(
  shown: string,
  given: string | undefined,
  node: FieldNode,
  options: SetOptions,
  context: CommandContext,
): Promise<unknown> {
  const { describeShape, typedValue } = await import('@standin/core/config/typed-value');
  const text = given ?? (await askPlain(shown, node, options, context));
  // A reference is resolved when the file is read, whatever its field's type.
  if (/^\$\{[^}]+\}$/.test(text)) return text;
  if (node.shape.type === 'enum') {
    const word = text
      .trim()
      .toLowerCase()
      .replaceAll(/[-\s.]+/g, '_');
    if (!node.shape.values.includes(word) && node.meta.spellings?.[word] === undefined)
      throw new UsageError(`${shown} must be ${describeShape(node)}.`);
  }
  const typed = typedValue(text, node);
  if ('expected' in typed) throw new UsageError(`${shown} must be ${typed.expected}.`);
  return typed.value;
}

async function askPlain(shown: string, node: FieldNode, options: SetOptions, context: CommandContext): Promise<string> {
  const { createPrompt, isInteractive, pipedLines } = await import('../cli/prompt.ts');
  if (options.interactive !== false && isInteractive(context)) {
    const prompt = createPrompt(context);
    return node.shape.type === 'enum' ? prompt.choose(shown, node.shape.values) : prompt.ask(shown);
  }
  const lines = await pipedLines(context.input);
  if (lines === undefined) throw new UsageError(`Give a value: standin config set ${shown} VALUE.`);
  return lines.join('\n');
}

/** References and sealed forms give nothing away; they are stored as they are. */
const isReference = (text: string): boolean => /^\$\{[^}]+\}$|^op:\/\/|^enc2:|^ENC\[/.test(text.trim());

async function secretValue(
  shown: string,
  given: string | undefined,
  node: FieldNode,
  options: SetOptions,
  context: CommandContext,
): Promise<unknown> {
  if (given !== undefined && !isReference(given)) {
    context.output.note(
      `A secret on the command line stays in the shell's history; next time leave it out: standin config set ${shown}`,
    );
  }
  const isTable = node.shape.type === 'record';
  if (isTable)
    throw new UsageError(`${shown} is a table of secrets; set one of them: standin config set ${shown}.NAME.`);
  const isList = node.shape.type === 'array';
  const texts =
    given === undefined ? await askSecrets(shown, isList, options, context) : isList ? listed(given) : [given];
  const values = texts.map((text) => text.trim()).filter((text) => text !== '');
  if (values.length === 0) throw new UsageError(`${shown} needs a value; nothing was changed.`);
  const { keyProblem } = await import('@standin/core/config/key-text');
  for (const value of values) {
    const problem = keyProblem(value);
    if (problem !== undefined) throw new UsageError(`The value for ${shown} ${problem}; nothing was changed.`);
  }
  if (!isList && values.length > 1)
    throw new UsageError(`${shown} is one value, but ${values.length} lines were given.`);
  const sealed = await sealAll(values, context);
  return isList ? sealed : sealed[0];
}

function listed(text: string): string[] {
  if (!text.trim().startsWith('[')) return text.split(',');
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  } catch {
    // Said below.
  }
  throw new UsageError('The list must be "a, b" or a JSON array of strings.');
}

async function askSecrets(
  shown: string,
  isList: boolean,
  options: SetOptions,
  context: CommandContext,
): Promise<string[]> {
  const { createPrompt, isInteractive, pipedLines } = await import('../cli/prompt.ts');
  if (options.interactive === false || !isInteractive(context)) {
    const lines = await pipedLines(context.input);
    if (lines === undefined)
      throw new UsageError(`Pipe the secret in, or run this in a terminal: standin config set ${shown}`);
    return lines;
  }
  const prompt = createPrompt(context);
  if (!isList) return [await prompt.askSecret(shown)];
  const values: string[] = [];
  for (;;) {
    const value = await prompt.askSecret(`${shown} ${values.length + 1}, empty ends`);
    if (value === '') return values;
    values.push(value);
  }
}

/** Encrypts what is no reference; tells where a new key was put. */
export async function sealAll(values: readonly string[], context: CommandContext): Promise<string[]> {
  if (values.every(isReference)) return [...values];
  const [{ sealingKey }, { seal }] = await Promise.all([
    import('@standin/core/config/secrets/sealing-key'),
    import('@standin/core/config/secrets/sealed'),
  ]);
  const { key, where, created } = sealingKey({ env: context.env, configFile: await editedFile(context) });
  if (created)
    context.output.note(
      `A new key for encrypted secrets is in ${where}; without it they cannot be read, so back it up.`,
    );
  return values.map((value) => (isReference(value) ? value : seal(value, key)));
}

async function unset(text: string, options: { json?: boolean }, context: CommandContext): Promise<void> {
  const { formatPath, parsePath } = await import('@standin/core/config/path');
  // Unknown keys can be removed too: that is how a typing error is mended.
  const path = parsePath(text);
  if (path.length === 0) throw new UsageError('Name a config path.');
  const { unsetting } = await import('@standin/core/config/edit/edit-config');
  const file = await editedFile(context);
  if (!existsSync(file)) throw new UsageError(`There is no config file to change (${file}).`);
  const outcome = await applyChange(unsetting(path), undefined, context);
  const shown = formatPath(path);
  if (outcome.changed || options.json === true)
    return tell(shown, outcome, options.json === true, context, `${shown} is unset`);
  context.output.note(`${shown} is not set in ${outcome.file}.`);
}

async function rename(text: string, alias: string, context: CommandContext): Promise<void> {
  const [{ formatPath, parsePath }, { aliasPath, renaming }, { EditError }] = await Promise.all([
    import('@standin/core/config/path'),
    import('@standin/core/config/edit/edit-config'),
    import('@standin/core/config/edit/toml-edit'),
  ]);
  const path = parsePath(text);
  try {
    aliasPath(path);
  } catch (error) {
    if (error instanceof EditError) throw new UsageError(`${error.message}.`, { cause: error });
    throw error;
  }
  const outcome = await applyChange(renaming(path, alias), undefined, context);
  const shown = formatPath(path);
  await tell(shown, outcome, false, context, `${shown} is now ${formatPath([...path.slice(0, -1), alias])}`);
}
