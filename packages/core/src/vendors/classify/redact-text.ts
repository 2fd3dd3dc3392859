const MAX_VENDOR_TEXT = 2000;

/** Key shapes of the vendors in the table, also masked in the middle as some vendors echo them. */
const KEY_SHAPES =
  /\b(?:sk|pk|rk|gsk|xai|pplx|nvapi|csk|fw|hf|syn|up|esecret|sk_live|ghp|gho|ghu|ghs|github_pat|xoxb|xoxp)[-_][\w*.…•-]{6,}|\bAIza[\w*-]{10,}|\bAKIA[A-Z0-9]{12,}|\bya29\.[\w.-]{10,}|\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?|\bKEY[0-9A-F]{16,}_\w+/gi;

const BEARER = /\b(bearer|basic)\s+[\w.~+/=*-]{6,}/gi;

/** A value after a word that announces a key. */
const ANNOUNCED =
  /\b((?:api[ _-]?key|access[ _-]?token|secret|authorization|x-api-key)(?: provided)?["']?\s*[:=]\s*["']?)(?!\[)(?=\S*\d|\S{16,})([^\s"',;&.)]{6,})/gi;

/**
 * Text of a vendor as it may be shown: known keys and anything key-shaped replaced, cut at 2,000 characters.
 * @param secrets exact values that must not appear, whatever they look like
 */
export function redactVendorText(text: string, secrets: readonly string[] = []): string {
  let clean = text.slice(0, MAX_VENDOR_TEXT * 4);
  for (const secret of secrets) {
    if (secret.length >= 4) clean = clean.replaceAll(secret, '[redacted]');
  }
  clean = clean.replace(BEARER, '$1 [redacted]').replace(KEY_SHAPES, '[redacted]').replace(ANNOUNCED, '$1[redacted]');
  return clean.length > MAX_VENDOR_TEXT ? `${clean.slice(0, MAX_VENDOR_TEXT)}…` : clean;
}
