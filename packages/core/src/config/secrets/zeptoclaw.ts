import { argon2Sync } from 'node:crypto';
import { createRequire } from 'node:module';

import type * as ciphers from '@noble/ciphers/chacha.js';
import type * as hashes from '@noble/hashes/argon2.js';

import { hexBytes, KEY_BYTES, utf8 } from './sealed.ts';

// ZeptoClaw src/security/encryption.rs, read 2026-11.
const MEMORY_KIB = 65_536;
const PASSES = 3;
const LANES = 1;
const SALT_BYTES = 16;
const NONCE_BYTES = 24;

/** Loading a config is synchronous, and most have no such secret: the ciphers are loaded when one is met. */
const load = createRequire(import.meta.url);

/**
 * Opens `ENC[1:salt:nonce:ciphertext]` (XChaCha20-Poly1305). 64 hex digits are the key itself, anything else is a
 * passphrase for Argon2id. `undefined`: damaged, or another key.
 */
export function openZeptoclaw(text: string, master: string): string | undefined {
  const parts = /^ENC\[1:([^:\]]+):([^:\]]+):([^:\]]+)\]$/.exec(text.trim());
  if (parts === null) return undefined;
  const [salt, nonce, body] = parts.slice(1).map((part) => Buffer.from(part, 'base64'));
  if (salt?.length !== SALT_BYTES || nonce?.length !== NONCE_BYTES || body === undefined) return undefined;
  const raw = hexBytes(master);
  const key = raw?.length === KEY_BYTES ? raw : derive(master, salt);
  const { xchacha20poly1305 } = load('@noble/ciphers/chacha.js') as typeof ciphers;
  try {
    return utf8(xchacha20poly1305(key, nonce).decrypt(body));
  } catch {
    return undefined;
  }
}

/** Node's own is many times faster; it came with Node 24.7. */
function derive(passphrase: string, salt: Buffer): Uint8Array {
  if (typeof argon2Sync === 'function') {
    try {
      return argon2Sync('argon2id', {
        message: passphrase,
        nonce: salt,
        parallelism: LANES,
        tagLength: KEY_BYTES,
        memory: MEMORY_KIB,
        passes: PASSES,
      });
    } catch {
      // Built against an OpenSSL without Argon2: the JavaScript one follows.
    }
  }
  const { argon2id } = load('@noble/hashes/argon2.js') as typeof hashes;
  return argon2id(Buffer.from(passphrase, 'utf8'), salt, { t: PASSES, m: MEMORY_KIB, p: LANES, dkLen: KEY_BYTES });
}
