import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { vendorsInEnvironment } from '@standin/core/config/environment';
import { allVendors } from '@standin/core/vendors/lookup';
import { WIRE_CLIENTS } from '@standin/core/library/wires';
import type { WireId } from '@standin/core/spec/wire-id';
import { findLocalServers, localCandidates } from '../serve/local-servers.ts';

/** One entry of the config to be written. */
export interface ChainLink {
  readonly slot: string;
  readonly alias: string;
  readonly name: string;
  readonly model?: string;
  readonly uri?: string;
  /** Protocol to be asked for, when it is not the slot's first. */
  readonly wireApi?: string;
  /** Variable the key is read from. */
  readonly variable?: string;
  /** A key that was typed, as it is to be stored. */
  readonly storedKey?: string;
}

export interface Discovery {
  readonly chain: readonly ChainLink[];
  readonly earlier: readonly { readonly path: string; readonly program: string }[];
  /** What was found, one sentence each. */
  readonly lines: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Vendors with a key first, then what answers on this machine. */
export async function discover(env: Environment): Promise<Discovery> {
  const wires = new Set(Object.keys(WIRE_CLIENTS) as WireId[]);
  const vendors = vendorsInEnvironment(env, {}, wires).map(({ row, variable }): ChainLink => {
    const model = row.defaultModel;
    return { slot: row.id, alias: 'main', name: row.name, variable, ...(model === undefined ? {} : { model }) };
  });
  const servers = await findLocalServers(localCandidates(allVendors()));
  const local = servers.map(({ slot, name, uri, models, wireApi }): ChainLink => {
    const [model] = models;
    const wire = wireApi === undefined ? {} : { wireApi };
    return { slot, alias: 'local', name, uri, ...wire, ...(model === undefined ? {} : { model }) };
  });
  const chain = [...vendors, ...local];
  const earlier = earlierConfigs(env);
  const lines = [
    ...chain.map(({ name, variable, uri }) =>
      variable === undefined ? `${name} answers at ${uri ?? ''}` : `${name}: ${variable} is set`,
    ),
    ...earlier.map(({ path, program }) => `${program}: ${path}`),
  ];
  return { chain, earlier, lines: lines.length === 0 ? ['nothing yet'] : lines };
}

function earlierConfigs(env: Environment): { path: string; program: string }[] {
  const home = env['HOME'] || homedir();
  return [
    { path: join(home, '.zeroclaw', 'config.toml'), program: 'ZeroClaw' },
    { path: join(home, '.zeptoclaw', 'config.json'), program: 'ZeptoClaw' },
  ].filter(({ path }) => existsSync(path));
}
