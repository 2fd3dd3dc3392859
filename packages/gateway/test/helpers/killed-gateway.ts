import { createLedger, createLimits } from '@standin/store';
import { createGateway } from '../../src/index.ts';
import { createChainStandin } from './chain-standin.ts';

/** A gateway in a process of its own, which a test kills: ledger path, vendor's URL. */
const [path = '', vendor = ''] = process.argv.slice(2);
const priceOf = () => ({ inputNanoUsd: 1_000, outputNanoUsd: 1_000, source: 'test' });
const ledger = createLedger({ path, priceOf });
const limits = createLimits({ db: ledger.db, priceOf, budgets: { dayNanoUsd: 1_000_000_000_000 } });
const gateway = createGateway({
  standin: createChainStandin([{ url: vendor, wire: 'openai-chat' }]),
  accounting: { logs: [ledger], priceOf, limits },
});
const { url } = await gateway.listen({ port: 0 });
process.send?.(url);
