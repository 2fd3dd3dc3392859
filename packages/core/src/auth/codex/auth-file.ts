import { join } from 'node:path';
import { homedir } from 'node:os';

import { Secret } from '../../spec/secret.ts';
import { textField } from '../oauth/http.ts';
import { emailOf, expiryOf } from '../oauth/jwt.ts';
import { homeOf, type LoginDraft, type LoginFile } from '../oauth/login-vendor.ts';
import { isRecord, type JsonRecord } from '../store/profile-json.ts';
import { accountIdOf, planOf } from './tokens.ts';

/**
 * `$CODEX_HOME/auth.json`, else `~/.codex/auth.json` (github.com/openai/codex, codex-rs/login, read 2026-11). The tokens
 * may also lie in the system's keyring; then the file holds none.
 */
export const codexFile: LoginFile = {
  program: 'Codex CLI',
  paths: (env) => [join(env['CODEX_HOME'] || join(homeOf(env, homedir()), '.codex'), 'auth.json')],
  parse(text) {
    const root = objectOf(text);
    const tokens = isRecord(root['tokens']) ? root['tokens'] : {};
    const secret = (name: string): Secret | undefined => {
      const value = textField(tokens, name);
      return value === undefined ? undefined : new Secret(value);
    };
    const access = secret('access_token');
    const refresh = secret('refresh_token');
    if (access === undefined && refresh === undefined) return undefined;
    const idToken = secret('id_token');
    const email = emailOf(idToken);
    const plan = planOf(idToken, access);
    const last = textField(root, 'last_refresh');
    return {
      kind: 'oauth',
      access,
      refresh,
      idToken,
      expiresAt: expiryOf(access),
      accountId: textField(tokens, 'account_id') ?? accountIdOf(idToken, access),
      metadata: {
        ...(email === undefined ? {} : { email }),
        ...(plan === undefined ? {} : { plan }),
        ...(last === undefined ? {} : { last_refresh: last }),
      },
    } satisfies LoginDraft;
  },
  merge(text, login, wallMs) {
    const root = text.trim() === '' ? { OPENAI_API_KEY: null } : objectOf(text);
    const before = isRecord(root['tokens']) ? root['tokens'] : {};
    const given = {
      id_token: login.idToken?.reveal(),
      access_token: login.access?.reveal(),
      refresh_token: login.refresh?.reveal(),
      account_id: login.accountId,
    };
    const tokens = {
      ...before,
      ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    };
    return `${JSON.stringify({ ...root, tokens, last_refresh: new Date(wallMs).toISOString() }, null, 2)}\n`;
  },
};

function objectOf(text: string): JsonRecord {
  const value: unknown = JSON.parse(text);
  if (!isRecord(value)) throw new Error('no object');
  return value;
}
