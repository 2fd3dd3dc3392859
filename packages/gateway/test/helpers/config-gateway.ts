import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfigText } from '@standin/core/config/load';
import { createStandin } from '@standin/core/library/create-standin';
import {
  createKey,
  createKeyring,
  createLedger,
  createLimits,
  listRequests,
  pricesOf,
  type BudgetRules,
  type KeyRights,
} from '@standin/store';
import { onTestFinished } from 'vitest';
import type { GatewayOptions } from '../../src/index.ts';
import { startGateway } from './running-gateway.ts';

/** A gateway over a config as users write it, with a ledger; times between attempts are short. */
export async function configGateway(
  toml: string,
  more: Partial<GatewayOptions> & {
    readonly keys?: never;
    readonly callers?: Readonly<Record<string, KeyRights>>;
    /** Absent: nothing is limited, rates of keys neither. */
    readonly budgets?: BudgetRules;
  } = {},
) {
  const { callers, budgets, ...options } = more;
  const text = `${toml}\n[reliability]\nprovider_backoff_ms = 1\n`;
  const config = loadConfigText(text, 'standin.toml', { env: {} });
  const standin = await createStandin({ config, env: {} });
  const dir = mkdtempSync(join(tmpdir(), 'standin-gateway-'));
  const priceOf = pricesOf(config.entries.values());
  const ledger = createLedger({ path: join(dir, 'ledger.db'), priceOf });
  const path = join(dir, 'keys.json');
  const keys = Object.fromEntries(
    Object.entries(callers ?? {}).map(([name, rights]) => [name, createKey(path, { name, now: 1, ...rights }).key]),
  );
  const { url, gateway } = await startGateway({
    standin,
    accounting: {
      logs: [ledger],
      priceOf,
      ...(budgets === undefined ? {} : { limits: createLimits({ db: ledger.db, priceOf, budgets }) }),
    },
    agents: { config: () => config, version: '0' },
    ...(callers === undefined ? {} : { keys: createKeyring({ path, required: true }) }),
    ...options,
  });
  onTestFinished(() => {
    standin.close();
    ledger.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const rows = () => {
    ledger.flush();
    return listRequests(ledger.db, {});
  };
  return { url, gateway, standin, ledger, rows, keys };
}
