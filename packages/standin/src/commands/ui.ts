import { type Command, InvalidArgumentError } from 'commander';
import type { CommandContext } from '../cli/context.ts';
import { UsageError } from '../cli/exit.ts';

const EXAMPLES = `
Four panes: Config (sections, fields, checked before they are written), Requests (live, each with its attempts), Health of
the chain, Spend with budgets. "?" lists the keys, "q" leaves. Without a running gateway the config can be edited all the same.

A gateway on this machine with the same home ($STANDIN_HOME) is used without further ado; for another one set
STANDIN_ADMIN_KEY to a key made there with "standin keys create --name NAME --admin".

Examples:
  $ standin ui
  $ standin ui --config ./standin.toml
  $ standin ui --url http://127.0.0.1:9000
  $ NO_COLOR=1 standin ui`;

function address(text: string): URL {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url === null || url.hostname === '' || !/^https?:$/.test(url.protocol))
    throw new InvalidArgumentError('It must be an address, such as http://127.0.0.1:8787.');
  if (url.username !== '' || url.password !== '')
    throw new InvalidArgumentError('It must not hold a password; STANDIN_ADMIN_KEY takes a key.');
  return new URL(url.origin);
}

export function register(command: Command, context: CommandContext): void {
  command
    .option('--url <address>', "the gateway's address (default: host and port of the config)", address)
    .addHelpText('after', EXAMPLES)
    .action(async (options: { readonly url?: URL }) => {
      refuseWhereNothingCanBeDrawn(context);
      const { runUi } = await import('../ui/run.ts');
      await runUi(options, context);
    });
}

/** Exit code 2, and what to use instead. */
function refuseWhereNothingCanBeDrawn({ input, output, env }: CommandContext): void {
  const instead = 'Use "standin config list", "standin usage" or "standin explain" there.';
  if (input.isTTY !== true || output.out.isTTY !== true)
    throw new UsageError(`standin ui needs a terminal for its input and output. ${instead}`);
  if (env['TERM'] === 'dumb' || (env['TERM'] ?? '') === '')
    throw new UsageError(
      `standin ui needs a terminal that can move its cursor, and TERM is ${env['TERM'] === 'dumb' ? '"dumb"' : 'not set'}. ${instead}`,
    );
}
