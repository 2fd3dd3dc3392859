import { Command, CommanderError, Option } from 'commander';
import { COMMANDS, type CommandRow } from './commands.ts';
import type { CommandContext } from './context.ts';
import { LOG_FORMATS, LOG_LEVELS } from './log.ts';

const EXAMPLES = `
Examples:
  $ standin agent -m "Say hello"
  $ git diff | standin agent -m "Write a commit message for this"
  $ standin serve
  $ standin plan
  $ standin providers show anthropic

Exit codes: 0 done, 1 the call failed on every route, 2 wrong usage or config, 130 interrupted.
Run "standin COMMAND --help" for the options of a command.`;

/** Sets what commander hands down to subcommands: no exit of its own, errors in our voice. */
function configure(program: Command, context: CommandContext): void {
  const { output } = context;
  program
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void output.out.write(text),
      writeErr: (text) => void output.err.write(text),
      outputError: (text, write) => write(oneLine(text)),
      getOutHasColors: () => output.style.bold('x') !== 'x',
      getErrHasColors: () => output.errorStyle.bold('x') !== 'x',
    })
    .configureHelp({
      showGlobalOptions: true,
      styleTitle: (text) => output.style.bold(text),
      styleCommandText: (text) => output.style.cyan(text),
      styleOptionTerm: (text) => output.style.cyan(text),
      styleSubcommandTerm: (text) => output.style.cyan(text),
    });
}

/** `error: unknown command 'agnt'\n(Did you mean agent?)\n` as one sentence in our voice. */
function oneLine(text: string): string {
  const joined = text.trimEnd().replaceAll(/\s*\n\s*/g, ' ');
  return `${joined.replace(/^error: /, 'standin: ')}\n`;
}

function withGlobals(program: Command): void {
  program
    .addOption(
      new Option('--config <path>', 'config file (default: $STANDIN_CONFIG, ./standin.toml, ~/.standin/config.toml)'),
    )
    .addOption(
      new Option('--log-level <level>', 'least important log lines to print on stderr')
        .choices(LOG_LEVELS)
        .default('info'),
    )
    .addOption(
      new Option('--log-format <format>', 'default: human on a terminal, elsewhere logfmt (serve: json)').choices(
        LOG_FORMATS,
      ),
    );
}

/** The first word that is no option and no value of a global option. */
export function commandWord(argv: readonly string[]): string | undefined {
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? '';
    if (word === '--config' || word === '--log-level' || word === '--log-format') i++;
    else if (word === '--') return argv[i + 1];
    else if (!word.startsWith('-')) return word;
  }
  return undefined;
}

export const rowOf = (word: string | undefined): CommandRow | undefined =>
  COMMANDS.find((row) => row.name === word || row.alias === word);

/** The whole command tree, with only the command in `argv` filled in. */
export async function buildProgram(argv: readonly string[], context: CommandContext): Promise<Command> {
  const program = new Command('standin')
    .description('One command for every model vendor: retries, key rotation and fallback built in.')
    .version(context.version, '-V, --version', 'print the version');
  configure(program, context);
  withGlobals(program);
  program.addHelpText('after', EXAMPLES);
  const word = commandWord(argv);
  // `standin help agent` needs that command's options too.
  const wanted = rowOf(word === 'help' ? commandWord(argv.slice(argv.indexOf('help') + 1)) : word);
  for (const row of COMMANDS) {
    const command = program
      .command(row.name)
      .summary(row.summary)
      .description(`${sentence(row.summary)}.`);
    if (row.alias !== undefined) command.alias(row.alias);
    if (row === wanted) (await row.load()).register(command, context);
  }
  return program;
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Runs `argv` through commander. Its own complaints were printed by it; they come back as an exit code. */
export async function parse(program: Command, argv: readonly string[]): Promise<number> {
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 2;
  }
}
