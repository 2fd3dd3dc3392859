import type { ErrorDetails } from '../spec/errors.ts';
import type { Secret } from '../spec/secret.ts';
import type { Quirks } from '../wires/quirks.ts';
import type { VendorError, WireClient, WireTarget } from '../wires/wire.ts';

/** One credential of an entry. An entry that needs none has one key without a secret and the fingerprint `none`. */
export interface Key {
  readonly fingerprint: string;
  readonly secret?: Secret;
}

/** Everything about one entry that is needed to make a call, except model and key. Built once from config, frozen. */
export interface Endpoint {
  /** `<type>.<alias>`. */
  readonly entry: string;
  /** Catalog slot. */
  readonly slot: string;
  readonly wire: WireClient;
  /** The URL a call to `path` goes to; a query of the configured `uri` is kept. */
  urlFor(path: string): string;
  /** Lower-case headers that carry the key, plus fixed vendor headers and the user's `extra_headers`. */
  headersFor(key: Key): Readonly<Record<string, string>>;
  quirksFor(model: string): Quirks;
  readonly defaults: WireTarget['defaults'];
  /** From a vendor's error answer to a typed error (kind, rule, retryAfterMs, …); headers are lower case. */
  classify(error: VendorError, headers: Readonly<Record<string, string>>): ErrorDetails;
  readonly tlsCaCertPath?: string;
  /** `timeout_secs` of the entry, milliseconds: most time for one attempt. */
  readonly timeoutMs?: number;
}
