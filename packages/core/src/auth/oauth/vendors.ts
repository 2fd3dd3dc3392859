import { ProviderError } from '../../spec/errors.ts';
import { codexVendor } from '../codex/codex.ts';
import { copilotVendor } from '../copilot/copilot.ts';
import { geminiVendor } from '../gemini/gemini.ts';
import { MINIMAX_ISSUERS, minimaxVendor } from '../minimax/minimax.ts';
import { qwenVendor } from '../qwen/qwen.ts';
import { xaiVendor } from '../xai/xai.ts';
import type { LoginVendor, Variables } from './login-vendor.ts';

/** Slots with a sign-in. */
export const LOGIN_VENDORS: readonly LoginVendor[] = [
  codexVendor,
  copilotVendor,
  geminiVendor,
  qwenVendor,
  minimaxVendor,
  xaiVendor,
];

export function loginVendor(slot: string): LoginVendor | undefined {
  return LOGIN_VENDORS.find((vendor) => vendor.slot === slot);
}

/** `STANDIN_AUTH_URL_OPENAI_CODEX`: another identity server, for an enterprise host or a stand-in. */
export function issuerVariable(slot: string): string {
  return `STANDIN_AUTH_URL_${slot.replaceAll('-', '_').toUpperCase()}`;
}

/**
 * Base of the identity server: the variable, else the region's, else the vendor's. Throws `ProviderError` `config` for an
 * address that would send tokens in the clear.
 */
export function issuerOf(vendor: LoginVendor, env: Variables, region?: string): string {
  const name = issuerVariable(vendor.slot);
  const set = env[name]?.trim().replace(/\/+$/, '') ?? '';
  if (set === '')
    return (vendor.slot === 'minimax' && region !== undefined && MINIMAX_ISSUERS[region]) || vendor.issuer;
  return checkedIssuer(set, name);
}

export function checkedIssuer(address: string, from: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isLocal = url !== undefined && /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal)) return address.replace(/\/+$/, '');
  const message = `${from}: an identity server is an https address, or http on this machine`;
  throw new ProviderError({ kind: 'config', message });
}
