import { join } from 'node:path';

import type { TokenCipher } from '../../auth/store/profile-json.ts';
import type { Environment } from '../expand.ts';
import { createSecretOpener } from './opener.ts';
import { seal } from './sealed.ts';
import { sealingKey } from './sealing-key.ts';

/**
 * Seals tokens with the key of `$STANDIN_HOME`, which is made at the first need. `folder` is another home whose tokens
 * are opened too (ZeroClaw's). Opening throws an `Error` that says what to do.
 */
export function createTokenCipher(env: Environment, folder?: string): TokenCipher {
  let key: Buffer | undefined;
  return {
    seal: (plain) => seal(plain, (key ??= sealingKey({ env }).key)),
    open(stored) {
      // A key file that was made or restored meanwhile counts.
      const opener = createSecretOpener({
        env,
        configFile: folder === undefined ? undefined : join(folder, 'config.toml'),
      });
      const opened = opener.open(stored);
      if ('value' in opened) return opened.value;
      throw new Error(`it ${opened.problem}; ${opened.next}`);
    },
  };
}
