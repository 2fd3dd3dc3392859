/** One process that asks for a good token, for the test of two at once: `node renew-process.ts HOME ISSUER RENEW`. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { codexVendor } from '../../src/auth/codex/codex.ts';
import { storedPlace } from '../../src/auth/oauth/place.ts';
import { createLoginSession } from '../../src/auth/oauth/session.ts';
import { createTokenStore } from '../../src/auth/store/token-store.ts';
import { systemClock } from '../../src/spec/clock.ts';
import { silentLog } from '../../src/spec/log.ts';
import { createHttpTransport } from '../../src/transport/http-transport.ts';
import { createIdentityHttp } from '../../src/transport/whole-call.ts';

const [home = '', issuer = '', renew = ''] = process.argv.slice(2);
const transport = createHttpTransport();
const store = createTokenStore({ home, cipher: { seal: (text) => text, open: (text) => text }, clock: systemClock });
const session = createLoginSession({
  place: storedPlace(store, 'openai-codex', 'default'),
  vendor: codexVendor,
  issuer,
  http: createIdentityHttp(transport, { clock: systemClock }),
  clock: systemClock,
  log: silentLog,
});
if (renew === 'renew') {
  // Each has the same token before any of them is told that it was refused.
  await session.login();
  writeFileSync(join(home, `ready-${process.pid}`), '');
  while (readdirSync(home).filter((name) => name.startsWith('ready-')).length < 3) await setTimeout(10);
}
const login = await session.login({ renew: renew === 'renew' });
process.stdout.write(`${login.access?.reveal()}\n`);
transport.close();
