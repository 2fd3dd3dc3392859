import type { ErrorKind, ErrorPhase } from '../../spec/errors.ts';

export interface TransportVerdict {
  readonly kind: ErrorKind;
  /** Name of the rule, for the attempt record. */
  readonly rule: string;
}

const PROTOCOL =
  /^(HPE_|HTTP_PROTOCOL$|Z_|ERR_HTTP2_|UND_ERR_HEADERS_OVERFLOW$|UND_ERR_RESPONSE|ERR__ERROR_FORMAT_|ERR_BROTLI)/;

const TLS =
  /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|EPROTO$|HOSTNAME_MISMATCH$|PATH_LENGTH_EXCEEDED$|INVALID_(CA|PURPOSE)$)|CERT|CRL|SIGNATURE_FAILURE|SELF_SIGNED|ISSUER|LEAF_SIGNATURE/;

/** Our own transport's codes and Node's that stand for a wrong setting, never for a bad moment. */
const CONFIG: Readonly<Record<string, string>> = {
  BAD_HEADER: 'bad-header',
  BAD_URL: 'bad-url',
  TLS_CA_FILE: 'ca-file',
  ERR_INVALID_CHAR: 'bad-header',
  ERR_INVALID_HTTP_TOKEN: 'bad-header',
  ERR_INVALID_URL: 'bad-url',
  ERR_INVALID_PROTOCOL: 'bad-url',
  ERR_UNESCAPED_CHARACTERS: 'bad-url',
};

const TIMEOUTS: ReadonlySet<string> = new Set([
  'CONNECT_TIMEOUT',
  'ETIMEDOUT',
  'ESOCKETTIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

const NETWORK_RULES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  PROXY_REFUSED: 'proxy',
  BODY_CUT: 'cut-body',
};

/**
 * What a failure below HTTP means. `ENOTFOUND` is `network`: the name may be wrong, but the walk must go on either way.
 */
export function classifyTransportError(code: string, phase: ErrorPhase): TransportVerdict {
  const config = Object.hasOwn(CONFIG, code) ? CONFIG[code] : undefined;
  if (config !== undefined) return { kind: 'config', rule: config };
  if (code === 'ABORT_ERR') return { kind: 'cancelled', rule: 'aborted' };
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code.startsWith('EAI_')) return { kind: 'network', rule: 'dns' };
  if (TIMEOUTS.has(code)) return { kind: 'timeout', rule: `${phase}-timeout` };
  if (PROTOCOL.test(code)) return { kind: 'protocol', rule: 'broken-http' };
  if (TLS.test(code)) return { kind: 'tls', rule: 'tls' };
  if (code === 'BODY_CUT' && phase === 'content') return { kind: 'truncated', rule: 'cut-body' };
  return {
    kind: 'network',
    rule: (Object.hasOwn(NETWORK_RULES, code) ? NETWORK_RULES[code] : undefined) ?? 'connection',
  };
}
