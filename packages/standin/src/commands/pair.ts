import type { Command } from 'commander';
import type { CommandContext } from '../cli/context.ts';
import { UsageError } from '../cli/exit.ts';
import { reasonOf } from '../cli/reason.ts';
import { newPairingCode } from '../serve/dashboard.ts';

const EXAMPLES = `
The code pairs one browser with the dashboard of a gateway that runs with the same home ($STANDIN_HOME), within 10
minutes. A new code makes an earlier one void; browsers that are paired stay so.

Examples:
  $ standin pair
  $ standin pair --json | jq -r .code`;

export function register(command: Command, context: CommandContext): void {
  command
    .option('--json', 'print {"code", "expires_at"}')
    .addHelpText('after', EXAMPLES)
    .action(async (options: { readonly json?: boolean }) => {
      const { output } = context;
      const { code, expiresAt } = await newPairingCode(context).catch((error: unknown) => {
        throw new UsageError(`No code could be made: ${reasonOf(error)}`, { cause: error });
      });
      const until = new Date(expiresAt).toISOString();
      if (options.json === true) return output.print(JSON.stringify({ code, expires_at: until }));
      output.print(code);
      output.note(
        'Type it on the pairing page of the dashboard (the address that "standin serve" listens on). Good for 10 minutes, once.',
      );
    });
}
