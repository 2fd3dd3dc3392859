import { bearer, renewByForm } from '../oauth/form-renewal.ts';
import { textField } from '../oauth/http.ts';
import type { LoginVendor } from '../oauth/login-vendor.ts';
import { isRecord } from '../store/profile-json.ts';

/** The published client of the portal login (read 2026-11). */
const CLIENT_ID = '78257093-7e40-4613-99e0-527b14b39113';

/** By region of the account. */
export const MINIMAX_ISSUERS: Readonly<Record<string, string>> = {
  intl: 'https://api.minimax.io',
  cn: 'https://api.minimaxi.com',
};

/** MiniMax's portal login: only renewed here; the first token comes from MiniMax's own tools. */
export const minimaxVendor: LoginVendor = {
  slot: 'minimax',
  name: 'MiniMax',
  issuer: 'https://api.minimax.io',
  renewEarlyMs: 60_000,
  async renew(login, context) {
    const clientId = login.metadata['client_id'] ?? CLIENT_ID;
    const url = `${context.issuer}/oauth/token`;
    const { tokens } = await renewByForm(login, { what: 'MiniMax', url, clientId, refusedBy }, context);
    return tokens;
  },
  headers: bearer,
};

/** MiniMax refuses with status 200: `status` other than `success`, the reason in `base_resp.status_msg`. */
function refusedBy(body: Readonly<Record<string, unknown>>): string | undefined {
  const status = textField(body, 'status');
  if (textField(body, 'access_token') !== undefined && (status === undefined || status === 'success')) return undefined;
  const base = isRecord(body['base_resp']) ? body['base_resp'] : {};
  return textField(base, 'status_msg') ?? status;
}
