import type { Secret } from '../../spec/secret.ts';

const MAX_VENDOR_TEXT = 2000;

/** Key shapes of the vendors in the table, also masked in the middle as some vendors echo them. */
const KEY_SHAPES =
  /\b(?:sk|pk|rk|gsk|xai|pplx|nvapi|csk|fw|hf|syn|up|esecret|sk_live|ghp|gho|ghu|ghs|github_pat|xoxb|xoxp)[-_][\w*.…•-]{6,}|\bAIza[\w*-]{10,}|\bAKIA[A-Z0-9]{12,}|\bya29\.[\w.-]{10,}|\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?|\bKEY[0-9A-F]{16,}_\w+/gi;

const BEARER = /\b(bearer|basic)\s+[\w.~+/=*-]{6,}/gi;

/** A value after a word that announces a key. */
const ANNOUNCED =
  /\b((?:api[ _-]?key|access[ _-]?token|secret|authorization|x-api-key)(?: provided)?["']?\s*[:=]\s*["']?)(?!\[)(?=\S*\d|\S{16,})([^\s"',;&.)]{6,})/gi;

/**
 * Removes known keys and anything key-shaped from a vendor's text and cuts it at 2,000 characters. The plain stand-in for
 * the transport floor's redactor, so that nothing built without one can leak. The secrets are read at each call.
 */
export function createTextRedactor(secrets: Iterable<Secret>): (text: string) => string {
  return (text) => {
    let clean = text.slice(0, MAX_VENDOR_TEXT * 4);
    for (const secret of secrets) {
      const value = secret.reveal().trim();
      if (value.length >= 4) clean = clean.replaceAll(value, '[redacted]');
    }
    clean = clean.replace(BEARER, '$1 [redacted]').replace(KEY_SHAPES, '[redacted]').replace(ANNOUNCED, '$1[redacted]');
    return clean.length > MAX_VENDOR_TEXT ? `${clean.slice(0, MAX_VENDOR_TEXT)}…` : clean;
  };
}
