import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSimulator } from '@standin/simulator';
import { createKeyring, createLedger, createLimits, createMetrics, createPrometheus } from '@standin/store';
import { createGateway } from '../../src/index.ts';
import { createChainStandin } from '../helpers/chain-standin.ts';

/** A gateway with everything on, over a simulated vendor of each protocol. `complaints`: what it logged as its own errors. */
export async function fuzzedGateway() {
  const vendor = await startSimulator();
  const standin = createChainStandin([
    { url: vendor.url, wire: 'openai-chat' },
    { url: vendor.url, wire: 'anthropic-messages' },
  ]);
  const home = mkdtempSync(join(tmpdir(), 'standin-fuzz-'));
  const ledger = createLedger({ path: join(home, 'ledger.db') });
  const prometheus = createPrometheus(createMetrics());
  const complaints: string[] = [];
  const gateway = createGateway({
    standin,
    keys: createKeyring({ path: join(home, 'keys.json') }),
    accounting: { logs: [ledger], limits: createLimits({ db: ledger.db, priceOf: () => undefined }) },
    operations: { ledger, metrics: async () => prometheus.text() },
    admin: { home, version: '0' },
    cache: { ttlMs: 60_000 },
    bodyLimitBytes: 256 * 1024,
    log: (level, message, fields) => {
      if (level === 'error')
        complaints.push(
          `${message} ${String(fields?.['error'] instanceof Error ? fields['error'].stack : JSON.stringify(fields))}`,
        );
    },
  });
  const { port, url } = await gateway.listen({ port: 0 });
  return {
    gateway,
    port,
    url,
    complaints,
    close: async () => {
      gateway.server.closeAllConnections();
      await gateway.close({ graceMs: 0 });
      standin.close();
      ledger.close();
      await vendor.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
