import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { CommandContext } from '../cli/context.ts';
import { UsageError } from '../cli/exit.ts';
import { reasonOf } from '../cli/reason.ts';

interface InitOptions {
  readonly yes?: boolean;
  readonly force?: boolean;
  readonly call?: boolean;
}

const EXAMPLES = `
Examples:
  $ standin init                               # asks
  $ standin init --yes                         # takes what it finds, asks nothing
  $ standin init --yes --config ./standin.toml

It looks for vendor keys in the environment, for model servers on this machine (Ollama, LM Studio, llama.cpp, vLLM, SGLang)
and for a config of ZeroClaw or ZeptoClaw. It writes a commented config in which the first vendor falls back to the
others, and makes a first call. A file that is there is kept: it asks, or with --force makes a backup first.`;

export function register(command: Command, context: CommandContext): void {
  command
    .option('-y, --yes', 'ask nothing; take what is found')
    .option('-f, --force', 'replace a config that is there, with a backup beside it')
    .option('--no-call', 'do not make the first call')
    .addHelpText('after', EXAMPLES)
    .action(async (options: InitOptions) => init(options, context));
}

async function init(options: InitOptions, context: CommandContext): Promise<void> {
  const [{ discover }, { composeConfig }, { createPrompt, isInteractive }, { editedFile }, { askChain }] =
    await Promise.all([
      import('../init/discover.ts'),
      import('../init/compose.ts'),
      import('../cli/prompt.ts'),
      import('./config-edit.ts'),
      import('../init/ask.ts'),
    ]);
  const { output, env } = context;
  const asks = options.yes !== true;
  if (asks && !isInteractive(context))
    throw new UsageError('There is no terminal to ask on; "standin init --yes" takes what it finds.');
  const prompt = createPrompt(context);
  const file = await editedFile(context);
  if (existsSync(file) && options.force !== true) {
    if (!asks) throw new UsageError(`${file} is there already; --force replaces it and keeps a backup.`);
    if (!(await prompt.confirm(`${file} is there already. Replace it? A backup is kept.`, false))) {
      output.note('Nothing was changed.');
      return;
    }
  }
  output.note('Looking for keys, local servers and earlier configs …');
  const found = await discover(env);
  for (const line of found.lines) output.note(`  ${line}`);
  const earlier = found.earlier.find(({ path }) => path !== file);
  if (
    earlier !== undefined &&
    (!asks ? found.chain.length === 0 : await prompt.confirm(`Use ${earlier.path} (${earlier.program})?`, true))
  ) {
    return useEarlier(earlier.path, context);
  }
  const chain = asks ? await askChain(found, prompt, context) : found.chain;
  if (chain.length === 0) {
    throw new UsageError(
      'No vendor key, local server or earlier config was found. Set a key such as ANTHROPIC_API_KEY, or run "standin init" in a terminal.',
    );
  }
  await write(file, composeConfig(chain), context);
  if (options.call !== false) await firstCall(file, context);
}

/** An earlier program's file is read where it is: nothing is copied that could grow apart. */
async function useEarlier(path: string, context: CommandContext): Promise<void> {
  const { output } = context;
  output.note(`Standin reads ${path} as it is. Name it in the environment:`);
  output.print(`export STANDIN_CONFIG='${path}'`);
  output.note(`Or make it a config of its own: standin config migrate --config ${path}`);
  await firstCall(path, context);
}

async function write(file: string, text: string, context: CommandContext): Promise<void> {
  const [{ writeWhole }, { withFileLock }, { backUp }] = await Promise.all([
    import('@standin/core/config/edit/write-whole'),
    import('@standin/core/config/edit/file-lock'),
    import('../init/backup.ts'),
  ]);
  try {
    const backup = await withFileLock(file, () => {
      const kept = backUp(file);
      writeWhole(file, text);
      return kept;
    });
    if (backup !== undefined) context.output.note(`The old config is kept in ${backup}.`);
    context.output.note(`Written: ${file}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new UsageError(`${file} cannot be written: ${reasonOf(error)}.`, { cause: error });
  }
}

/** Ends with a working call, or with what is in its way. */
async function firstCall(file: string, context: CommandContext): Promise<void> {
  const { output } = context;
  const [{ readConfig, startStandin }, { collect }] = await Promise.all([
    import('../cli/open.ts'),
    import('@standin/core/stream/collect'),
  ]);
  const globals = { ...context.globals(), config: file };
  const open = await startStandin(await readConfig({ ...context, globals: () => globals }), context);
  const [target] = open.standin.plan().targets;
  output.note(`A first call to ${target?.model ?? 'nothing'} at ${target?.entry ?? 'no entry'} …`);
  try {
    const request = { messages: [{ role: 'user' as const, content: 'Say hello in five words.' }], maxTokens: 64 };
    const answer = await collect(open.standin.chat(request, { signal: context.interrupt.signal }));
    const text = answer.content
      .flatMap((part) => (part.type === 'text' ? [part.text] : []))
      .join('')
      .trim();
    output.print(text === '' ? '(an empty answer)' : text);
    output.note('\nIt works. Next: standin agent -m "…", standin serve, standin plan');
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    output.note(context.logger().redact(`The config is written, but the call failed: ${message}`));
    output.note('"standin doctor --live" says what is in the way.');
  } finally {
    open.standin.close();
  }
}
