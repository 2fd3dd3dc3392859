import type { Command } from 'commander';
import { Argument } from 'commander';
import { COMMANDS } from '../cli/commands.ts';
import type { CommandContext } from '../cli/context.ts';

const EXAMPLES = `
Examples:
  $ eval "$(standin completion bash)"                                   # this shell; put it into ~/.bashrc
  $ standin completion zsh > "\${fpath[1]}/_standin"
  $ standin completion fish > ~/.config/fish/completions/standin.fish

It completes commands, options, config paths, entries, agents, models and vendors.`;

export function register(command: Command, context: CommandContext): void {
  command
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', EXAMPLES)
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const { SCRIPTS } = await import('../completion/scripts.ts');
      context.output.print(SCRIPTS[shell]);
    });
  command
    .command('words', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (words: string[]) => {
      const { candidates } = await import('../completion/candidates.ts');
      for (const word of await candidates(words, COMMANDS, context)) context.output.print(word);
    });
}
