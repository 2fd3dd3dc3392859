import type { FoundEntry } from '@standin/core/config/environment';
import type { Config } from '@standin/core/config/model';
import type { FlagOverride } from '@standin/core/config/flags';
import type { CommandContext } from '../cli/context.ts';
import { readConfig } from '../cli/open.ts';
import type { LocalServer } from './local-servers.ts';

/** What the gateway serves from, and how it came to it. */
export interface Upstream {
  readonly config: Config;
  readonly kind: 'config' | 'environment' | 'local' | 'simulated';
  readonly local?: readonly LocalServer[];
  readonly demo?: Demo;
  close(): Promise<void>;
}

/** Simulated vendors of this process. */
export interface Demo {
  /** What to ask for. */
  readonly model: string;
  /** A shell command that makes the first vendor fail for one call. */
  readonly failCommand: string;
}

const nothing = async (): Promise<void> => {};

/**
 * A config or vendor keys win; else model servers that answer on this machine; else simulated vendors, so that a
 * newcomer sees an answer, and a fallback, in the first minute.
 */
export async function chooseUpstream(
  config: Config,
  flags: readonly FlagOverride[],
  context: CommandContext,
): Promise<Upstream> {
  if (config.entries.size > 0 || config.report.errors.length > 0) {
    return { config, kind: config.file === undefined ? 'environment' : 'config', close: nothing };
  }
  const [{ findLocalServers, localCandidates }, { allVendors }] = await Promise.all([
    import('./local-servers.ts'),
    import('@standin/core/vendors/lookup'),
  ]);
  const local = await findLocalServers(localCandidates(allVendors()));
  if (local.length > 0) {
    return {
      config: await readConfig(context, { flags, found: localEntries(local) }),
      kind: 'local',
      local,
      close: nothing,
    };
  }
  const { startDemo } = await import('./demo.ts');
  const demo = await startDemo();
  return {
    config: await readConfig(context, { flags, found: demo.found }),
    kind: 'simulated',
    demo,
    close: async () => demo.close(),
  };
}

/** Each server with its first model; the others are its fallbacks. */
export function localEntries(servers: readonly LocalServer[]): FoundEntry[] {
  return servers.map(({ slot, uri, models, wireApi }) => ({
    slot,
    alias: 'local',
    fields: { uri, model: models[0], ...(wireApi === undefined ? {} : { wire_api: wireApi }) },
  }));
}
