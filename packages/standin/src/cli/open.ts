import type { FoundEntry } from '@standin/core/config/environment';
import type { FlagOverride } from '@standin/core/config/flags';
import type { Config } from '@standin/core/config/model';
import type { SecretOpener } from '@standin/core/config/secrets/opener';
import type { Standin } from '@standin/core/library/standin-types';
import type { CommandContext } from './context.ts';
import { UsageError } from './exit.ts';

export interface OpenStandin {
  readonly standin: Standin;
  readonly config: Config;
  /** Findings about the config, one sentence each. */
  readonly warnings: readonly string[];
}

/** Values that come from elsewhere than file and environment. */
export interface ConfigExtras {
  readonly flags?: readonly FlagOverride[];
  /** Entries to use when nothing is configured. */
  readonly found?: readonly FoundEntry[];
  readonly secrets?: SecretOpener;
}

/**
 * The config as it stands, errors included; look at `report`. From here on its secrets cannot be printed.
 * Throws `ConfigError` when the file is missing or is no config at all.
 */
export async function readConfig(context: CommandContext, extras: ConfigExtras = {}): Promise<Config> {
  const [{ loadConfig }, { createRedactor }, { secretsOf }] = await Promise.all([
    import('@standin/core/config/load'),
    import('@standin/core/transport/redact'),
    import('../settings/secrets.ts'),
  ]);
  const { config: configPath } = context.globals();
  const config = loadConfig({
    ...(configPath === undefined ? {} : { configPath }),
    env: context.env,
    ...extras,
  });
  context.logger().redactWith(createRedactor(secretsOf(config)));
  return config;
}

const NO_VENDOR = `No model vendor is configured. Set a key such as ANTHROPIC_API_KEY or OPENAI_API_KEY, write a standin.toml (see "standin providers show anthropic"), or try "standin serve", which works without any.`;

/**
 * A Standin of a loaded config, with its findings told. Throws `ConfigError` when the config has errors and
 * `UsageError` when there is no entry at all. `kept` goes on from an earlier config: what is known of keys and targets.
 */
export async function startStandin(
  config: Config,
  context: CommandContext,
  kept: { readonly health?: Standin['health']; readonly records?: Standin['records'] } = {},
): Promise<OpenStandin> {
  const [{ assertUsable }, { formatIssue }, { createStandin }] = await Promise.all([
    import('@standin/core/config/load'),
    import('@standin/core/config/issue'),
    import('@standin/core/library/create-standin'),
  ]);
  assertUsable(config);
  if (config.entries.size === 0) throw new UsageError(NO_VENDOR);
  const standin = await createStandin({ config, env: context.env, log: context.logger().log, ...kept });
  return { standin, config, warnings: config.report.warnings.map(formatIssue) };
}

/** Reads the config and starts it; its warnings go to stderr unless the command shows them itself. */
export async function openStandin(
  context: CommandContext,
  options: { readonly quietWarnings?: boolean } = {},
): Promise<OpenStandin> {
  const open = await startStandin(await readConfig(context), context);
  if (options.quietWarnings !== true) tellWarnings(open, context);
  return open;
}

export function tellWarnings(open: OpenStandin, context: CommandContext): void {
  const { output } = context;
  if (['error', 'silent'].includes(context.globals().logLevel)) return;
  for (const warning of open.warnings)
    output.note(context.logger().redact(`${output.errorStyle.yellow('config:')} ${warning}`));
}
