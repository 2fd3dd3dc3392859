import type { Config } from '@standin/core/config/model';
import type { CommandContext } from './context.ts';
import { type ConfigExtras, type OpenStandin, readConfig, startStandin } from './open.ts';

/** How the config in force came about; shown where a program's readiness is asked. */
export type ConfigState = {
  readonly file: string;
  readonly loaded_at: string;
  /** Present while the file on disk is not the one in force: why the newer one was refused. */
  readonly refused?: string;
};

export interface Following {
  state(): ConfigState | undefined;
  /** Reads the file again, changed or not. */
  reload(): void;
  /** The same, and waits: why it was refused, or nothing. */
  reloaded(): Promise<string | undefined>;
  close(): void;
}

const NOT_FOLLOWING: Following = {
  state: () => undefined,
  reload: () => {},
  reloaded: async () => 'there is no config file',
  close: () => {},
};

/**
 * Follows the config file of a running program. A change that loads takes effect at once; what is known about keys and
 * targets is kept, and calls under way end as they began. One that does not load is refused whole, loudly, and the last
 * good one goes on.
 */
export async function followConfig(
  first: OpenStandin,
  context: CommandContext,
  extras: ConfigExtras,
  onNext: (open: OpenStandin) => void,
): Promise<Following> {
  const { file } = first.config;
  if (file === undefined) return NOT_FOLLOWING;
  const [{ watchFiles }, { keyFilePaths }] = await Promise.all([
    import('@standin/core/config/watch'),
    import('@standin/core/config/secrets/opener'),
  ]);
  const { log } = context.logger();
  let current = first;
  let state: ConfigState = { file, loaded_at: new Date().toISOString() };
  const read = async (): Promise<void> => {
    try {
      const next = await openAgain(file, current, context, extras);
      const old = current;
      current = next;
      state = { file, loaded_at: new Date().toISOString() };
      onNext(next);
      old.standin.close();
      log('info', 'Config reloaded', { file, entries: next.config.entries.size, warnings: next.warnings.length });
      for (const warning of next.warnings) log('warn', 'Config finding', { finding: warning });
    } catch (error) {
      const refused = context.logger().redact(error instanceof Error ? error.message : String(error));
      state = { ...state, refused };
      log('error', 'Config change refused; the last good config keeps serving', { file, reason: refused });
    }
  };
  // One after the other, whoever asks: a file is never read into two configs at once.
  let reading: Promise<void> = Promise.resolve();
  const onChange = (): Promise<void> => {
    reading = reading.then(read);
    return reading;
  };
  const watch = watchFiles([file, ...keyFilePaths({ env: context.env, configFile: file })], { onChange });
  return {
    state: () => state,
    reload: () => watch.poke(),
    async reloaded() {
      await onChange();
      return state.refused;
    },
    close: () => watch.close(),
  };
}

async function openAgain(
  file: string,
  current: OpenStandin,
  context: CommandContext,
  extras: ConfigExtras,
): Promise<OpenStandin> {
  const [{ createSecretOpener }, { readConfigFile }, { createRedactor }, { secretsOf }] = await Promise.all([
    import('@standin/core/config/secrets/opener'),
    import('@standin/core/config/files'),
    import('@standin/core/transport/redact'),
    import('../settings/secrets.ts'),
  ]);
  const secrets = createSecretOpener({ env: context.env, configFile: file });
  // Asking 1Password takes seconds; answers that stream meanwhile must not stop.
  await secrets.prefetch(
    [...readConfigFile(file).matchAll(/op:\/\/[^"'\r\n]+/g)].map(([reference]) => reference.trim()),
  );
  const globals = { ...context.globals(), config: file };
  const config: Config = await readConfig({ ...context, globals: () => globals }, { ...extras, secrets });
  // Calls under way still carry the old keys.
  context.logger().redactWith(createRedactor([...secretsOf(current.config), ...secretsOf(config)]));
  return startStandin(config, context, { health: current.standin.health, records: current.standin.records });
}
