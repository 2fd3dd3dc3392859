import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** How a stored secret is kept back. `enc2` is the form Standin writes. */
export type SealedKind = 'enc2' | 'enc' | 'zeptoclaw' | 'one-password';

export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER = 'chacha20-poly1305';

/** What kind of sealed form this text is; `undefined` for a plain value. */
export function sealedKind(text: string): SealedKind | undefined {
  if (text.startsWith('enc2:')) return 'enc2';
  if (text.startsWith('enc:')) return 'enc';
  if (text.startsWith('ENC[')) return 'zeptoclaw';
  return text.startsWith('op://') ? 'one-password' : undefined;
}

export const SEALED_NAMES: Readonly<Record<SealedKind, string>> = {
  enc2: 'is encrypted ("enc2:")',
  enc: 'is encrypted (ZeroClaw "enc:")',
  zeptoclaw: 'is encrypted (ZeptoClaw "ENC[...]")',
  'one-password': 'is a 1Password reference',
};

/** `enc2:` and hex of 12-byte nonce ‖ ciphertext ‖ 16-byte tag, ChaCha20-Poly1305 (ZeroClaw's form, read 2026-09). */
export function seal(plain: string, key: Buffer): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return `enc2:${Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('hex')}`;
}

/** The plain text, or `undefined` when the text is damaged or the key is another one. */
export function openEnc2(text: string, key: Buffer): string | undefined {
  const bytes = hexBytes(text.slice('enc2:'.length));
  if (bytes === undefined || bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
  try {
    const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    const body = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
    return utf8(Buffer.concat([body, decipher.final()]));
  } catch {
    return undefined;
  }
}

/**
 * ZeroClaw's first form: hex of the bytes XORed with the repeated key. It carries no check, so what does not look like
 * a key afterwards counts as not opened.
 */
export function openXor(text: string, key: Buffer): string | undefined {
  const bytes = hexBytes(text.slice('enc:'.length));
  if (bytes === undefined || bytes.length === 0) return undefined;
  const plain = utf8(bytes.map((byte, index) => byte ^ (key[index % key.length] ?? 0)));
  return plain !== undefined && /^[\u0020-\u007E]+$/.test(plain) ? plain : undefined;
}

export function hexBytes(text: string): Buffer | undefined {
  const trimmed = text.trim();
  return trimmed.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(trimmed) ? Buffer.from(trimmed, 'hex') : undefined;
}

export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
