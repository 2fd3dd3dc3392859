import type { ErrorPhase } from '../spec/errors.ts';
import { TransportError } from './transport.ts';

/** Codes of our own; every other `TransportError.code` is Node's. */
export const TRANSPORT_CODES = {
  /** The answer breaks HTTP/1.1 or its content encoding. */
  protocol: 'HTTP_PROTOCOL',
  /** The body ended before HTTP says it should. */
  cut: 'BODY_CUT',
  connectTimeout: 'CONNECT_TIMEOUT',
  /** A header of ours cannot be sent; names the header, never the value. */
  badHeader: 'BAD_HEADER',
  badUrl: 'BAD_URL',
  /** `tlsCaCertPath` cannot be read or holds no certificate. */
  caFile: 'TLS_CA_FILE',
  /** The HTTP proxy refused the tunnel or is unusable. */
  proxy: 'PROXY_REFUSED',
} as const;

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed while sending',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name cannot be resolved right now',
  ETIMEDOUT: 'connection timed out',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  EMFILE: 'too many open files',
  CERT_HAS_EXPIRED: 'the server certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the server certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate chain is self-signed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the server certificate cannot be verified',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the issuer of the server certificate is not known',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the server certificate is for another host name',
};

/** True for codes that mean a failed TLS handshake or certificate check: never retried, never downgraded. */
export function isTlsCode(code: string): boolean {
  return (
    /^ERR_(TLS|SSL|OSSL)_/.test(code) ||
    /CERT|CRL|SIGNATURE|ISSUER|SELF_SIGNED|HOSTNAME_MISMATCH|PATH_LENGTH|INVALID_(CA|PURPOSE)/.test(code) ||
    code === 'EPROTO'
  );
}

/** From what Node raises to a `TransportError`. `origin` is scheme and host: no path, since a query may hold a key. */
export function fromSocketError(error: unknown, phase: ErrorPhase, origin: string): TransportError {
  if (error instanceof TransportError) return error;
  const code = codeOf(error) ?? 'ECONNRESET';
  const words = WORDS[code] ?? (isTlsCode(code) ? `TLS failed: ${reasonOf(error)}` : reasonOf(error));
  return new TransportError(`${origin}: ${words} (${code})`, code, phase, error);
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  // Happy eyeballs: one error for each address tried; the addresses usually fail alike.
  if (error instanceof AggregateError) {
    for (const one of error.errors) {
      const code = codeOf(one);
      if (code !== undefined) return code;
    }
  }
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : undefined;
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(/\s+/g, ' ').slice(0, 200);
}
