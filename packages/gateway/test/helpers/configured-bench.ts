import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertUsable, loadConfig, type LoadOptions } from '@standin/core/config/load';
import type { Config } from '@standin/core/config/model';
import { createStandin } from '@standin/core/library/create-standin';
import { createKeyring, createLedger, pricesOf } from '@standin/store';
import { startSimulator, type Simulator } from '@standin/simulator';
import { onTestFinished } from 'vitest';
import { startAdmin, temporaryFolder, type AdminBench } from './admin-bench.ts';

export interface ConfiguredBench extends AdminBench {
  readonly file: string;
  readonly vendor: Simulator;
  readonly text: () => string;
  readonly config: () => Config;
}

/** A gateway over a config file in its home and a stand-in vendor: `VENDOR` in the text stands for its address. */
export async function startConfigured(
  text: string,
  options: { readonly env?: Record<string, string>; readonly content?: boolean } = {},
): Promise<ConfiguredBench> {
  const home = temporaryFolder();
  const vendor = await startSimulator({ script: { defaults: { text: 'served' } } });
  const file = join(home, 'config.toml');
  writeFileSync(file, text.replaceAll('VENDOR', vendor.url));
  const env = { STANDIN_HOME: home, STANDIN_KEYRING: 'off', ...options.env };
  const load: LoadOptions = { env };
  const read = (): Config => assertUsable(loadConfig({ ...load, configPath: file }));
  let config = read();
  let standin = await createStandin({ config, env });
  const priceOf = pricesOf(config.entries.values());
  const ledger = createLedger({ path: join(home, 'ledger.db'), priceOf });
  let refused: string | undefined;
  const reload = async (): Promise<string | undefined> => {
    try {
      const next = read();
      const made = await createStandin({ config: next, env, health: standin.health, records: standin.records });
      standin.close();
      [config, standin, refused] = [next, made, undefined];
    } catch (error) {
      refused = error instanceof Error ? error.message : String(error);
    }
    return refused;
  };
  const bench = await startAdmin({
    getStandin: () => standin,
    keys: createKeyring({ path: join(home, 'keys.json') }),
    configState: () => ({ file, loaded_at: '2026-11-26T10:00:00.000Z', ...(refused === undefined ? {} : { refused }) }),
    accounting: { logs: [ledger], priceOf, ...(options.content === true ? { contentBytes: 40 } : {}) },
    operations: { ledger },
    admin: { home, config: { current: () => config, load: () => load, reload } },
  });
  onTestFinished(async () => {
    standin.close();
    ledger.close();
    await vendor.close();
  });
  return { ...bench, file, vendor, text: () => readFileSync(file, 'utf8'), config: () => config };
}
