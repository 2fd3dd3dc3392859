import type { Command } from 'commander';
import type { CommandContext } from '../cli/context.ts';
import { UsageError } from '../cli/exit.ts';
import { reasonOf } from '../cli/reason.ts';
import { applyChange, editedFile, sealAll } from './config-edit.ts';

export function registerSecrets(parent: Command, context: CommandContext): void {
  const command = parent
    .command('secrets')
    .description('Encrypted secrets of the config: rotate their key, encrypt plain ones.');
  command
    .command('rotate')
    .description(
      'Make a new key and encrypt every secret with it; the old key stays beside it as .secret_key.previous.',
    )
    .action(async () => rotate(context));
  command
    .command('encrypt')
    .description('Encrypt every secret that stands in the file as plain text.')
    .action(async () => encrypt(context));
}

async function rotate(context: CommandContext): Promise<void> {
  const [{ rotateKey }, { withFileLock }] = await Promise.all([
    import('@standin/core/config/secrets/rotate'),
    import('@standin/core/config/edit/file-lock'),
  ]);
  const { output } = context;
  const configFile = await editedFile(context);
  try {
    const { files, keyFile, previous } = await withFileLock(configFile, () =>
      rotateKey({ env: context.env, configFile }),
    );
    for (const { path, count } of files)
      output.note(`${path}: ${count} ${count === 1 ? 'secret' : 'secrets'} encrypted anew.`);
    output.note(`The new key is in ${keyFile}.`);
    if (previous !== undefined)
      output.note(`The old one is kept for other files in ${previous}; remove it when none needs it.`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new UsageError(`The key cannot be rotated: ${reasonOf(error)}.`, { cause: error });
  }
}

async function encrypt(context: CommandContext): Promise<void> {
  const [{ plainSecrets }, { setting }, { readConfigFile }] = await Promise.all([
    import('@standin/core/config/secrets/plain-secrets'),
    import('@standin/core/config/edit/edit-config'),
    import('@standin/core/config/files'),
  ]);
  const file = await editedFile(context);
  const found = plainSecrets(readConfigFile(file));
  const sealed = await sealAll(
    found.map(({ value }) => value),
    context,
  );
  const outcome = await applyChange(
    (text) => found.reduce((result, { path }, index) => setting(path, sealed[index])(result), text),
    undefined,
    context,
  );
  context.output.note(`${found.length} ${found.length === 1 ? 'secret' : 'secrets'} encrypted in ${outcome.file}.`);
}
